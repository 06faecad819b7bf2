import type { Score } from './scores.ts';
import type { Task } from './records.ts';
import type { TemplateKwargs } from './thinking.ts';

/** How sampling is done; always sent in full, since servers differ in their defaults. */
export interface Sampling {
  readonly temperature: number;
  readonly topP: number;
  /** Of the answer; of the thinking, too, where that has no limit of its own. */
  readonly maxTokens: number;
  /** Of the thinking, beside `maxTokens`; the server is sent the sum. */
  readonly maxThinkingTokens?: number | undefined;
  /** What the chat template is told, such as `{"enable_thinking": false}`. @default nothing */
  readonly templateKwargs?: TemplateKwargs | undefined;
}

export interface Usage {
  readonly promptTokens: number;
  /** Thinking included. */
  readonly completionTokens: number;
  /** Of them, those of the thinking: as the server says, else by its share of the characters. Absent: none. */
  readonly thinkingTokens?: number | undefined;
  /** Of the prompt's, those that the server had in its cache, where it says so. */
  readonly cachedPromptTokens?: number | undefined;
}

export const NO_USAGE: Usage = { promptTokens: 0, completionTokens: 0 };

export function addUsage(a: Usage, b: Usage = NO_USAGE): Usage {
  const thinkingTokens = (a.thinkingTokens ?? 0) + (b.thinkingTokens ?? 0);
  const cachedPromptTokens = (a.cachedPromptTokens ?? 0) + (b.cachedPromptTokens ?? 0);
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    ...(thinkingTokens > 0 && { thinkingTokens }),
    ...(cachedPromptTokens > 0 && { cachedPromptTokens }),
  };
}

/**
 * What became of one model call. Only `answered` is evidence; an outage is never a score.
 * - `answered`: complete and well formed for its task.
 * - `unparseable`: complete, but breaks its task's format.
 * - `truncated`: the server stopped it at a limit.
 * - `failed`: no text (the server refused, the call broke again and again, or there was no patience left).
 */
export const OUTCOME_KINDS = ['answered', 'unparseable', 'truncated', 'failed'] as const;
export type OutcomeKind = (typeof OUTCOME_KINDS)[number];

/**
 * Why a call has no answer, or no whole one.
 * - Of its server, which is waited for: `outage`, `quota`, `auth` (it refuses the key), `wrong model`.
 * - Of one exchange, which is tried again: `cut`, `malformed`, `timeout`.
 * - Of the call itself: `overflow` (it has more tokens than the server takes), `filter`, `request` (refused for
 * something
 *   else).
 * - Of the answer: `length`, `filter`, `unknown end` (for a reason that nobody knows), `refusal`, `empty`.
 */
export type Cause =
  | 'outage'
  | 'quota'
  | 'auth'
  | 'wrong model'
  | 'cut'
  | 'malformed'
  | 'timeout'
  | 'overflow'
  | 'filter'
  | 'request'
  | 'length'
  | 'unknown end'
  | 'refusal'
  | 'empty';

/** One line of a ledger. */
export interface Outcome {
  /** Identity of the call: same key, same call; paid once. */
  readonly key: string;
  /** Row of the set that was asked about, and which of its samples this is. */
  readonly row: string;
  readonly sample: number;
  /** How often it had been asked before, each time under another seed. @default 0 */
  readonly attempt?: number | undefined;
  readonly kind: OutcomeKind;
  readonly task: Task;
  /** Checkpoint digest. */
  readonly model: string;
  readonly seed: number;
  /** The answer alone, as the model gave it; absent only when `failed`. */
  readonly text?: string | undefined;
  /** The model's thinking before the answer, where there was any. */
  readonly thinking?: string | undefined;
  /** What a trajectory was allowed where its format was read, if that was not the usual (shared/answers.ts). */
  readonly maxRevisions?: number | undefined;
  /** The verdict in the box, for `verify`, `metaVerify` and `selfVerify` answers that are well formed. */
  readonly score?: Score | undefined;
  /** Why it is not `answered`, where it is not the text that breaks its task's format. */
  readonly cause?: Cause | undefined;
  /** The same in a few words. */
  readonly reason?: string;
  /** HTTP status by which a server refused a call that `failed`. */
  readonly status?: number | undefined;
  readonly usage?: Usage | undefined;
  readonly latencyMs: number;
  /** Requests it took, retries included. */
  readonly requests: number;
  /** The lap that paid for it, where another took it over. */
  readonly takenFrom?: string | undefined;
}

/** Calls that an earlier lap paid for: part of what a set came to, and of nobody's costs now. */
export interface TakenCalls {
  readonly calls: number;
  readonly usage: Usage;
}

export type OutcomeCounts = Readonly<Record<OutcomeKind, number>>;

export const callsIn = (counts: OutcomeCounts): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
