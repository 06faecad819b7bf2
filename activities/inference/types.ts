import type { ModelRef, Task } from '../../shared/records.ts';
import type { Sampling } from '../../shared/outcomes.ts';
import type { RateLimits } from '../../shared/sampling/rateLimit.ts';
import type { TemplateKwargs, ThinkingFormat } from '../../shared/thinking.ts';
import type { WrittenMessage } from './written.ts';

/** What a call asks, without which of its samples it is. */
export interface Question {
  readonly model: ModelRef;
  readonly task: Task;
  readonly messages: readonly WrittenMessage[];
  readonly sampling: Sampling;
  /** Revisions that a trajectory may have, where that is not the usual; how the answer is read, no part of the call. */
  readonly maxRevisions?: number | undefined;
}

/** One question to one model. */
export interface ModelCall extends Question {
  /** Identity: see `callKey`. Equal keys are the same call, and are paid once. */
  readonly key: string;
  /** Row of the set that is asked about, and which of its samples this is. */
  readonly row: string;
  readonly sample: number;
  /** How often that sample was asked for before. @default 0 */
  readonly attempt?: number | undefined;
  readonly seed: number;
  /** Digest of its prompt, where several calls that are made now have the same. */
  readonly sharedPrompt?: string | undefined;
}

/** A server that speaks the OpenAI chat completions API. */
export interface Endpoint {
  /** With or without the trailing `/v1`. */
  readonly baseUrl: string;
  /** Name to send as `model`. */
  readonly model: string;
  /** Calls it may have at once; the limit in use adapts below it. */
  readonly maxConcurrency: number;
  readonly apiKey?: string;
  /** Names that its answers may have beside that one. @default none */
  readonly answersAs?: readonly string[] | undefined;
  /** How its replies hold thinking, by what their chat template was told. @default nobody has said that they do */
  readonly thinking?: ((templateKwargs: TemplateKwargs | undefined) => ThinkingFormat | undefined) | undefined;
  /** It separates thinking itself, by token ids, when a request tells it the tags. */
  readonly separates?: boolean;
  /** Field of a request by which it limits the tokens of thinking, where it can. */
  readonly budgetField?: string | undefined;
  /**
   * Calls that come at once share what it reads of their prompts, too. @default one has to go first, and the others
   * when it has begun to be answered
   */
  readonly sharesAtOnce?: boolean;
  /**
   * Servers of its model come and go by themselves: how often they are asked for anew while calls wait or are under
   * way, milliseconds. @default they stay until one is gone
   */
  readonly lookEveryMs?: number;
  /** How fast it may be asked, by all models together. @default as fast as it answers */
  readonly limits?: RateLimits | undefined;
}

/** What a process asks of a model now. */
export interface Load {
  /** Calls that wait for a server. */
  readonly waiting: number;
  /** Calls under way by `baseUrl`. */
  readonly inFlight: Readonly<Record<string, number>>;
}

/**
 * Where a model is served now. Asked again with `refresh` when an endpoint is gone, at most every few seconds: the
 * serving side then starts it again. Without an engine, the one by which it is held serves it. With a load, that is told
 * to the serving side, which may start or end servers for it. An empty list or an error means: nowhere yet, ask again
 * later.
 */
export type EndpointResolver = (
  model: ModelRef,
  options: { readonly refresh: boolean; readonly engine?: string; readonly load?: Load },
) => Promise<readonly Endpoint[]>;
