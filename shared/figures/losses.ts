import type { Cause, Outcome } from '../outcomes.ts';
import type { StageName } from '../stages.ts';
import type { LabelBounds } from './labelBounds.ts';
import { wilsonAt } from '../statistics/wilson.ts';

/**
 * Verdicts that were asked for and lost. Asking again selects wherever the loss depends on the verdict (docs/method.md,
 * "Rewards"), so what is counted is the first attempt at each verdict: what a lost one would have said nobody knows,
 * and the bounds take each for 0 and for 1.
 */
export interface VerdictCounts {
  /** First attempts that were answered or lost; an outage says nothing of a verdict. */
  readonly asked: number;
  readonly unparseable: number;
  readonly truncated: number;
  /** Calls that the server found fault with, such as a prompt that is too long for it. */
  readonly refused: number;
  /** Sum of the scores of those that were not lost. */
  readonly scores: number;
}

export const LOSS_KINDS = ['unparseable', 'truncated', 'refused'] as const;
type LossKind = (typeof LOSS_KINDS)[number];

export const NO_VERDICTS: VerdictCounts = { asked: 0, unparseable: 0, truncated: 0, refused: 0, scores: 0 };

/** Of the call itself, and again if it were asked again; by the status where a ledger of before says no cause. */
const REFUSALS: readonly (Cause | undefined)[] = ['overflow', 'filter', 'request'];
const REFUSING: readonly (number | undefined)[] = [400, 413, 422];

/** How a call lost its verdict; `undefined` where it gave one, or failed for what had nothing to do with it. */
export function lossOf({ kind, cause, status }: Pick<Outcome, 'kind' | 'cause' | 'status'>): LossKind | undefined {
  if (kind !== 'failed') return kind === 'answered' ? undefined : kind;
  return (cause === undefined ? REFUSING.includes(status) : REFUSALS.includes(cause)) ? 'refused' : undefined;
}

/** Whether an outcome is the first attempt at a verdict. */
export const isFirstAttempt = ({ attempt = 0 }: Pick<Outcome, 'attempt'>): boolean => attempt === 0;

/** By what was asked for: analyses of proofs, and analyses of analyses. */
export type VerdictsByTask = Readonly<Record<VerdictTask, VerdictCounts>>;
const ROLES = { verify: 'verifier', metaVerify: 'meta-verifier' } as const;
export type VerdictTask = keyof typeof ROLES;
export const VERDICT_TASKS = Object.keys(ROLES) as VerdictTask[];

export const NO_VERDICTS_BY_TASK: VerdictsByTask = { verify: NO_VERDICTS, metaVerify: NO_VERDICTS };

/** Counts an outcome, where it is the first attempt at a verdict. */
export function countedIn(counts: VerdictsByTask, outcome: Outcome): VerdictsByTask {
  const task = VERDICT_TASKS.find((each) => each === outcome.task);
  if (task === undefined || !isFirstAttempt(outcome)) return counts;
  const loss = lossOf(outcome);
  if (loss === undefined && outcome.kind === 'failed') return counts;
  const { [task]: before } = counts;
  const more = loss === undefined ? { scores: before.scores + (outcome.score ?? 0) } : { [loss]: before[loss] + 1 };
  return { ...counts, [task]: { ...before, asked: before.asked + 1, ...more } };
}

export const lostOf = ({ unparseable, truncated, refused }: VerdictCounts): number => unparseable + truncated + refused;

/** Share lost of the first attempts; 0 where there were none. */
export const lossShare = (counts: VerdictCounts): number => (counts.asked === 0 ? 0 : lostOf(counts) / counts.asked);

/** A mean as it is, and as it would be if every lost verdict were 0, or every one 1. */
export interface Bounded {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Mean score of the verdicts that were not lost at first; null where there are none. */
export function meanVerdict(counts: VerdictCounts): Bounded | null {
  const lost = lostOf(counts);
  if (counts.asked === lost) return null;
  const { asked, scores } = counts;
  return { value: scores / (asked - lost), low: scores / asked, high: (scores + lost) / asked };
}

/** Ours: a share of a few per cent is then known to a few per cent. */
const MANY = 100;
/** Ours: of fewer, a lost one or two are chance, and so it is that all of them say the same. */
export const ENOUGH = 10;

/** Whether so few of a set's answers can be read that a person should know. Ours: less than a quarter. */
export const isFew = (answered: number, samples: number): boolean => 4 * answered < samples;

/**
 * Whether a set's verdicts are worth a look at the ledger, which tells for certain: few can be read of a kind, or their
 * sum is that of equal ones.
 */
export const mayBeAmiss = (verdicts: VerdictsByTask): boolean =>
  VERDICT_TASKS.some((task) => {
    const { asked, scores } = verdicts[task];
    const said = asked - lostOf(verdicts[task]);
    return isFew(said, asked) || (said >= ENOUGH && [0, 0.5, 1].includes(scores / said));
  });

/**
 * Whether a share lost is above what is allowed. While verdicts still come it has to be certain (by the lower end of
 * Wilson's 95 % interval), of 100 or more; at the end it is, of so many, by the share itself, and of 10 or more when it
 * is certain.
 */
export function losesMore(counts: VerdictCounts, maxLossShare: number, atEnd = true): boolean {
  const { asked } = counts;
  if (asked < (atEnd ? ENOUGH : MANY)) return false;
  const share = lossShare(counts);
  return (atEnd && asked >= MANY ? share : wilsonAt(share, asked).low) > maxLossShare;
}

/**
 * Why a stage should stop: more verdicts are lost than a recipe allows. Names who loses how much, and where it can be
 * read; `undefined` where all is well.
 * @param place the set's or the job's.
 * @param maxLossShare `rewards.maxLossShare`. @default no limit
 */
export function tooManyLost(
  place: string,
  verdicts: VerdictsByTask,
  maxLossShare: number = 1,
  when: 'underWay' | 'atEnd' = 'underWay',
): string | undefined {
  const task = VERDICT_TASKS.find((each) => losesMore(verdicts[each], maxLossShare, when === 'atEnd'));
  if (task === undefined) return undefined;
  const counts = verdicts[task];
  const kinds = LOSS_KINDS.filter((kind) => counts[kind] > 0);
  return (
    `Expected the ${ROLES[task]} of ${place} to lose at most ${percent(maxLossShare)} of its verdicts ` +
    `(rewards.maxLossShare), lost ${percent(lossShare(counts))} of ${counts.asked} at the first attempt ` +
    `(${kinds.map((kind) => `${counts[kind]} ${kind}`).join(', ')}): to ask again favours the others. ` +
    `\`flywheel ledger show ${place} --task ${task} --kind ${kinds[0] === 'refused' ? 'failed' : kinds[0]}\` shows ` +
    `them; give them room (sampling.${task}.maxTokens), mend the prompt or how thinking is told apart, or allow more`
  );
}

/** `verify 3.2 % of 120, metaVerify 0 % of 48`; empty where no verdict was asked for. */
export const lossesText = (verdicts: VerdictsByTask): string =>
  VERDICT_TASKS.filter((task) => verdicts[task].asked > 0)
    .map((task) => `${task} ${percent(lossShare(verdicts[task]))} of ${verdicts[task].asked}`)
    .join(', ');

const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;

/** First attempts of one judge at the verdicts of a set, or of a training. */
export interface LostVerdicts extends VerdictCounts {
  readonly place: string;
  readonly task: VerdictTask;
  /** Checkpoint digest of the judge, and what it is: a training of this lap, `base`, or `parent`. */
  readonly model: string;
  readonly judge: string;
  /** Lost, of those asked for. */
  readonly share: number;
  readonly mean: Bounded | null;
}

/**
 * What asking a judge again may have selected (docs/method.md, "Rewards"): counts, and bounds with every lost verdict
 * at 0 and at 1.
 */
export interface LossFigures {
  /** Above it a training or a set of labels stops. */
  readonly maxLossShare: number;
  readonly verdicts: readonly LostVerdicts[];
  /** Of trainings that judges reward: over distinct samples. */
  readonly rewards: readonly (Bounded & { readonly stage: StageName; readonly samples: number })[];
  /** Phase 4's. */
  readonly labels: LabelBounds;
  /** Those that lose more than half of what is allowed. */
  readonly warnings: readonly { readonly about: string; readonly text: string }[];
}
