import type { EvaluationSet } from '../../shared/lap/manifest.ts';
import { difficultyBands, mean, share, within, type OfProblem } from '../../shared/figures/measures.ts';
import type { Problem } from '../../shared/records.ts';
import type { Figure } from '../../shared/figures/figure.ts';
import type {
  ClaimCounts,
  DifficultyBand,
  GeneratorFigures,
  SelfVerificationFigures,
} from '../../shared/figures/report.ts';
import type { ProofScore } from '../../shared/scores.ts';
import { answersOf, findSet, rowOf } from './answers.ts';
import type { Measuring } from './notes.ts';
import { constantBaseline, figureName } from './verifierFigures.ts';

/** One answer of a generator. A malformed one holds no proof, and is worth 0. */
export interface Attempt extends OfProblem {
  readonly wellFormed: boolean;
  readonly truth: ProofScore;
  readonly selfScore?: ProofScore;
}

type Decoding = EvaluationSet['decoding'];

/**
 * Reads what generators wrote on the held-out problems, and what it is worth. Null, and noted under `name`, where a
 * model was not asked or nobody knows.
 */
export async function attemptReader(lap: Measuring, decoding: Decoding) {
  const { store, manifest, truth, notes } = lap;
  const problems = await store.readRows<Problem>(manifest.problems.heldOut);
  const byId = new Map(problems.map((problem) => [problem.id, problem]));
  async function attemptsOf(
    subject: 'generator' | 'selfVerification',
    model: EvaluationSet['model'],
    name: string,
  ): Promise<Attempt[] | null> {
    const figure = figureName(name, decoding);
    const set = findSet(manifest.evaluation, subject, model, decoding);
    if (set === undefined)
      return notes.absent(figure, `no ${decoding} evaluation of ${model} as ${subject} in this lap`);
    const { checker } = truth;
    if (checker === undefined) return notes.absent(figure, 'no checker knows the true score of newly written proofs');
    const attempts: Attempt[] = [];
    for await (const { outcome, parsed } of answersOf(lap, set.setId, figure)) {
      const problem = rowOf(byId, { outcome }, set.setId, manifest.problems.heldOut.uri);
      const about = { problem: problem.id, difficulty: problem.difficulty };
      if (parsed?.proof === undefined) attempts.push({ ...about, wellFormed: false, truth: 0 });
      else
        attempts.push({
          ...about,
          wellFormed: true,
          truth: checker.proofScore(problem, parsed.proof),
          ...(parsed.score === undefined ? {} : { selfScore: parsed.score }),
        });
    }
    return attempts;
  }
  return { problems, attemptsOf };
}

/** Generators on the held-out problems, and what they say of their own proofs. */
export async function generatorFigures(
  lap: Measuring,
  decoding: Decoding,
): Promise<{ generator: GeneratorFigures; selfVerification: SelfVerificationFigures }> {
  const { manifest } = lap;
  const { problems, attemptsOf } = await attemptReader(lap, decoding);
  const later = manifest.turn > 1;
  const base = await attemptsOf('generator', 'base', later ? 'generator.trueScoreOfBase' : 'generator.trueScoreBefore');
  const before = later ? await attemptsOf('selfVerification', 'parent', 'generator.trueScoreBefore') : base;
  const consolidated = later
    ? await attemptsOf('generator', 'consolidation', 'generator.trueScoreAfterConsolidation')
    : null;
  const phase2 = await attemptsOf('generator', 'generator', 'generator.trueScoreAfterPhase2');
  const selfBefore = await attemptsOf('selfVerification', 'generator', 'selfVerification.before');
  const selfAfter = await attemptsOf('selfVerification', 'selfVerification', 'selfVerification.after');
  const plainAfter = findSet(manifest.evaluation, 'generator', 'selfVerification', decoding);
  const after =
    plainAfter || selfAfter === null
      ? await attemptsOf('generator', 'selfVerification', 'generator.trueScoreAfter')
      : selfAfter;

  return {
    generator: {
      trueScoreOfBase: trueScore(base),
      trueScoreBefore: trueScore(before),
      trueScoreAfterConsolidation: trueScore(consolidated),
      trueScoreAfterPhase2: trueScore(phase2),
      trueScoreAfter: trueScore(after),
      byDifficulty: difficultyBands(problems).map((band): DifficultyBand => {
        const trueScoreIn = (attempts: Attempt[] | null) => trueScore(attempts && within(band, attempts));
        return {
          difficulty: band.name,
          trueScoreBefore: trueScoreIn(before),
          trueScoreAfterPhase2: trueScoreIn(phase2),
          trueScoreAfter: trueScoreIn(after),
        };
      }),
      malformedBefore: malformed(before),
      malformedAfterPhase2: malformed(phase2),
      malformedAfter: malformed(after),
    },
    selfVerification: {
      selfScoreAccuracyBefore: selfScoreAccuracy(selfBefore),
      selfScoreAccuracyAfter: selfScoreAccuracy(selfAfter),
      falseClaimsBefore: falseClaims(selfBefore),
      falseClaimsAfter: falseClaims(selfAfter),
      falseClaimsWhereFlawedBefore: falseClaimsWhereFlawed(selfBefore),
      falseClaimsWhereFlawedAfter: falseClaimsWhereFlawed(selfAfter),
      trueScoreBefore: trueScore(selfBefore),
      trueScoreAfter: trueScore(selfAfter),
      claimsBefore: selfBefore && claimCounts(selfBefore),
      claimsAfter: selfAfter && claimCounts(selfAfter),
      constantBaselineBefore: selfBefore && constantBaseline(proofsOf(selfBefore).map(({ truth: score }) => score)),
      constantBaselineAfter: selfAfter && constantBaseline(proofsOf(selfAfter).map(({ truth: score }) => score)),
    },
  };
}

const proofsOf = (attempts: readonly Attempt[]): Attempt[] => attempts.filter((attempt) => attempt.wellFormed);

const trueScore = (attempts: Attempt[] | null): Figure => attempts && mean(attempts, ({ truth }) => truth);

const malformed = (attempts: Attempt[] | null): Figure => attempts && share(attempts, ({ wellFormed }) => !wellFormed);

const selfScoreAccuracy = (attempts: Attempt[] | null): Figure =>
  attempts && share(attempts, ({ truth, selfScore }) => selfScore === truth);

const falseClaims = (attempts: Attempt[] | null): Figure =>
  attempts &&
  share(
    attempts.filter(({ selfScore }) => selfScore === 1),
    ({ truth }) => truth < 1,
  );

const falseClaimsWhereFlawed = (attempts: Attempt[] | null): Figure =>
  attempts &&
  share(
    proofsOf(attempts).filter(({ truth }) => truth < 1),
    ({ selfScore }) => selfScore === 1,
  );

function claimCounts(attempts: readonly Attempt[]): ClaimCounts {
  const count = (is: (attempt: Attempt) => boolean) => attempts.filter(is).length;
  const below1 = ({ selfScore }: Attempt) => selfScore !== undefined && selfScore < 1;
  return {
    trueClaimsOf1: count(({ selfScore, truth }) => selfScore === 1 && truth === 1),
    falseClaimsOf1: count(({ selfScore, truth }) => selfScore === 1 && truth < 1),
    rightBelow1: count((attempt) => below1(attempt) && attempt.selfScore === attempt.truth),
    wrongBelow1: count((attempt) => below1(attempt) && attempt.selfScore !== attempt.truth),
    malformed: count(({ selfScore }) => selfScore === undefined),
  };
}
