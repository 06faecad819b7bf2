import { errorCorrelation, voteCorrelation, effectiveVotes } from '../statistics/agreement.ts';
import { differenceBetween } from '../statistics/differences.ts';
import { carefulRatio, jackknife, meanOfRatios, SHARES, type Estimate, type Range } from '../statistics/estimates.ts';
import { byScore, type Confusion, type Figure } from '../statistics/figure.ts';
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

/** One verdict, and the class that it counts as. */
interface Verdict {
  readonly problem: string;
  readonly truth: Score;
  readonly given: Score | undefined;
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
  const collapsed = proofs.map(({ verdicts, ...proof }) => ({
    ...proof,
    verdicts: verdicts.map((score) => (score === undefined ? undefined : classOf(score, scale))),
  }));
  const all = verdictsOf(collapsed);
  const read = all.filter(({ given }) => given !== undefined);
  const majorities = collapsed.map((proof) => majorityVerdict(proof));
  const raw = verdictsOf(proofs);
  const rawRead = raw.filter(({ given }) => given !== undefined);
  return {
    accuracy: estimateOf(all, isRight),
    accuracyOfRead: estimateOf(read, isRight),
    majorityAccuracy: estimateOf(majorities, isRight),
    closeness: estimateOf(raw, closeness),
    closenessOfRead: estimateOf(rawRead, closeness),
    f1: meanOfRatios(Object.values(f1Observations(all)), all.length),
    majorityF1: meanOfRatios(Object.values(f1Observations(majorities)), majorities.length),
    calibrationError: jackknife(meanScores(collapsed), calibrationError),
    consistency: jackknife(
      votesOf(collapsed),
      (of) => voteCorrelation(of.map(({ votes }) => votes)),
      RANGES.consistency,
    ),
    errorCorrelation: jackknife(votesOf(collapsed), errorCorrelation, RANGES.errorCorrelation),
    undecided: estimateOf(collapsed, ({ verdicts }) => +(majorityOf(verdicts).kind === 'undecided')),
    lost: estimateOf(all, ({ given }) => +(given === undefined)),
  };
}

const isRight = ({ truth, given }: Verdict): number => +(given === truth);
const closeness = ({ truth, given }: Verdict): number => (given === undefined ? 0 : 1 - Math.abs(given - truth));

/** Mean of values in [0, 1], with problems as clusters. */
export const estimateOf = <T extends { readonly problem: string }>(of: readonly T[], valueOf: (item: T) => number) =>
  carefulRatio(valued(of, valueOf));

export const figureOf = <T extends { readonly problem: string }>(of: readonly T[], valueOf: (item: T) => number) =>
  plain(estimateOf(of, valueOf));

const verdictsOf = (proofs: readonly JudgedProof[]): Verdict[] =>
  proofs.flatMap(({ problem, truth, verdicts }) => verdicts.map((given) => ({ problem, truth, given })));

function majorityVerdict({ problem, truth, verdicts }: JudgedProof): Verdict {
  const found = majorityOf(verdicts);
  return { problem, truth, given: found.kind === 'majority' ? found.score : undefined };
}

const votesOf = (proofs: readonly JudgedProof[]) =>
  proofs.map(({ problem, truth, verdicts }) => ({
    problem,
    truth,
    votes: verdicts.filter((score) => score !== undefined),
  }));

/** F1 of a class as a ratio: 2TP of 2TP + FP + FN. Of the classes that the truth has. */
function f1Observations(verdicts: readonly Verdict[]): Partial<Record<Score, Observation[]>> {
  const classes = SCORES.filter((score) => verdicts.some(({ truth }) => truth === score));
  return Object.fromEntries(
    classes.map((score) => [
      score,
      verdicts.map(({ problem, truth, given }) => {
        const hits = truth === score && given === score ? 2 : 0;
        return { hits, of: hits + +((truth === score) !== (given === score)), cluster: problem };
      }),
    ]),
  );
}

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

function calibrationError(scores: readonly MeanScore[]): number | undefined {
  if (scores.length === 0) return undefined;
  const gaps = bins(scores).map((bin) => Math.abs(bin.reduce((sum, { given, truth }) => sum + given - truth, 0)));
  return gaps.reduce((sum, gap) => sum + gap, 0) / scores.length;
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
  estimates = verifierEstimates(proofs, scale),
): Omit<VerifierEvaluation, 'judge' | 'm' | 'grid' | 'losses' | 'spent'> {
  const collapsed = proofs.map(({ verdicts, ...proof }) => ({
    ...proof,
    verdicts: verdicts.map((score) => (score === undefined ? undefined : classOf(score, scale))),
  }));
  const f1 = f1Observations(verdictsOf(collapsed));
  const topics = [...new Set(proofs.map(({ topic }) => topic))].sort();
  return {
    n,
    figures: figuresOf(estimates),
    confusion: confusionOf(verdictsOf(proofs)),
    majorityConfusion: confusionOf(proofs.map(majorityVerdict)),
    f1ByClass: byScore((score) => plain(carefulRatio(f1[score] ?? []))),
    reliability: reliability(meanScores(collapsed)),
    effective: effective(estimates.consistency, n),
    effectiveOfErrors: effective(estimates.errorCorrelation, n),
    byTopic: topics.map((topic) => {
      const of = collapsed.filter((proof) => proof.topic === topic).map(majorityVerdict);
      return { topic, proofs: of.length, majorityAccuracy: figureOf(of, isRight) };
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

function confusionOf(verdicts: readonly Verdict[]): Confusion {
  const count = (truth: Score, given: Score | undefined): number =>
    verdicts.filter((verdict) => verdict.truth === truth && verdict.given === given).length;
  return byScore((truth) => ({ ...byScore((given) => count(truth, given)), malformed: count(truth, undefined) }));
}

/** Second − first, paired by problem: on the same proofs. */
export const verifierDifferences = (first: VerifierEstimates, second: VerifierEstimates) =>
  Object.fromEntries(
    Object.keys(VERIFIER_FIGURES).map((name) => {
      const figure = name as VerifierFigure;
      return [figure, differenceBetween(first[figure], second[figure], { range: RANGES[figure] ?? SHARES })];
    }),
  ) as unknown as Differences<VerifierFigure>;
