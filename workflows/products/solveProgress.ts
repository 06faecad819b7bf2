import { defineQuery, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { SearchEnded } from '../../activities/products/solved.ts';
import { addSpent, NOTHING_SPENT, type Spent } from '../../shared/products/caps.ts';
import type { OpenedSolve } from '../../shared/products/input.ts';
import { addVerdicts, countVerdicts, oneVerdictOnly } from '../../shared/products/pool.ts';
import {
  NO_ENDS,
  SEARCH_ENDS,
  type SearchEnd,
  type SolveProgress,
  type VerdictCounts,
} from '../../shared/products/search.ts';
import { roundDone, type RoundTold } from './searchTeller.ts';

const progressQuery = defineQuery<SolveProgress>('progress');

/** What a `solve` carries from run to run of its workflow. */
export interface SolveState {
  /** Problems that have begun. */
  readonly next: number;
  readonly done: Readonly<Record<SearchEnd, number>>;
  /** By the problems that have ended. */
  readonly spent: Spent;
  /** On their proofs, and of how many problems. */
  readonly verdicts: VerdictCounts;
  readonly judged: number;
  /** The first of their warnings. */
  readonly warnings: readonly string[];
}

export const NOTHING_SOLVED: SolveState = {
  next: 0,
  done: NO_ENDS,
  spent: NOTHING_SPENT,
  verdicts: countVerdicts([]),
  judged: 0,
  warnings: [],
};

/** Warnings that are kept: of many problems with the same trouble a few say it. Ours. */
const MOST_WARNINGS = 3;

/** Says how far a `solve` is: to the `progress` query, and in the workflow's details. */
export function trackSolve({ name, problems: { rows: problems }, search, refining }: OpenedSolve, from: SolveState) {
  let state = from;
  const underWay = new Map<string, Partial<RoundTold>>();
  const spent = (): Spent =>
    [...underWay.values()].reduce((sum, told) => addSpent(sum, told.spent ?? NOTHING_SPENT), state.spent);
  const progress = (): SolveProgress => ({
    name,
    search,
    ...(refining && { atOnce: refining.atOnce }),
    problems,
    done: state.done,
    underWay: Array.from(underWay, ([problem, { summary, iteration }]) => ({
      problem,
      round: iteration?.iteration ?? (summary === undefined ? 0 : summary.round + 1),
      ...(summary && { last: summary }),
      ...(iteration && { iteration }),
    })),
    spent: spent(),
    ...warningsOf(state),
  });
  const warn = (text: string | undefined): void => {
    const { warnings } = state;
    if (text === undefined || warnings.includes(text) || warnings.length >= MOST_WARNINGS) return;
    state = { ...state, warnings: [...warnings, text] };
  };
  const show = (): void => setCurrentDetails(detailsOf(progress()));
  setHandler(progressQuery, progress, { description: 'Problems done, rounds under way, and what was spent' });
  setHandler(
    roundDone,
    (told) => {
      if (!underWay.has(told.problem)) return;
      underWay.set(told.problem, told);
      warn(told.summary?.warning);
      show();
    },
    { description: "A problem's search tells of a round" },
  );
  show();
  return {
    state: (): SolveState => state,
    warnings: () => warningsOf(state),
    /** Those that have begun and not ended. */
    underWay: (): number => underWay.size,
    begins(problem: string): void {
      state = { ...state, next: state.next + 1 };
      underWay.set(problem, {});
    },
    ends(problem: string, { end, spent: by, verdicts, warning }: SearchEnded): void {
      underWay.delete(problem);
      state = { ...state, done: { ...state.done, [end]: state.done[end] + 1 }, spent: addSpent(state.spent, by) };
      if (verdicts) state = { ...state, verdicts: addVerdicts(state.verdicts, verdicts), judged: state.judged + 1 };
      warn(warning);
      show();
    },
  };
}

function warningsOf({ warnings, verdicts, judged }: SolveState): Pick<SolveProgress, 'warnings'> {
  const all = [...warnings, oneVerdictOnly(verdicts, judged)].filter((text) => text !== undefined);
  return all.length > 0 ? { warnings: all } : {};
}

const END_TEXT: Readonly<Record<SearchEnd, string>> = {
  passed: 'passed',
  claimed: 'gave itself 1',
  exhausted: 'rounds used up',
  capped: 'capped',
  noProof: 'no proof',
  noVerdict: 'no verdict',
  failed: 'failed',
};
/** Problems under way that the details have. */
const SHOWN = 20;

function detailsOf({ name, search, problems, done, underWay, spent, warnings = [] }: SolveProgress): string {
  const ended = SEARCH_ENDS.reduce((sum, end) => sum + done[end], 0);
  const isPool = search.kind === 'pool';
  const ends = SEARCH_ENDS.filter((end) => !(isPool ? ['claimed'] : ['passed', 'noVerdict']).includes(end));
  const columns = isPool
    ? ['under way', 'round', 'median score', 'best']
    : ['under way', 'iteration', 'gave themselves 1'];
  const rows = underWay.slice(0, SHOWN).map(({ problem, round, last, iteration }) => {
    const [means = [], best] = [last?.means, last?.best];
    const of = isPool
      ? [means[Math.floor(means.length / 2)]?.toFixed(3), best?.toFixed(3)]
      : [iteration && `${iteration.held['1']}`];
    return `| ${[problem, `${round}`, ...of.map((cell) => cell ?? '–')].join(' | ')} |`;
  });
  const head = (names: readonly string[]) => [`| ${names.join(' | ')} |`, `| ${names.map(() => '---').join(' | ')} |`];
  return [
    `**${name}**: ${ended} of ${problems} problems, ${spent.calls} calls`,
    '',
    ...head(ends.map((end) => END_TEXT[end])),
    `| ${ends.map((end) => done[end]).join(' | ')} |`,
    ...warnings.flatMap((warning) => ['', `⚠ ${warning}.`]),
    ...(rows.length === 0 ? [] : ['', ...head(columns), ...rows]),
  ].join('\n');
}
