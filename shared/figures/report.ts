import type { Confusion, Figure, ScoreKey } from '../statistics/figure.ts';
import type { ExpertAgreement } from './expertAgreement.ts';
import type { GoldFigures } from './gold.ts';
import type { LapWatch } from './hacking.ts';
import type { JudgedFigures } from './judged.ts';
import type { LossFigures } from './losses.ts';
import type { ContestedTrend } from './contestedTrend.ts';
import type { LabelRecord, LapManifest, SkillCounts } from '../lap/manifest.ts';
import type { MeasuredRates } from '../cost/rates.ts';
import type { ProofScoreCounts } from './scoreCounts.ts';
import type { TestTimeFigures } from './testTime.ts';
import type { LateFigures, LedgerRow, MendedFigures, StageTimes, TrainingFigures } from './work.ts';

/**
 * What was measured of a lap; `laps/<lapId>/report.json`. Every figure is recomputed from the lap's stored artifacts by
 * `measureLap`.
 *
 * Conventions, for whoever recomputes them:
 * - Figures are at T = 1, as the model is used; those under `greedy` have the same definitions at T = 0.
 * - "Truth" is the checker's. Where a domain has none, it is the experts' scores of the validation split (`truth:
 * 'experts'`), and what
 *   experts did not say is null.
 * - A call that failed (outage) is no observation. An answer that is malformed or truncated is: it counts as wrong in
 * every accuracy and as
 *   0 in a true score. What is read out of an analysis's text (quality, recalls, issues) is over well-formed analyses.
 * - null means it could not be measured; `notMeasured` says why.
 */

/** One verifier on the fixed held-out proofs, balanced by true score. */
export interface VerifierFigures {
  /** Share of answers whose score is the proof's true score. */
  readonly scoreAccuracy: Figure;
  /**
   * Mean true quality (meta rubric, 0 to 1) of the analyses. An analysis that claims nothing has quality 1 if its score
   * follows.
   */
  readonly analysisQuality: Figure;
  /**
   * The same over analyses that claim at least one issue, as the checker counts claims (the rehearsal's: every `wrong`,
   * `skips` and `?`).
   */
  readonly qualityWhereIssuesClaimed: Figure;
  /** Real flaws reported, of all real flaws of the analysed proofs. */
  readonly issueRecall: Figure;
  /** Real harmless remarks made, of all that could be made. */
  readonly remarkRecall: Figure;
  /** Claimed issues that are not real, of all claimed issues. */
  readonly falseIssueShare: Figure;
  /** Analyses that claim at least one issue, of all well-formed ones. */
  readonly claimShare: Figure;
  /** Malformed and truncated answers, of all answers. */
  readonly malformedShare: Figure;
  /** Mean number of false remarks in an analysis. */
  readonly falseRemarksPerAnalysis: number | null;
  /** Answers by true score (first key) and by given score or `malformed`. */
  readonly confusion: Confusion;
  /** Score accuracy by the problems' difficulty, where they have one. */
  readonly byDifficulty: readonly { readonly difficulty: string; readonly scoreAccuracy: Figure }[];
}

/** What a model gets that says the same of everything: the best such accuracy on the same rows. */
export interface ConstantBaseline {
  readonly score: number;
  readonly accuracy: number;
}

export interface GeneratorFigures {
  /**
   * Mean true score on all held-out problems: of the base; of the model that the lap began with (the base, or the
   * parent's final generator); after the consolidation (later laps), after phase 2 and after phase 3.
   */
  readonly trueScoreOfBase: Figure;
  readonly trueScoreBefore: Figure;
  readonly trueScoreAfterConsolidation: Figure;
  readonly trueScoreAfterPhase2: Figure;
  readonly trueScoreAfter: Figure;
  readonly byDifficulty: readonly DifficultyBand[];
  readonly malformedBefore: Figure;
  readonly malformedAfterPhase2: Figure;
  readonly malformedAfter: Figure;
}

export interface DifficultyBand {
  readonly difficulty: string;
  readonly trueScoreBefore: Figure;
  readonly trueScoreAfterPhase2: Figure;
  readonly trueScoreAfter: Figure;
}

/** Answers with a proof and a verdict on it. */
export interface SelfVerification {
  /** Share of answers whose self-score is their proof's true score. */
  readonly selfScoreAccuracy: Figure;
  /** Claims of 1 for a proof whose true score is less, of all claims of 1. */
  readonly falseClaims: Figure;
  /**
   * The same claims, of all answers whose proof is worth less than 1: falls only with honesty, not with better proofs.
   */
  readonly falseClaimsWhereFlawed: Figure;
  /** Mean true score of the proofs in these answers. */
  readonly trueScore: Figure;
  readonly claims: ClaimCounts;
  /** Claiming 1 always, or another constant: the best accuracy on these answers. */
  readonly constantBaseline: ConstantBaseline | null;
}

/** Before phase 3 (the phase-2 generator is asked for a verdict as well) and after: `trueScoreBefore`, … */
export type SelfVerificationFigures = {
  readonly [Name in keyof SelfVerification as `${Name}${'Before' | 'After'}`]: SelfVerification[Name] | null;
};

export interface ClaimCounts {
  readonly trueClaimsOf1: number;
  readonly falseClaimsOf1: number;
  /** Self-scores below 1 that are the true score, and those that are not. */
  readonly rightBelow1: number;
  readonly wrongBelow1: number;
  readonly malformed: number;
}

export interface MetaVerifierFigures {
  /** Share of answers whose quality score is the analysis's true quality; before = the model it started from. */
  readonly accuracyBefore: Figure;
  readonly accuracyAfter: Figure;
  /** Verifier v2 in the meta role (paper 2.2: one model does both). */
  readonly accuracyOfVerifierV2: Figure;
  readonly constantBaseline: ConstantBaseline | null;
}

/** Everything measured at one decoding. */
export interface DecodingFigures {
  readonly verifier: {
    readonly base: VerifierFigures | null;
    /** Of later laps: the verifier that the parent ended with, and the consolidated model. */
    readonly parent: VerifierFigures | null;
    readonly consolidation: VerifierFigures | null;
    readonly v1: VerifierFigures | null;
    readonly v2: VerifierFigures | null;
    /** Held-out proofs by true score: equal numbers where the base wrote enough of each. */
    readonly heldOutProofs: Readonly<Record<ScoreKey, number>>;
    readonly constantBaseline: ConstantBaseline | null;
  };
  readonly metaVerifier: MetaVerifierFigures;
  readonly generator: GeneratorFigures;
  readonly selfVerification: SelfVerificationFigures;
}

export interface LabelFigures {
  /** total = auto + contested; unresolved and expert are parts of contested. */
  readonly total: number;
  readonly auto: number;
  readonly contested: number;
  readonly unresolved: number;
  readonly expert: number;
  readonly contestedShare: Figure;
  /** Automatic labels that are the proof's true score, of all automatic labels, and by label. */
  readonly precision: Figure;
  readonly precisionByScore: Readonly<Record<ScoreKey, Figure>>;
  /**
   * Automatic labels that experts gave as well, asked about a blind random sample; null where the recipe asks for none.
   * Where no checker knows the truth, this is `precision`, and `precisionByScore` is over the same sample.
   */
  readonly auditedPrecision: Figure;
  /** Of the manifest's `LabelRecord`; absent where audits decide nothing (recipe: `audit`). */
  readonly audits?: LabelRecord['audits'];
  readonly corrected?: number;
  readonly byScore: Readonly<Record<ScoreKey, number>>;
  /** Contested proofs by the rule's reason. */
  readonly contestedReasons: Readonly<Record<string, number>>;
  /** Mean true score of all these proofs, labelled or not. */
  readonly trueScoreOfAll: Figure;
  /**
   * The verifier on the hardest proofs that the flywheel has by then: share of first verdicts, one a proof of this set,
   * that are the true score. What votes then make of them is `precision`. A malformed verdict is wrong.
   */
  readonly verdictAccuracy: Figure;
  readonly constantBaseline: ConstantBaseline | null;
  readonly analysesPerProof: number;
  readonly metaAnalysesPerProof: number;
  /**
   * ρ: how alike the verifier errs in two analyses of one proof (intraclass correlation of given − true score). Null
   * without truth or variance.
   */
  readonly errorCorrelation: number | null;
  /** What the recipe's n analyses are worth at that ρ: n / (1 + (n − 1)ρ) independent ones. */
  readonly effectiveAnalyses: number | null;
}

export interface LapReport
  extends DecodingFigures, Pick<LapManifest, 'lap' | 'turn' | 'recipeSha256' | 'startedAt' | 'endedAt'> {
  readonly parent: string | null;
  readonly preset: string;
  readonly seed: number;
  readonly truth: 'checker' | 'experts';
  /** Who says the truth, such as the checker's name. */
  readonly truthBy: string;
  /** The same at T = 0; null where the recipe did not ask for it. */
  readonly greedy: DecodingFigures | null;
  /** Held-out answers in models' own eyes, and by people; absent where the recipe asks for neither. */
  readonly judged?: JudgedFigures;
  /** Search and refinement of held-out problems; absent where the recipe asks for none. */
  readonly testTime?: readonly TestTimeFigures[];
  readonly labels: LabelFigures;
  /** Where fewer proofs are contested than in the lap before. */
  readonly contestedTrend?: ContestedTrend;
  readonly proofScores: ProofScoreCounts;
  /** How people answered questions with known answers; absent where the recipe asked none. */
  readonly gold?: readonly GoldFigures[];
  /** How far people agree; absent where no question has two people's scores. */
  readonly agreement?: ExpertAgreement;
  /** What a later lap was consolidated from; null in lap 1. */
  readonly consolidation: readonly SkillCounts[] | null;
  readonly stages: readonly StageTimes[];
  readonly trainings: readonly TrainingFigures[];
  /** What each phase was planned to take and took, and all of them together. */
  readonly ledger: readonly LedgerRow[];
  readonly ledgerTotal: Omit<LedgerRow, 'phase'>;
  /** Of a lap that mends another; `ledger` and `stages` are without what it took over. */
  readonly mended?: MendedFigures;
  /** Absent where all questions came to a result in their lap, and no problem was faulty. */
  readonly late?: LateFigures;
  /** What the next lap's plan goes by. */
  readonly rates: MeasuredRates;
  /** Signs of reward hacking. */
  readonly watch: LapWatch;
  readonly losses: LossFigures;
  /** Sets and trainings that came to nothing, or nearly so; absent where there are none. */
  readonly warnings?: readonly string[];
  readonly wallSeconds: number;
  /** What was under way; `neither` is wall time in which no training and no inference was. */
  readonly time: {
    readonly trainingSeconds: number;
    readonly inferenceSeconds: number;
    readonly neitherSeconds: number;
    readonly neitherShare: number;
    /** That trainings waited in a cluster's queue, summed; absent where none did. */
    readonly queuedSeconds?: number;
  };
  /** Model texts that imitate a verdict (quoted as data, never parsed as one), by where they were found. */
  readonly imitations: Readonly<Record<string, { readonly found: number; readonly of: number }>>;
  readonly notMeasured: readonly { readonly figure: string; readonly reason: string }[];
}
