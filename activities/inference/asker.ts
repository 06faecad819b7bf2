import { setTimeout as sleep } from 'node:timers/promises';
import { parseAnswer, stripThinking } from '../../shared/answers.ts';
import type { Outcome } from '../../shared/outcomes.ts';
import { modelKey, type ChatMessage } from '../../shared/records.ts';
import { postJson } from './http.ts';
import type { Ledger } from './ledger.ts';
import { readError, readReply, type Reply } from './reply.ts';
import type { ModelServers, Slot } from './servers.ts';
import type { Asker, ModelCall } from './types.ts';

export interface AskerOptions {
  readonly ledger: Ledger;
  readonly servers: ModelServers;
  /**
   * Longest a single request may take, milliseconds: long enough for the longest answer, and the only cure for a server
   * that never ends one.
   * @default 7_200_000 (two hours; a 128K-token proof at 20 tokens/s)
   */
  readonly callTimeoutMs?: number;
  /**
   * Longest a call is kept while its servers answer nothing but 429 and 503, milliseconds.
   * @default 600_000
   */
  readonly patienceMs?: number;
  /**
   * Requests that may break (5xx, cut replies, timeouts) before the call has failed.
   * @default 5
   */
  readonly brokenTries?: number;
}

/** First pause after a broken request, doubled each time, with jitter. Ours. */
const BROKEN_PAUSE_MS = 250;

/**
 * Answers calls through a ledger: what is on it is not asked again, except what `failed`, which nobody was paid for.
 */
export class LedgerAsker implements Asker {
  readonly #options: Required<AskerOptions>;
  readonly #underWay = new Map<string, Promise<Outcome>>();
  /** Requests sent by this asker. */
  requests = 0;

  constructor(options: AskerOptions) {
    this.#options = { callTimeoutMs: 7_200_000, patienceMs: 600_000, brokenTries: 5, ...options };
  }

  /** Equal calls at the same time are one; they share its signal too. */
  ask(call: ModelCall, signal?: AbortSignal): Promise<Outcome> {
    const joined = this.#underWay.get(call.key);
    if (joined !== undefined) return joined;
    const outcome = this.#ask(call, signal).finally(() => this.#underWay.delete(call.key));
    this.#underWay.set(call.key, outcome);
    return outcome;
  }

  async #ask(call: ModelCall, signal: AbortSignal | undefined): Promise<Outcome> {
    const { ledger, servers, patienceMs, brokenTries } = this.#options;
    if (ledger.has(call.key)) {
      const known = (await ledger.get(call.key)) as Outcome;
      if (known.kind !== 'failed') return known;
    }
    const queue = servers.of(call.model);
    const since = Date.now();
    let requests = 0;
    let broken = 0;
    for (;;) {
      const slot = await queue.slot(since, requests > 0, signal);
      if (slot.kind === 'noServer') return this.#record(failed(call, slot.message, 0, requests));
      let reply: Reply;
      // The slot is held until the outcome is on the ledger: no more calls are ever unrecorded than the servers' limits
      // allow.
      try {
        requests += 1;
        this.requests += 1;
        const sentAt = Date.now();
        reply = await this.#send(slot, call, signal);
        slot.learn(reply, sentAt);
        const latencyMs = Date.now() - sentAt;
        if (reply.kind === 'answer') return await this.#record(classify(call, reply, latencyMs, requests));
        if (reply.kind === 'refused')
          return await this.#record({ ...failed(call, reply.message, latencyMs, requests), status: reply.status });
        if (reply.kind === 'broken') broken += 1;
        const outOfPatience = reply.kind === 'overloaded' && Date.now() - since > patienceMs;
        if (broken >= brokenTries || outOfPatience)
          return await this.#record(failed(call, reply.message, latencyMs, requests));
      } finally {
        slot.release();
      }
      if (reply.kind === 'broken')
        await sleep(
          BROKEN_PAUSE_MS * 2 ** (broken - 1) * (0.5 + Math.random()),
          undefined,
          signal === undefined ? {} : { signal },
        );
    }
  }

  async #send({ server }: Slot, call: ModelCall, signal: AbortSignal | undefined): Promise<Reply> {
    try {
      return readReply(
        await postJson(
          server.pool,
          {
            path: server.path,
            headers: server.headers,
            body: bodyOf(call, server.endpoint.model),
            timeoutMs: this.#options.callTimeoutMs,
          },
          signal,
        ),
      );
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      return readError(error as Error);
    }
  }

  async #record(outcome: Outcome): Promise<Outcome> {
    await this.#options.ledger.append(outcome);
    return outcome;
  }
}

/** Messages are the same for all samples of a row: written out once. */
const written = new WeakMap<readonly ChatMessage[], string>();

function bodyOf({ messages, sampling, seed }: ModelCall, model: string): string {
  let text = written.get(messages);
  if (text === undefined) {
    text = JSON.stringify(messages);
    written.set(messages, text);
  }
  return (
    `{"model":${JSON.stringify(model)},"messages":${text},"temperature":${sampling.temperature}` +
    `,"top_p":${sampling.topP},"max_tokens":${sampling.maxTokens},"seed":${seed},"n":1,"stream":false}`
  );
}

function classify(
  call: ModelCall,
  reply: Extract<Reply, { kind: 'answer' }>,
  latencyMs: number,
  requests: number,
): Outcome {
  const known = {
    ...identity(call),
    ...(reply.usage === undefined ? {} : { usage: reply.usage }),
    latencyMs,
    requests,
  };
  if (!reply.validText)
    return { ...known, kind: 'unparseable', text: stripThinking(reply.content), reason: 'not valid UTF-8' };
  if (reply.finish === 'limit')
    return {
      ...known,
      kind: 'truncated',
      text: stripThinking(reply.content),
      reason: 'stopped at a limit of the server',
    };
  const parsed = parseAnswer(call.task, reply.content);
  if (parsed.kind === 'malformed') return { ...known, kind: 'unparseable', text: parsed.text, reason: parsed.reason };
  return {
    ...known,
    kind: 'answered',
    text: parsed.text,
    ...(parsed.score === undefined ? {} : { score: parsed.score }),
  };
}

function failed(call: ModelCall, reason: string, latencyMs: number, requests: number): Outcome {
  return { ...identity(call), kind: 'failed', reason, latencyMs, requests };
}

function identity({
  key,
  row,
  sample,
  task,
  model,
  seed,
}: ModelCall): Pick<Outcome, 'key' | 'row' | 'sample' | 'task' | 'model' | 'seed'> {
  return { key, row, sample, task, model: modelKey(model), seed };
}
