import { aligned, decimal, duration, percent, sum, whole } from '../../reports/pages/format.ts';
import { short } from '../../shared/cost/planText.ts';
import { searchCalls } from '../../shared/products/estimate.ts';
import type { Caps } from '../../shared/products/caps.ts';
import {
  SEARCH_ENDS,
  type ProblemProgress,
  type SearchEnd,
  type SearchPolicy,
  type SolvedProblem,
  type SolveProgress,
  type SolveResult,
} from '../../shared/products/search.ts';
import { outageText } from '../lap/progressView.ts';
import { Pace } from './pace.ts';
import { iterationText } from './refining.ts';
import type { SetsUnderWay } from './setsUnderWay.ts';

/** Problems under way in the progress, and all in the table at the end; all are in the files. */
const SHOWN_ROUNDS = 8;
const SHOWN_PROBLEMS = 40;
const SHOWN_REASONS = 3;

/** Says in a few lines how far a `solve` is, each time that it is asked. */
export function solveLines(search: SearchPolicy, caps: Caps = {}) {
  const pace = new Pace();
  return (progress: SolveProgress, sets: SetsUnderWay, nowMs: number): string => {
    const { problems, done, underWay, spent } = progress;
    const { promptTokens, completionTokens } = spent.usage;
    const counted = { calls: spent.calls + sets.calls, tokens: promptTokens + completionTokens + sets.tokens };
    const { calls, tokens, perSecond } = pace.see(nowMs, counted);
    const left = perSecond && perSecond.calls > 0 ? mostLeft(search, progress, sets) / perSecond.calls : undefined;
    const cost =
      spent.cost === null || spent.cost === 0
        ? []
        : [`cost ${ofCap(spent.cost.toFixed(2), caps.cost, (most) => most.toFixed(2))}`];
    const waiting = outageText(sets, nowMs);
    return [
      [
        `${sum(Object.values(done))} of ${problems} problems, ` +
          (search.kind === 'pool' ? `${done.passed} passed` : `${done.claimed} with a claim of 1`),
        `${ofCap(whole(calls), caps.calls, whole)} calls`,
        ...cost,
      ].join(' · '),
      [
        `${ofCap(short(tokens), caps.tokens, short)} tokens${perSecond ? `, ${short(perSecond.tokens)} a second` : ''}`,
        ...(left === undefined ? [] : [`at most ${duration(left)} left`]),
      ].join(' · '),
      ...(waiting === '' ? [] : [waiting]),
      ...underWay.slice(0, SHOWN_ROUNDS).map((round) => `  ${roundText(round)}`),
      ...(underWay.length > SHOWN_ROUNDS ? [`  and ${underWay.length - SHOWN_ROUNDS} more under way`] : []),
    ].join('\n');
  };
}

const ofCap = (text: string, cap: number | undefined, show: (value: number) => string): string =>
  cap === undefined ? text : `${text} of at most ${show(cap)}`;

/** Calls that may still come, where no problem ends before its last round. */
function mostLeft(
  search: SearchPolicy,
  { problems, done, underWay, atOnce }: SolveProgress,
  sets: SetsUnderWay,
): number {
  const rounds = search.kind === 'pool' ? search.rounds + 1 : search.iterations;
  const of = (count: number): number => sum(searchCalls(search, count, atOnce).map(({ calls }) => calls.most));
  const begun = sum(underWay.map(({ round }) => of(1) * (1 - Math.min(round, rounds) / rounds)));
  const notBegun = problems - sum(Object.values(done)) - underWay.length;
  return Math.max(0, of(Math.max(0, notBegun)) + begun - sets.calls);
}

/** `p1 round 2 ··▂█ best 0.92`: scores of the last round's proofs from 0 to 1, and the best of all. */
function roundText({ problem, round, last, iteration }: ProblemProgress): string {
  if (iteration !== undefined) return iterationText(problem, iteration);
  if (last === undefined) return `${problem} round ${round}`;
  return `${problem} round ${round} ${histogram(last.means)} best ${decimal(last.best)}`;
}

const BARS = '▁▂▃▄▅▆▇█';
const BINS = 5;

/** How often scores from 0 to 1 fall into five equal parts, as bars; a dot is none. */
export function histogram(scores: readonly number[]): string {
  const counts = Array.from({ length: BINS }, () => 0);
  for (const score of scores) {
    const bin = Math.min(BINS - 1, Math.floor(score * BINS));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const most = Math.max(...counts);
  return counts
    .map((count) => (count === 0 ? '·' : (BARS[Math.ceil((count / most) * BARS.length) - 1] ?? '')))
    .join('');
}

export const ENDS: Readonly<Record<SearchEnd, string>> = {
  passed: 'passed',
  claimed: 'gave itself 1',
  exhausted: 'rounds used up',
  capped: 'caps reached',
  noProof: 'no proof',
  noVerdict: 'no verdict',
  failed: 'failed',
};

/** What a finished search came to. */
export async function solvedLines(result: SolveResult, problems: AsyncIterable<SolvedProblem>): Promise<string[]> {
  const { results, done } = result;
  const rows: string[][] = [];
  const reasons: string[] = [];
  for await (const { problem, end, best, rounds, spent: by, reason } of problems) {
    if (reason !== undefined && end !== 'capped' && reasons.length < SHOWN_REASONS)
      reasons.push(`${problem.id}, ${ENDS[end]}: ${reason}`);
    if (rows.length === SHOWN_PROBLEMS) continue;
    rows.push([problem.id, ENDS[end], decimal(best?.mean ?? null), `${rounds.length}`, whole(by.calls)]);
  }
  const others = SEARCH_ENDS.filter((end) => end !== 'passed' && done[end] > 0).map(
    (end) => `${done[end]} ${ENDS[end]}`,
  );
  return [
    ...aligned([['problem', 'end', 'best score', 'rounds', 'calls'], ...rows]),
    ...(results.rows > rows.length ? [`… and ${results.rows - rows.length} more, in the file`] : []),
    ...reasons,
    '',
    `${done.passed} of ${results.rows} problems passed (${percent(done.passed / results.rows)})` +
      (others.length > 0 ? `; ${others.join(', ')}` : ''),
    ...spentLines(result),
  ];
}

/** What a finished `solve` took. */
export function spentLines({ done, spent }: SolveResult): string[] {
  const { promptTokens, completionTokens } = spent.usage;
  return [
    `${whole(spent.calls)} calls, ${whole(promptTokens + completionTokens)} tokens` +
      (!spent.cost ? '' : `, cost ${spent.cost.toFixed(2)}`),
    ...(done.capped > 0 ? ['Caps were reached: the same command with greater ones goes on with what there is.'] : []),
  ];
}
