import type { Score } from './scores.ts';
import type { Task } from './records.ts';

/** How sampling is done; always sent in full, since servers differ in their defaults. */
export interface Sampling {
  readonly temperature: number;
  readonly topP: number;
  readonly maxTokens: number;
}

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/**
 * What became of one model call. Only `answered` is evidence; an outage is never a score.
 * - `answered`: complete and well formed for its task.
 * - `unparseable`: complete, but breaks its task's format.
 * - `truncated`: the server stopped it at a limit.
 * - `failed`: no text (the server refused, or was gone for longer than the retries last).
 */
export const OUTCOME_KINDS = ['answered', 'unparseable', 'truncated', 'failed'] as const;
export type OutcomeKind = (typeof OUTCOME_KINDS)[number];

/** One line of a ledger. */
export interface Outcome {
  /** Identity of the call: same key, same call; paid once. */
  readonly key: string;
  /** Row of the set that was asked about, and which of its samples this is. */
  readonly row: string;
  readonly sample: number;
  readonly kind: OutcomeKind;
  readonly task: Task;
  /** Checkpoint digest. */
  readonly model: string;
  readonly seed: number;
  /** The answer without the model's thinking; absent only when `failed`. */
  readonly text?: string | undefined;
  /** The verdict in the box, for `verify`, `metaVerify` and `selfVerify` answers that are well formed. */
  readonly score?: Score | undefined;
  /** Why it is not `answered`, in a few words. */
  readonly reason?: string;
  /** HTTP status by which a server refused a call that `failed`. */
  readonly status?: number | undefined;
  readonly usage?: Usage | undefined;
  readonly latencyMs: number;
  /** Requests it took, retries included. */
  readonly requests: number;
}

export type OutcomeCounts = Readonly<Record<OutcomeKind, number>>;

export const callsIn = (counts: OutcomeCounts): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
