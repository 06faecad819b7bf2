import type { Figure, ScoreKey } from '../statistics/figure.ts';

/**
 * What held-out answers are worth where no checker knows it, each figure under the name of who gave it. The verifier's
 * and the meta-verifier's own eyes are no truth: models are trained to please them. People's figure is one, within its
 * interval and as far as people agree.
 */
export interface JudgedFigures {
  readonly verifier: InVerifiersEyes | null;
  readonly people: ByPeople | null;
  readonly quality: QualityFigures | null;
}

/**
 * The mean score of all answers in the eyes of this lap's verifier, by the majority of its analyses of each proof
 * (`shared/statistics/majority.ts`); an answer without a proof is worth 0. One verifier judged all of these models,
 * whatever laps they are of: figures of another lap are another verifier's.
 */
export interface InVerifiersEyes extends EyesOnModels {
  /** Checkpoint digest of the verifier. */
  readonly by: string;
  readonly verdictsPerProof: number;
  /** Distinct proofs; without a majority; with too few readable verdicts for a score, which are no observations. */
  readonly proofs: number;
  readonly undecided: number;
  readonly lost: number;
  readonly byTopic: readonly ({ readonly topic: string } & Pick<EyesOnModels, 'before' | 'afterPhase2' | 'after'>)[];
  /** What generators say of their own proofs, before phase 3 and after. */
  readonly claimsBefore: ClaimFigures | null;
  readonly claimsAfter: ClaimFigures | null;
}

/** As of `GeneratorFigures`: `before` is the base's, or of later laps the parent's final generator's. */
interface EyesOnModels {
  readonly ofBase: Figure;
  readonly before: Figure;
  readonly afterConsolidation: Figure;
  readonly afterPhase2: Figure;
  readonly after: Figure;
}

/** What a generator says of its own proofs, against what a judge says of them. */
export interface ClaimFigures {
  /** Answers whose self-score is 1. */
  readonly claimShare: Figure;
  /** Of these, those to which the judge gives less. */
  readonly falseClaims: Figure;
  /** Answers whose self-score is the judge's score. */
  readonly accuracy: Figure;
  /** The judge's mean score where the self-score is this. */
  readonly calibration: Readonly<Record<ScoreKey, Figure>>;
}

/** A blind sample of the final generator's proofs, drawn by the verifier's scores of them. */
export interface ByPeople {
  /** Whose answers these are; `program` is one that answers in people's place. */
  readonly by: 'people' | 'program';
  readonly asked: number;
  readonly scored: number;
  readonly flagged: number;
  /** The mean score that people would give to all its answers (`shared/statistics/stratified.ts`). */
  readonly score: Figure;
  /** The verifier's mean score of these answers less people's, from −1 to 1; null where it did not judge them. */
  readonly verifierOver: Figure;
  /** By the verifier's score: distinct proofs, those asked about and scored, and people's mean score of these. */
  readonly strata: readonly StratumFigures[];
  readonly claims: ClaimFigures | null;
}

export interface StratumFigures {
  readonly verifier: string;
  readonly proofs: number;
  readonly asked: number;
  readonly scored: number;
  readonly mean: number | null;
}

/**
 * Mean quality of the analyses of the held-out proofs, in the frozen meta-verifier's eyes, as in the paper (2.1); and
 * by people, of the analyses in D_mv that they scored, which were chosen to be unlike. Before is v1, or of later laps
 * the parent's verifier.
 */
export interface QualityFigures {
  /** Checkpoint digest of the meta-verifier. */
  readonly by: string;
  readonly before: Figure;
  readonly after: Figure;
  readonly peopleBefore: Figure;
  readonly peopleAfter: Figure;
}
