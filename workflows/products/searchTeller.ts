import { defineSignal, getExternalWorkflowHandle, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { Spent } from '../../shared/products/caps.ts';
import type { PoolSearch, RoundSummary } from '../../shared/products/search.ts';

/** What a problem's search tells of a round. */
export interface RoundTold {
  readonly problem: string;
  readonly summary: RoundSummary;
  /** By the problem so far. */
  readonly spent: Spent;
}

export const roundDone = defineSignal<[RoundTold]>('roundDone');

/** Ours: a signal is an Action, and people do not look more often. */
const TELL_EVERY_MS = 30_000;
/** Rounds in a search's details. */
const SHOWN = 20;

/** Says how far a search is: in its details after each round, and now and then to the `solve` that started it. */
export function searchTeller(problem: string, search: PoolSearch) {
  const rounds: RoundSummary[] = [];
  let toldAt = -Infinity;
  return {
    tell(summary: RoundSummary, spent: Spent): void {
      rounds.push(summary);
      setCurrentDetails(roundsText(problem, rounds.slice(-SHOWN), search));
      const { parent } = workflowInfo();
      if (parent === undefined || Date.now() - toldAt < TELL_EVERY_MS) return;
      toldAt = Date.now();
      getExternalWorkflowHandle(parent.workflowId)
        .signal(roundDone, { problem, summary, spent })
        .catch(() => undefined); // it is being ended, and this search with it
    },
  };
}

/** A search's rounds, as Markdown. */
function roundsText(problem: string, rounds: readonly RoundSummary[], search: PoolSearch): string {
  const mean = (value: number | null | undefined): string => value?.toFixed(3) ?? '–';
  const rows = rounds.map(
    ({ round, means, best, passed, stopped = 0, spared = 0 }) =>
      `| ${round} | ${means.length} | ${mean(means[Math.floor(means.length / 2)])} | ${mean(best)} | ${passed} ` +
      `| ${stopped} | ${spared} |`,
  );
  return [
    `**${problem}**: ${search.proofs} proofs × ${search.analyses} analyses, at most ${search.rounds} rounds`,
    '',
    '| round | proofs | median score | best | passed | stopped early | verdicts spared |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
