import type { EvaluationSet } from '../../shared/lap/manifest.ts';
import { difficultyBands, mean, share, within, type OfProblem } from '../../shared/statistics/measures.ts';
import type { Problem } from '../../shared/records.ts';
import type { Figure } from '../../shared/statistics/figure.ts';
import type {
  ClaimCounts,
  DifficultyBand,
  GeneratorFigures,
  SelfVerification,
  SelfVerificationFigures,
} from '../../shared/figures/report.ts';
import type { ProofScore } from '../../shared/scores.ts';
import { answersOf, askedSet, type Decoding } from './answers.ts';
import type { Measuring } from './notes.ts';
import { constantBaseline } from './verifierFigures.ts';

/** One answer of a generator. A malformed one holds no proof, and is worth 0. */
export interface Attempt extends OfProblem {
  readonly wellFormed: boolean;
  readonly truth: ProofScore;
  readonly selfScore: ProofScore | undefined;
}

/**
 * Reads what generators wrote on the held-out problems, and what it is worth. Null, and noted under `name`, where a
 * model was not asked or nobody knows.
 */
export async function attemptReader(lap: Measuring, decoding: Decoding) {
  const { store, manifest, truth, notes } = lap;
  const { heldOut } = manifest.problems;
  const problems = await store.rowsById<Problem>(heldOut);
  async function attemptsOf(
    subject: 'generator' | 'selfVerification',
    model: EvaluationSet['model'],
    name: string,
  ): Promise<Attempt[] | null> {
    const set = askedSet(lap, { subject, model, decoding }, name);
    if (set === null) return null;
    const { checker } = truth;
    if (checker === undefined) {
      const others = manifest.evaluation.judged ? '; what their judges say stands under `judged`' : '';
      return notes.absent(set.figure, `no checker knows the true score of newly written proofs${others}`);
    }
    const attempts: Attempt[] = [];
    for await (const { row, parsed } of answersOf(lap, set, problems, heldOut)) {
      const { proof, score: selfScore } = parsed ?? {};
      attempts.push({
        problem: row.id,
        difficulty: row.difficulty,
        wellFormed: proof !== undefined,
        truth: proof === undefined ? 0 : checker.proofScore(row, proof),
        selfScore,
      });
    }
    return attempts;
  }
  return { problems: [...problems.values()], attemptsOf };
}

/** Generators on the held-out problems, and what they say of their own proofs. */
export async function generatorFigures(
  lap: Measuring,
  decoding: Decoding,
): Promise<{ generator: GeneratorFigures; selfVerification: SelfVerificationFigures }> {
  const { problems, attemptsOf } = await attemptReader(lap, decoding);
  const later = lap.manifest.turn > 1;
  const base = await attemptsOf('generator', 'base', later ? 'generator.trueScoreOfBase' : 'generator.trueScoreBefore');
  const before = later ? await attemptsOf('selfVerification', 'parent', 'generator.trueScoreBefore') : base;
  const consolidated = later
    ? await attemptsOf('generator', 'consolidation', 'generator.trueScoreAfterConsolidation')
    : null;
  const phase2 = await attemptsOf('generator', 'generator', 'generator.trueScoreAfterPhase2');
  const selfBefore = await attemptsOf('selfVerification', 'generator', 'selfVerification.before');
  const selfAfter = await attemptsOf('selfVerification', 'selfVerification', 'selfVerification.after');
  const after = selfAfter ?? (await attemptsOf('generator', 'selfVerification', 'generator.trueScoreAfter'));
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
    selfVerification: beforeAndAfter(selfBefore, selfAfter),
  };
}

const trueScore = (attempts: readonly Attempt[] | null): Figure => attempts && mean(attempts, ({ truth }) => truth);

const malformed = (attempts: readonly Attempt[] | null): Figure =>
  attempts && share(attempts, ({ wellFormed }) => !wellFormed);

const SELF_VERIFICATION: {
  readonly [Name in keyof SelfVerification]: (attempts: readonly Attempt[]) => SelfVerification[Name];
} = {
  selfScoreAccuracy: (attempts) => share(attempts, ({ truth, selfScore }) => selfScore === truth),
  falseClaims: (attempts) => {
    const claims = attempts.filter(({ selfScore }) => selfScore === 1);
    return share(claims, ({ truth }) => truth < 1);
  },
  falseClaimsWhereFlawed: (attempts) => {
    const flawed = attempts.filter(({ wellFormed, truth }) => wellFormed && truth < 1);
    return share(flawed, ({ selfScore }) => selfScore === 1);
  },
  trueScore,
  claims: claimCounts,
  constantBaseline: (attempts) =>
    constantBaseline(attempts.flatMap(({ wellFormed, truth }) => (wellFormed ? [truth] : []))),
};

function beforeAndAfter(before: Attempt[] | null, after: Attempt[] | null): SelfVerificationFigures {
  const figures = Object.entries(SELF_VERIFICATION).flatMap(([name, measure]) => [
    [`${name}Before`, before && measure(before)],
    [`${name}After`, after && measure(after)],
  ]);
  return Object.fromEntries(figures) as SelfVerificationFigures;
}

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
