import {
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Spent } from '../../shared/products/caps.ts';
import { addSpent, NOTHING_SPENT } from '../../shared/products/caps.ts';
import type { PoolSearch, RoundSummary, SearchEnd, SolveProgress } from '../../shared/products/search.ts';

const progressQuery = defineQuery<SolveProgress>('progress');
/** What a problem's search tells after each round. */
const roundDone = defineSignal<[RoundTold]>('roundDone');

interface RoundTold {
  readonly problem: string;
  readonly summary: RoundSummary;
  /** By the problem so far. */
  readonly spent: Spent;
}

/** Tells the `solve` that started this search, where one did. */
export async function tellRound(told: RoundTold): Promise<void> {
  const { parent } = workflowInfo();
  if (parent) await getExternalWorkflowHandle(parent.workflowId).signal(roundDone, told);
}

/** What a `solve` carries from run to run of its workflow. */
export interface SolveState {
  /** Problems that have begun. */
  readonly next: number;
  readonly done: Readonly<Record<SearchEnd, number>>;
  /** By the problems that have ended. */
  readonly spent: Spent;
}

export const NOTHING_SOLVED: SolveState = {
  next: 0,
  done: { passed: 0, claimed: 0, exhausted: 0, capped: 0, noProof: 0 },
  spent: NOTHING_SPENT,
};

/** Says how far a `solve` is: to the `progress` query, and in the workflow's details. */
export function trackSolve(name: string, problems: number, from: SolveState) {
  let state = from;
  const underWay = new Map<string, Partial<RoundTold>>();
  const spent = (): Spent =>
    [...underWay.values()].reduce((sum, told) => addSpent(sum, told.spent ?? NOTHING_SPENT), state.spent);
  setHandler(
    progressQuery,
    (): SolveProgress => ({
      name,
      problems,
      done: state.done,
      underWay: Array.from(underWay, ([problem, { summary }]) => ({
        problem,
        round: summary === undefined ? 0 : summary.round + 1,
        ...(summary && { last: summary }),
      })),
      spent: spent(),
    }),
    { description: 'Problems done, rounds under way, and what was spent' },
  );
  setHandler(
    roundDone,
    (told) => {
      if (underWay.has(told.problem)) underWay.set(told.problem, told);
    },
    { description: "A problem's search tells of a round" },
  );
  const show = (): void => {
    const { passed, exhausted, capped, noProof } = state.done;
    setCurrentDetails(
      `**${name}**: ${passed + exhausted + capped + noProof} of ${problems} problems\n\n` +
        `| passed | rounds used up | capped | no proof | calls |\n| --- | --- | --- | --- | --- |\n` +
        `| ${passed} | ${exhausted} | ${capped} | ${noProof} | ${spent().calls} |`,
    );
  };
  show();
  return {
    state: (): SolveState => state,
    begins(problem: string): void {
      state = { ...state, next: state.next + 1 };
      underWay.set(problem, {});
    },
    ends(problem: string, { end, spent: by }: { readonly end: SearchEnd; readonly spent: Spent }): void {
      underWay.delete(problem);
      state = { ...state, done: { ...state.done, [end]: state.done[end] + 1 }, spent: addSpent(state.spent, by) };
      show();
    },
  };
}

/** A search's rounds so far, as Markdown. */
export function roundsText(problem: string, summaries: readonly RoundSummary[], search: PoolSearch): string {
  const mean = (value: number | null | undefined): string =>
    value === null || value === undefined ? '–' : value.toFixed(3);
  const rows = summaries.map(
    ({ round, means, best, passed }) =>
      `| ${round} | ${means.length} | ${mean(means.at(Math.floor(means.length / 2)))} | ${mean(best)} | ${passed} |`,
  );
  return [
    `**${problem}**: ${search.proofs} proofs × ${search.analyses} analyses, at most ${search.rounds} rounds`,
    '',
    '| round | proofs | median score | best | passed |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
