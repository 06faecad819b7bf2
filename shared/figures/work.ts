import type { Amounts, Ratios } from '../lap/amounts.ts';
import type { StageRecord } from '../lap/manifest.ts';
import type { TrainingName } from '../stages.ts';
import type { MetricsLine } from '../training/job.ts';
import type { Watch } from '../training/variant.ts';

/** What a lap's parts took, of time, of calls and of people, and what it took over. */

/**
 * Where a phase's time went. Phases may overlap: evaluations run beside trainings. A training's calls are its judges';
 * its tokens theirs and those that it sampled itself.
 */
export interface StageTimes {
  readonly name: string;
  readonly wallSeconds: number;
  readonly trainingSeconds: number;
  /** Wall seconds in which a set of calls was under way. A training's judges are within its training seconds. */
  readonly inferenceSeconds: number;
  readonly calls: number;
  readonly tokens: number;
  /** Of the tokens, those that the models of its sets thought; 0 in reports that did not tell them apart. */
  readonly thinkingTokens?: number;
}

/** Questions to people that laps went on without, and what those found faulty. */
export interface LateFigures {
  /** Scores of earlier laps' questions that joined D_v and D_mv; of problems held back, which are only kept. */
  readonly proofs: number;
  readonly analyses: number;
  readonly heldBack: number;
  /** Open when the lap went on, its own and earlier ones: of these nobody was asked, and somebody has answered. */
  readonly open: number;
  readonly unasked: number;
  readonly halfAnswered: number;
  /** Problems that nothing samples, labels or trains on any more. */
  readonly faulty: number;
}

/** What a lap that mends others took over from them, of all that it is made of. */
export interface MendedFigures {
  /** The newest first. */
  readonly laps: readonly string[];
  /** Of sets and of judges. */
  readonly calls: Taken;
  /** Of experts. */
  readonly verdicts: Taken;
  /** Whose result was taken, which went on from a state of an earlier lap, and which began anew. */
  readonly trainings: Readonly<Record<'taken' | 'resumed' | 'repeated', readonly TrainingName[]>>;
}

interface Taken {
  readonly taken: number;
  readonly of: number;
}

export interface TrainingFigures extends Pick<
  StageRecord,
  | 'name'
  | 'jobKey'
  | 'steps'
  | 'stopReason'
  | 'watched'
  | 'attempts'
  | 'trainingSeconds'
  | 'queuedSeconds'
  | 'longRows'
  | 'taken'
> {
  /** Mean reward and share of groups without spread at the first and last step, and over the last five. */
  readonly firstReward: number | null;
  readonly lastReward: number | null;
  readonly lastFlatGroupShare: number | null;
  readonly flatGroupShareOfLastFive: number | null;
  readonly unscorable: number;
  readonly secondsPerStep: number | null;
  /** The share is null where the engine does not say it. */
  readonly curve: readonly { readonly step: number; readonly reward: number; readonly flatGroupShare: number | null }[];
  /** What its engine says of its steps beside that; absent where it says nothing. */
  readonly course?: readonly CourseStep[];
  /** The recipe's; absent where it has none. */
  readonly watches?: readonly Watch[];
}

/** What a course is drawn of, beside reward and groups without spread. */
export const COURSE = ['entropy', 'kl', 'clipShare', 'gradientNorm', 'completionTokens', 'truncatedShare'] as const;
export type CourseMetric = (typeof COURSE)[number];

/** An optimizer step, as far as its engine knows it. */
export type CourseStep = Pick<MetricsLine, 'step' | CourseMetric>;

/**
 * Planned and used. Calls and tokens are the ledgers' and the reward logs'; GPU-hours training time by the recipe's
 * nodes and GPUs; people's minutes come from the times of their verdicts.
 */
export interface LedgerRow {
  readonly phase: string;
  /** Null where the lap was to have no such phase. */
  readonly planned: Amounts | null;
  readonly used: Amounts;
  /** Used by planned; null where nothing was planned. */
  readonly ratio: Ratios | null;
}
