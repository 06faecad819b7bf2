import type { Task } from '../records.ts';

/** How many of a role's answers were in its format. */
export interface Obedience {
  readonly task: Task;
  readonly answered: number;
  readonly samples: number;
}

/** Whether enough were; where nothing was asked, nothing is missing. */
export function obeyed({ answered, samples }: Obedience, minShare: number): boolean {
  return samples === 0 || answered / samples >= minShare;
}

/** `prove 3 of 8`. */
export const shown = ({ task, answered, samples }: Obedience): string => `${task} ${answered} of ${samples}`;
