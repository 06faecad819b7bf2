import { correlationOf, effectiveVotes, voteTotals, type VoteTotals } from '../statistics/agreement.ts';
import { differenceBetween } from '../statistics/differences.ts';
import { carefulRatio, jackknife, meanOfRatios, SHARES, type Estimate, type Range } from '../statistics/estimates.ts';
import { byScore, type Confusion, type Figure, type ScoreKey } from '../statistics/figure.ts';
import { majorityOf } from '../statistics/majority.ts';
import { meanOf, valued, type Observation } from '../statistics/measures.ts';
import { SCORES, type Score } from '../scores.ts';
import {
  VERIFIER_FIGURES,
  type Differences,
  type JudgedProof,
  type ReliabilityBin,
  type TruthScale,
  type VerifierEvaluation,
  type VerifierFigure,
} from './evaluation.ts';

/** Verdicts on a proof, counted by the class that they count as; of a majority there is one. */
interface Counted {
  readonly problem: string;
  readonly truth: Score;
  readonly given: Readonly<Record<ScoreKey, number>>;
  readonly lost: number;
}

export type VerifierEstimates = Readonly<Record<VerifierFigure, Estimate | null>>;
/** Correlations may be negative; of groups that have a vote or two, ICC(1) may lie below −1, which is no more. */
const RANGES: Partial<Record<VerifierFigure, Range>> = {
  consistency: { least: -1, most: 1 },
  errorCorrelation: { least: -1, most: 1 },
};
/** Ours. */
const BINS = 10;

/** A verdict as its class: where the truth is binary, 0.5 counts as one of its two. */
export const classOf = (score: Score, { isBinary, half = 0 }: TruthScale): Score =>
  isBinary && score === 0.5 ? half : score;

/** What can be said of a verifier by proofs whose true scores are known; null where nothing can be measured. */
export function verifierEstimates(proofs: readonly JudgedProof[], scale: TruthScale): VerifierEstimates {
  const collapsed = inClasses(proofs, scale);
  const single = collapsed.map(countedOf);
  const majorities = collapsed.map(majorityOfProof);
  const raw = proofs.map(countedOf);
  return {
    accuracy: ratioOf(single, right, asked),
    accuracyOfRead: ratioOf(single, right, read),
    majorityAccuracy: ratioOf(majorities, right, asked),
    closeness: ratioOf(raw, closeness, asked),
    closenessOfRead: ratioOf(raw, closeness, read),
    f1: macroF1(single),
    majorityF1: macroF1(majorities),
    calibrationError: jackknife(meanScores(collapsed), binTotals, calibrationError),
    consistency: correlationEstimate(votesOf(collapsed), RANGES.consistency),
    errorCorrelation: correlationEstimate(errorsOf(collapsed), RANGES.errorCorrelation),
    undecided: estimateOf(collapsed, ({ verdicts }) => +(majorityOf(verdicts).kind === 'undecided')),
    lost: ratioOf(single, ({ lost }) => lost, asked),
  };
}

const inClasses = (proofs: readonly JudgedProof[], scale: TruthScale): JudgedProof[] =>
  proofs.map(({ verdicts, ...proof }) => ({
    ...proof,
    verdicts: verdicts.map((score) => (score === undefined ? undefined : classOf(score, scale))),
  }));

function countedOf({ problem, truth, verdicts }: Pick<JudgedProof, 'problem' | 'truth' | 'verdicts'>): Counted {
  const of = (score: Score | undefined): number => verdicts.filter((given) => given === score).length;
  return { problem, truth, given: byScore(of), lost: of(undefined) };
}

/** Where there is no majority, it is lost. */
function majorityOfProof({ verdicts, ...proof }: JudgedProof): Counted {
  const found = majorityOf(verdicts);
  return countedOf({ ...proof, verdicts: [found.kind === 'majority' ? found.score : undefined] });
}

const read = ({ given }: Counted): number => SCORES.reduce<number>((sum, score) => sum + given[`${score}`], 0);
const asked = (counted: Counted): number => read(counted) + counted.lost;
const right = ({ truth, given }: Counted): number => given[`${truth}`];
const closeness = ({ truth, given }: Counted): number =>
  SCORES.reduce<number>((sum, score) => sum + given[`${score}`] * (1 - Math.abs(score - truth)), 0);

const ratioOf = (counts: readonly Counted[], hits: (of: Counted) => number, of: (of: Counted) => number) =>
  carefulRatio(counts.map((each) => ({ hits: hits(each), of: of(each), cluster: each.problem })));

/** Mean of values in [0, 1], with problems as clusters. */
export const estimateOf = <T extends { readonly problem: string }>(of: readonly T[], valueOf: (item: T) => number) =>
  carefulRatio(valued(of, valueOf));

export const figureOf = <T extends { readonly problem: string }>(of: readonly T[], valueOf: (item: T) => number) =>
  plain(estimateOf(of, valueOf));

const votesOf = (proofs: readonly JudgedProof[]) =>
  proofs.map(({ problem, truth, verdicts }) => ({
    problem,
    truth,
    votes: verdicts.filter((score): score is Score => score !== undefined) as readonly number[],
  }));

/** What the votes say beyond the truth. */
const errorsOf = (proofs: readonly JudgedProof[]): ReturnType<typeof votesOf> =>
  votesOf(proofs).map(({ votes, ...proof }) => ({ ...proof, votes: votes.map((vote) => vote - proof.truth) }));

const correlationEstimate = (
  of: readonly { readonly problem: string; readonly votes: readonly number[] }[],
  range: Range | undefined,
) =>
  jackknife(
    of,
    ({ votes }) => voteTotals(votes),
    (totals) => correlationOf(totals as unknown as VoteTotals),
    range,
  );

/** F1 of a class as a ratio, 2TP of 2TP + FP + FN; null of a class that the truth does not have. */
function f1Observations(counts: readonly Counted[], score: Score): Observation[] | null {
  if (!counts.some(({ truth }) => truth === score)) return null;
  return counts.map((each) => {
    const said = each.given[`${score}`];
    const isTrue = each.truth === score;
    // Said of what is so, a hit; what else is asked of it, a miss; said of what is not so, a false alarm.
    return isTrue
      ? { hits: 2 * said, of: said + asked(each), cluster: each.problem }
      : { hits: 0, of: said, cluster: each.problem };
  });
}

const macroF1 = (counts: readonly Counted[]): Estimate | null =>
  meanOfRatios(
    SCORES.flatMap((score) => {
      const observations = f1Observations(counts, score);
      return observations === null ? [] : [observations];
    }),
    counts.reduce((sum, each) => sum + asked(each), 0),
  );

/** The mean of the verdicts that could be read, of proofs that have any. */
function meanScores(proofs: readonly JudgedProof[]) {
  return votesOf(proofs).flatMap(({ problem, truth, votes }) => {
    const given = meanOf(votes);
    return given === null ? [] : [{ problem, truth, given }];
  });
}

type MeanScore = ReturnType<typeof meanScores>[number];

const binOf = ({ given }: MeanScore): number => Math.min(BINS - 1, Math.floor(given * BINS + 1e-9));

function bins(scores: readonly MeanScore[]): (readonly MeanScore[])[] {
  const found: MeanScore[][] = Array.from({ length: BINS }, () => []);
  for (const score of scores) found[binOf(score)]?.push(score);
  return found;
}

/** Of each bin how far its scores are from the truth together, and how many scores there are. */
function binTotals(score: MeanScore): number[] {
  const totals = Array.from({ length: BINS + 1 }, () => 0);
  totals[binOf(score)] = score.given - score.truth;
  totals[BINS] = 1;
  return totals;
}

function calibrationError(totals: readonly number[]): number | undefined {
  const { [BINS]: scores = 0 } = totals;
  if (scores < 1) return undefined;
  return totals.slice(0, BINS).reduce((sum, gap) => sum + Math.abs(gap), 0) / scores;
}

function reliability(scores: readonly MeanScore[]): ReliabilityBin[] {
  return bins(scores).flatMap((bin, index) => {
    const given = meanOf(bin.map((each) => each.given));
    if (given === null) return [];
    const truth = figureOf(bin, (each) => each.truth);
    return [{ from: index / BINS, to: (index + 1) / BINS, proofs: bin.length, given, truth }];
  });
}

/** All of a verifier's figures but those of automatic labels and losses, which take more than its verdicts. */
export function verifierFigures(
  proofs: readonly JudgedProof[],
  scale: TruthScale,
  n: number,
): Omit<VerifierEvaluation, 'judge' | 'm' | 'grid' | 'losses' | 'spent'> {
  const estimates = verifierEstimates(proofs, scale);
  const collapsed = inClasses(proofs, scale);
  const single = collapsed.map(countedOf);
  const topics = [...new Set(proofs.map(({ topic }) => topic))].sort();
  return {
    n,
    figures: figuresOf(estimates),
    confusion: confusionOf(proofs.map(countedOf)),
    majorityConfusion: confusionOf(proofs.map(majorityOfProof)),
    f1ByClass: byScore((score) => plain(carefulRatio(f1Observations(single, score) ?? []))),
    reliability: reliability(meanScores(collapsed)),
    effective: effective(estimates.consistency, n),
    effectiveOfErrors: effective(estimates.errorCorrelation, n),
    byTopic: topics.map((topic) => {
      const of = collapsed.filter((proof) => proof.topic === topic).map(majorityOfProof);
      return { topic, proofs: of.length, majorityAccuracy: plain(ratioOf(of, right, asked)) };
    }),
  };
}

const plain = (estimate: Estimate | null): Figure =>
  estimate && { value: estimate.value, low: estimate.low, high: estimate.high, n: estimate.n };

export const figuresOf = <Name extends string>(estimates: Readonly<Record<Name, Estimate | null>>) =>
  Object.fromEntries(
    Object.entries<Estimate | null>(estimates).map(([name, estimate]) => [name, plain(estimate)]),
  ) as Record<Name, Figure>;

/** What n votes are worth: less, the more they agree for reasons of their own. */
const effective = (rho: Estimate | null, n: number): Figure =>
  rho && {
    value: effectiveVotes(n, rho.value),
    low: effectiveVotes(n, rho.high),
    high: effectiveVotes(n, rho.low),
    n: rho.n,
  };

const confusionOf = (counts: readonly Counted[]): Confusion =>
  byScore((truth) => {
    const of = counts.filter((each) => each.truth === truth);
    const sum = (count: (each: Counted) => number): number => of.reduce((all, each) => all + count(each), 0);
    return { ...byScore((score) => sum(({ given }) => given[`${score}`])), malformed: sum(({ lost }) => lost) };
  });

/** Second − first, paired by problem: on the same proofs. */
export const verifierDifferences = (first: VerifierEstimates, second: VerifierEstimates) =>
  Object.fromEntries(
    Object.keys(VERIFIER_FIGURES).map((name) => {
      const figure = name as VerifierFigure;
      return [figure, differenceBetween(first[figure], second[figure], { range: RANGES[figure] ?? SHARES })];
    }),
  ) as unknown as Differences<VerifierFigure>;
