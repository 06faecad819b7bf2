import { addSpent, NOTHING_SPENT, type Spent } from '../../shared/products/caps.ts';
import type { RefinedProblem } from '../../shared/products/refinement.ts';
import type { SearchEnd, SolvedProblem, VerdictCounts } from '../../shared/products/search.ts';
import { callsIn, type OutcomeCounts } from '../../shared/outcomes.ts';
import { whole } from '../pages/format.ts';

/** A line of `products/solve/<name>/results.jsonl`: of a search, or of a sequential refinement. */
export type Solved = SolvedProblem | RefinedProblem;

export const isRefined = (line: Solved): line is RefinedProblem => 'threads' in line;

/** How problems ended, in a reader's words. */
const ENDS: Readonly<Record<SearchEnd, string>> = {
  passed: 'passed',
  claimed: 'given 1 by itself',
  exhausted: 'rounds over',
  capped: 'caps reached',
  noProof: 'no proof could be read',
  noVerdict: 'no verdict could be read',
  failed: 'failed',
};
export const endText = (end: SearchEnd): string => ENDS[end];

/** What a set came to, one line in memory at a time: a few words and numbers of each problem are kept. */
export interface SolvedSet {
  readonly isRefined: boolean;
  readonly problems: readonly SolvedRow[];
  /** Problems by how they ended, the most frequent end first. */
  readonly ends: readonly (readonly [SearchEnd, number])[];
  readonly steps: readonly Step[];
  readonly spent: Spent;
  /** Of all statements, proofs and analyses. */
  readonly characters: number;
}

export interface SolvedRow {
  readonly id: string;
  readonly end: SearchEnd;
  /** Mean of the best proof's verdicts; of a refinement, its own score. */
  readonly best: number | null;
  /** Rounds of refinement after round 0, or iterations. */
  readonly steps: number;
  readonly spent: Spent;
}

/** A round, or an iteration, of all problems that came to it. */
export interface Step {
  readonly name: string;
  problems: number;
  asked: number;
  answered: number;
  /** Verdicts; of a refinement there are none by iteration. */
  verdictsAsked: number;
  verdictsRead: number;
  passed: number;
  /** Proofs of the round by mean score, or threads by the score that they give what they hold, as `HELD` and `MEANS` say. */
  readonly counts: number[];
}

/** What is counted in a step, from the worst on. */
export const MEANS = ['below 0.25', '0.25 to 0.5', '0.5 to 0.75', '0.75 to 1', '1'] as const;
export const HELD = ['no proof', '0', '0.5', '1'] as const;

export async function summaryOf(lines: AsyncIterable<Solved>): Promise<SolvedSet> {
  const problems: SolvedRow[] = [];
  const ends = new Map<SearchEnd, number>();
  const steps: Step[] = [];
  let spent = NOTHING_SPENT;
  let refined = false;
  let characters = 0;
  for await (const line of lines) {
    refined ||= isRefined(line);
    problems.push({
      id: line.problem.id,
      end: line.end,
      best: isRefined(line) ? (line.best?.selfScore ?? null) : (line.best?.mean ?? null),
      steps: isRefined(line) ? line.iterations.length : Math.max(0, line.rounds.length - 1),
      spent: line.spent,
    });
    ends.set(line.end, (ends.get(line.end) ?? 0) + 1);
    spent = addSpent(spent, line.spent);
    characters += textsOf(line).reduce((all, text) => all + text.length, 0);
    count(steps, line);
  }
  return { isRefined: refined, problems, ends: [...ends].sort(([, a], [, b]) => b - a), steps, spent, characters };
}

/** A damaged row, whose search has failed for that, may have none. */
export const statementOf = ({ problem }: Solved): string => problem.statement ?? '';

const textsOf = (line: Solved): string[] => [
  statementOf(line),
  ...(line.best === null ? [] : [line.best.proof, ...line.best.evidence.map(({ analysis }) => analysis)]),
  ...(line.best !== null && 'selfAnalysis' in line.best ? [line.best.selfAnalysis] : []),
];

function count(steps: Step[], line: Solved): void {
  const at = (index: number, name: string, bins: number): Step =>
    (steps[index] ??= {
      name,
      problems: 0,
      asked: 0,
      answered: 0,
      verdictsAsked: 0,
      verdictsRead: 0,
      passed: 0,
      counts: Array.from({ length: bins }, () => 0),
    });
  const add = (step: Step, bin: number, more: number) => (step.counts[bin] = (step.counts[bin] ?? 0) + more);
  if (isRefined(line)) {
    line.iterations.forEach(({ iteration, answers, held }, index) => {
      const step = at(index, `iteration ${iteration}`, HELD.length);
      asks(step, answers);
      [held.none, held['0'], held['0.5'], held['1']].forEach((threads, bin) => add(step, bin, threads));
    });
    return;
  }
  line.rounds.forEach(({ round, written, judged, means, passed }, index) => {
    const step = at(index, `round ${round}`, MEANS.length);
    asks(step, written);
    step.verdictsAsked += callsIn(judged);
    step.verdictsRead += judged.answered;
    step.passed += passed;
    for (const mean of means) add(step, mean >= 1 ? MEANS.length - 1 : Math.min(3, Math.floor(mean * 4)), 1);
  });
}

function asks(step: Step, answers: OutcomeCounts): void {
  step.problems += 1;
  step.asked += callsIn(answers);
  step.answered += answers.answered;
}

export const tokensIn = ({ usage }: Spent): number => usage.promptTokens + usage.completionTokens;

/** In the currency of the prices; a dash where a model has none. */
export const costText = ({ cost }: Pick<Spent, 'cost'>): string => cost?.toFixed(2) ?? '–';

export const spentText = (spent: Spent): string =>
  `${whole(spent.calls)} calls, ${whole(tokensIn(spent))} tokens` +
  (spent.cost === null ? '' : `, at a cost of ${costText(spent)}`);

/** `58 gave 1, 4 gave 0.5, 2 were not asked for`. */
export function verdictsText(verdicts: VerdictCounts): string {
  const parts = [
    ...(['1', '0.5', '0'] as const).map((score) => [verdicts[score], `gave ${score}`] as const),
    [verdicts.missing, 'could not be read'] as const,
    [verdicts.spared, 'not asked for'] as const,
  ];
  const said = parts.filter(([number]) => number > 0).map(([number, words]) => `${whole(number)} ${words}`);
  return said.length === 0 ? 'none' : said.join(', ');
}
