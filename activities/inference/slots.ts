import type { Priority } from '@temporalio/common';
import type { Cause } from '../../shared/outcomes.ts';
import { modelKey, type ModelRef } from '../../shared/records.ts';
import type { RequestTokens } from '../../shared/sampling/rateLimit.ts';
import type { Identity } from './identity.ts';
import type { OnPart } from './http.ts';
import type { Reply } from './reply.ts';
import type { BodyOf, Server } from './server.ts';
import type { EndpointResolver } from './types.ts';

export interface QueueOptions {
  readonly resolve: EndpointResolver;
  /**
   * How long a call waits while no server of its model answers, milliseconds, where its asker does not say.
   * @default 600_000
   */
  readonly patienceMs: number;
  /** Tells whether a server's model is the one that is asked for. @default by the name in its answers alone */
  readonly identity?: Identity | undefined;
}

/** One call's part in a prompt that others have, too. */
export interface PromptTurn {
  /** It has begun to be answered: its prompt has been read. */
  begun(): void;
  /** Nothing more will come of it. */
  end(): void;
}

/** The right to make one call now. */
export interface Slot {
  readonly kind: 'slot';
  readonly server: Server;
  /** Whether others wait until this call has begun to be answered. */
  readonly leads: boolean;
  /**
   * Sends the call; what came of it is known to the queue then.
   * @param onPart called as more of an answer comes.
   * @throws only the signal's reason.
   */
  ask(bodyOf: BodyOf, limit: number, signal: AbortSignal | undefined, onPart?: OnPart): Promise<Reply>;
  /**
   * Whether something was answered after that time; where that is not known, or the server is in doubt, it is asked the
   * least that there is. @throws only the signal's reason.
   */
  answersSince(time: number, signal: AbortSignal | undefined): Promise<boolean>;
  /** Keeps how an answer is taken back, should it turn out that another model gave it. */
  unproven(takeBack: () => Promise<void>): void;
  release(): void;
}

/** No server answered for as long as the call had patience, or none ever will. */
export interface NoSlot {
  readonly kind: 'noServer';
  readonly cause: Cause;
  readonly message: string;
}

/** How a call asks for a slot. */
export interface Wish {
  /** When it first asked for one. */
  readonly since: number;
  /** It was sent before. */
  readonly again: boolean;
  readonly tokens: RequestTokens;
  /** @default no other call has its prompt */
  readonly turn?: PromptTurn | undefined;
  /** @default the servers' own */
  readonly patienceMs?: number | undefined;
  /** Whose call it is, where several laps take turns. @default nobody's */
  readonly part?: Priority | undefined;
}

export interface Waiter extends Wish {
  readonly resolve: (slot: Slot | NoSlot) => void;
}

/** Since when no server of a model answers, and what was heard last. */
export interface Waiting {
  /** ISO 8601. */
  readonly since: string;
  readonly last: string;
}

/** How long all servers may refuse the key: a gateway that restarts may, too; else a person must mend it. Ours. */
const AUTH_PATIENCE_MS = 60_000;

interface Wait {
  /** When the call began to wait for servers of which none answers. */
  readonly since: number;
  readonly patienceMs: number;
  /** What each server said last, and until when it is not asked again. */
  readonly servers: readonly {
    readonly trouble: { readonly cause: Cause } | undefined;
    readonly pausedUntil: number;
  }[];
  /** Nothing but a person can say where the model is served. */
  readonly hopeless: boolean;
  readonly now: number;
}

/**
 * For how long a call waited that need not wait any longer, in words: its patience is over, or a quota ends later than
 * that, or only a person can mend what is wrong. Undefined: it goes on.
 */
export function outOfPatience({ since, patienceMs, servers, hopeless, now }: Wait): string | undefined {
  // Who waits for ever does so whatever it is that is wrong.
  if (patienceMs === Infinity) return undefined;
  if (hopeless) return '';
  const all = (cause: Cause): boolean => servers.length > 0 && servers.every(({ trouble }) => trouble?.cause === cause);
  const until = since + (all('auth') ? Math.min(AUTH_PATIENCE_MS, patienceMs) : patienceMs);
  const back = all('quota') ? Math.min(...servers.map(({ pausedUntil }) => pausedUntil)) : 0;
  if (back > until) return ` or will before ${new Date(back).toISOString()}, when its quota is there again`;
  return until <= now ? ` for ${Math.round((until - since) / 1000)} s` : undefined;
}

export function noSlot(model: ModelRef, servers: Wait['servers'], words: string): NoSlot {
  const cause = servers.at(-1)?.trouble?.cause ?? 'outage';
  return { kind: 'noServer', cause, message: `no server of model ${modelKey(model)} answered${words}` };
}
