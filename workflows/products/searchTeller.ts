import { defineSignal, getExternalWorkflowHandle, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { Spent } from '../../shared/products/caps.ts';
import { callsIn } from '../../shared/outcomes.ts';
import type { IterationSummary, PoolSearch, RoundSummary, SequentialRefinement } from '../../shared/products/search.ts';

/** What a problem's search tells of a round, or of an iteration. */
export interface RoundTold {
  readonly problem: string;
  readonly summary?: RoundSummary;
  readonly iteration?: IterationSummary;
  /** By the problem so far. */
  readonly spent: Spent;
}

export const roundDone = defineSignal<[RoundTold]>('roundDone');

/** Ours: a signal is an Action, and people do not look more often. */
const TELL_EVERY_MS = 30_000;
/** Rounds in a search's details. */
const SHOWN = 20;

/** Says how far a search is: in its details after each round, and now and then to the `solve` that started it. */
export const searchTeller = (problem: string, search: PoolSearch) =>
  teller<RoundSummary>(
    problem,
    (summary) => ({ summary }),
    (rounds) => roundsText(problem, rounds, search),
  );

/** The same of a sequential refinement, after each iteration. */
export const refinementTeller = (problem: string, refinement: SequentialRefinement) =>
  teller<IterationSummary>(
    problem,
    (iteration) => ({ iteration }),
    (iterations) => iterationsText(problem, iterations, refinement),
  );

function teller<Summary>(
  problem: string,
  asTold: (summary: Summary) => Omit<RoundTold, 'problem' | 'spent'>,
  textOf: (summaries: readonly Summary[]) => string,
) {
  const all: Summary[] = [];
  let toldAt = -Infinity;
  return {
    tell(summary: Summary, spent: Spent): void {
      all.push(summary);
      setCurrentDetails(textOf(all.slice(-SHOWN)));
      const { parent } = workflowInfo();
      if (parent === undefined || Date.now() - toldAt < TELL_EVERY_MS) return;
      toldAt = Date.now();
      getExternalWorkflowHandle(parent.workflowId)
        .signal(roundDone, { problem, ...asTold(summary), spent })
        .catch(() => undefined); // it is being ended, and this search with it
    },
  };
}

/** A refinement's iterations, as Markdown. */
function iterationsText(
  problem: string,
  summaries: readonly IterationSummary[],
  { threads, iterations, verdicts }: SequentialRefinement,
): string {
  const rows = summaries.map(
    ({ iteration, answers, held }) =>
      `| ${iteration} | ${callsIn(answers)} | ${held['1']} | ${held['0.5']} | ${held['0']} | ${held.none} |`,
  );
  return [
    `**${problem}**: ${threads} threads, at most ${iterations} iterations, ${verdicts} verdicts a proof`,
    '',
    '| iteration | threads asked | hold a self-score of 1 | 0.5 | 0 | no proof |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
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
