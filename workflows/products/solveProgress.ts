import { defineQuery, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { SearchEnded } from '../../activities/products/solved.ts';
import { addSpent, NOTHING_SPENT, type Spent } from '../../shared/products/caps.ts';
import { NO_ENDS, SEARCH_ENDS, type SearchEnd, type SolveProgress } from '../../shared/products/search.ts';
import { roundDone, type RoundTold } from './searchTeller.ts';

const progressQuery = defineQuery<SolveProgress>('progress');

/** What a `solve` carries from run to run of its workflow. */
export interface SolveState {
  /** Problems that have begun. */
  readonly next: number;
  readonly done: Readonly<Record<SearchEnd, number>>;
  /** By the problems that have ended. */
  readonly spent: Spent;
}

export const NOTHING_SOLVED: SolveState = { next: 0, done: NO_ENDS, spent: NOTHING_SPENT };

/** Says how far a `solve` is: to the `progress` query, and in the workflow's details. */
export function trackSolve(name: string, problems: number, from: SolveState) {
  let state = from;
  const underWay = new Map<string, Partial<RoundTold>>();
  const spent = (): Spent =>
    [...underWay.values()].reduce((sum, told) => addSpent(sum, told.spent ?? NOTHING_SPENT), state.spent);
  const progress = (): SolveProgress => ({
    name,
    problems,
    done: state.done,
    underWay: Array.from(underWay, ([problem, { summary }]) => ({
      problem,
      round: summary === undefined ? 0 : summary.round + 1,
      ...(summary && { last: summary }),
    })),
    spent: spent(),
  });
  const show = (): void => setCurrentDetails(detailsOf(progress()));
  setHandler(progressQuery, progress, { description: 'Problems done, rounds under way, and what was spent' });
  setHandler(
    roundDone,
    (told) => {
      if (!underWay.has(told.problem)) return;
      underWay.set(told.problem, told);
      show();
    },
    { description: "A problem's search tells of a round" },
  );
  show();
  return {
    state: (): SolveState => state,
    /** Those that have begun and not ended. */
    underWay: (): number => underWay.size,
    begins(problem: string): void {
      state = { ...state, next: state.next + 1 };
      underWay.set(problem, {});
    },
    ends(problem: string, { end, spent: by }: SearchEnded): void {
      underWay.delete(problem);
      state = { ...state, done: { ...state.done, [end]: state.done[end] + 1 }, spent: addSpent(state.spent, by) };
      show();
    },
  };
}

const END_TEXT: Readonly<Record<SearchEnd, string>> = {
  passed: 'passed',
  claimed: 'claimed right',
  exhausted: 'rounds used up',
  capped: 'capped',
  noProof: 'no proof',
  noVerdict: 'no verdict',
  failed: 'failed',
};
/** Problems under way that the details have. */
const SHOWN = 20;

function detailsOf({ name, problems, done, underWay, spent }: SolveProgress): string {
  const ended = SEARCH_ENDS.reduce((sum, end) => sum + done[end], 0);
  const rows = underWay.slice(0, SHOWN).map(({ problem, round, last }) => {
    const [means = [], best] = [last?.means, last?.best];
    const median = means[Math.floor(means.length / 2)];
    return `| ${problem} | ${round} | ${median?.toFixed(3) ?? '–'} | ${best?.toFixed(3) ?? '–'} |`;
  });
  return [
    `**${name}**: ${ended} of ${problems} problems, ${spent.calls} calls`,
    '',
    `| ${SEARCH_ENDS.map((end) => END_TEXT[end]).join(' | ')} |`,
    `| ${SEARCH_ENDS.map(() => '---').join(' | ')} |`,
    `| ${SEARCH_ENDS.map((end) => done[end]).join(' | ')} |`,
    ...(rows.length === 0
      ? []
      : ['', '| under way | round | median score | best |', '| --- | --- | --- | --- |', ...rows]),
  ].join('\n');
}
