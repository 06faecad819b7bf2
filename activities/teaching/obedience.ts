import { parseAnswer } from '../../shared/answers.ts';
import type { Task } from '../../shared/records.ts';
import { separate, type ThinkingFormat } from '../../shared/thinking.ts';
import type { OwnText } from './ownTexts.ts';

/** How many answers of a task had its format. */
export interface Obedience {
  readonly task: Task;
  readonly asked: number;
  readonly obeyed: number;
  /** The others by what was wrong with them. */
  readonly faults: Readonly<Record<string, number>>;
}

/** What answers of one task come to, by the rules that laps read them by. */
export function obedienceOf(task: Task, answers: readonly OwnText[], thinking?: ThinkingFormat): Obedience {
  const faults: Record<string, number> = {};
  let obeyed = 0;
  for (const { text, ended } of answers) {
    const { answer } = separate(thinking ?? 'none', { content: text });
    const read = parseAnswer(task, answer);
    const fault = ended ? (read.kind === 'malformed' ? read.reason : undefined) : 'stopped at its limit of tokens';
    if (fault === undefined) obeyed += 1;
    else faults[fault] = (faults[fault] ?? 0) + 1;
  }
  return { task, asked: answers.length, obeyed, faults };
}
