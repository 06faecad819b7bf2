import { defineQuery, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { callsIn } from '../../shared/outcomes.ts';
import type { EvaluatedSet, EvaluateInput, EvaluateProgress } from '../../shared/products/evaluationInput.ts';
import { setTold } from '../sets/window.ts';

const progressQuery = defineQuery<EvaluateProgress>('progress');

export type EvaluationTrack = ReturnType<typeof trackEvaluation>;

/** Says how far an `evaluate` is, from its first moment: to the `progress` query, and in the workflow's details. */
export function trackEvaluation({ name = '', subject = 'verifier' }: Partial<EvaluateInput>) {
  const sets = new Map<string, EvaluatedSet>();
  let [called, isReporting] = [name, false];
  const progress = (): EvaluateProgress => ({ name: called, subject, sets: [...sets.values()], isReporting });
  const show = (): void => setCurrentDetails(detailsOf(progress()));
  const change = (setId: string, to: Partial<EvaluatedSet>): void => {
    const set = sets.get(setId);
    if (set === undefined) return;
    sets.set(setId, { ...set, ...to });
    show();
  };
  setHandler(progressQuery, progress, { description: 'Sets of calls, and how far each is' });
  setHandler(setTold, ({ setId, rowsDone, counts }) => change(setId, { rowsDone, calls: callsIn(counts) }), {
    description: 'A set tells how far it is',
  });
  show();
  return {
    opened(as: string): void {
      called = as;
      show();
    },
    begins(set: Omit<EvaluatedSet, 'rowsDone' | 'calls' | 'state'>): void {
      sets.set(set.setId, { ...set, rowsDone: 0, calls: 0, state: 'asking' });
      show();
    },
    ends: (setId: string, stopped?: string): void =>
      change(setId, { state: stopped === undefined ? 'done' : 'stopped' }),
    reports(): void {
      isReporting = true;
      show();
    },
  };
}

function detailsOf({ name, subject, sets, isReporting }: EvaluateProgress): string {
  const rows = sets.map(
    ({ what, rows: all, rowsDone, calls, most, state }) =>
      `| ${what} | ${rowsDone} of ${all} | ${calls} of at most ${most} | ${state} |`,
  );
  return [
    `**${name}**: a ${subject} is measured${isReporting ? '; the report is being written' : ''}`,
    '',
    '| asked for | rows | calls | |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
