import type { LapFacts, Refusal } from '../lap/facts.ts';
import type { LapShape } from '../lap/orders.ts';
import { ordersOf } from '../lap/phases.ts';
import { short } from './planText.ts';
import type { LapPlan } from './plan.ts';

/** Bytes that a lap leaves or needs for a while, as far as they are reckoned. */
export interface Disk {
  /** What each training ends with, and the base where it is not in the store yet. */
  readonly checkpoints: number;
  /** What the running training resumes from: weights and two moments, once more while it is replaced. */
  readonly state: number;
  /** Answers of models. */
  readonly ledgers: number;
  readonly total: number;
}

/** Trainers keep every number in float32. */
const WIDTH = 4;
/** Of a text's token, and of an outcome beside its text. Ours. */
const TOKEN_BYTES = 4;
const OUTCOME_BYTES = 600;

/** Undefined where nobody knows how large the models are. */
export function diskOf(lap: LapShape, { total: { expected } }: LapPlan, { base }: LapFacts): Disk | undefined {
  if (base === undefined) return undefined;
  const trainings = ordersOf(lap).flatMap(({ orders }) => orders.filter(({ kind }) => kind === 'train')).length;
  const model = base.parameters * WIDTH;
  const isStored = /^(checkpoints\/|hf:)/.test(lap.recipe.domain.base);
  const checkpoints = trainings * model + (isStored ? 0 : base.bytes);
  const state = 2 * 3 * model;
  const ledgers = expected.completionTokens * TOKEN_BYTES + expected.calls * OUTCOME_BYTES;
  return { checkpoints, state, ledgers, total: checkpoints + state + ledgers };
}

/** Why the store cannot hold the lap; undefined where it can, or nobody knows. */
export function diskRefusal(disk: Disk | undefined, { free }: LapFacts): Refusal | undefined {
  if (disk === undefined || free === undefined || disk.total <= free.bytes) return undefined;
  return {
    field: 'disk',
    expected: `${bytesText(disk.total)} free in ${free.of} (${diskText(disk)})`,
    got: bytesText(free.bytes),
    remedy: 'make room, or let FLYWHEEL_STATE be a folder of a larger file system',
  };
}

/** `checkpoints 2.69 GB, …`. */
export function diskText({ checkpoints, state, ledgers }: Disk): string {
  return (
    `checkpoints ${bytesText(checkpoints)}, the running training's state up to ${bytesText(state)}, ` +
    `answers ${bytesText(ledgers)}`
  );
}

/** `538 MB`. */
export const bytesText = (bytes: number): string => `${short(bytes).replace('k', 'K').replace(/(\d)$/, '$1 ')}B`;
