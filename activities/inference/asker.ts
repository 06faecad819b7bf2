import { setTimeout as sleep } from 'node:timers/promises';
import { parseAnswer } from '../../shared/answers.ts';
import type { Outcome, Sampling, Usage } from '../../shared/outcomes.ts';
import { modelKey, type ChatMessage } from '../../shared/records.ts';
import { separate, unannouncedMark, type Separated, type ThinkingFormat } from '../../shared/thinking.ts';
import { postJson } from './http.ts';
import type { Ledger } from './ledger.ts';
import { readError, readReply, type Reply } from './reply.ts';
import type { ModelServers, Slot } from './servers.ts';
import type { Endpoint, ModelCall } from './types.ts';

/**
 * Longest a single request may take, milliseconds: long enough for the longest answer (two hours; a 128K-token proof at
 * 20 tokens/s), and the only cure for a server that never ends one.
 */
const CALL_TIMEOUT_MS = 7_200_000;
/** Longest a call is kept while its servers answer nothing but 429 and 503, milliseconds. */
const PATIENCE_MS = 600_000;
/** Requests that may break (5xx, cut replies, timeouts) before the call has failed. */
const BROKEN_TRIES = 5;
/** First pause after a broken request, doubled each time, with jitter. Ours. */
const BROKEN_PAUSE_MS = 250;

/**
 * Answers calls through a ledger: what is on it is not asked again, except what `failed`, which nobody was paid for.
 */
export class LedgerAsker {
  readonly #ledger: Ledger;
  readonly #servers: ModelServers;
  readonly #underWay = new Map<string, Promise<Outcome>>();
  /** Requests sent by this asker. */
  requests = 0;

  constructor(ledger: Ledger, servers: ModelServers) {
    this.#ledger = ledger;
    this.#servers = servers;
  }

  /**
   * The call's outcome: from the ledger when it is there, else by asking, retries included; on the ledger before it is
   * returned. Equal calls at the same time are one; they share its signal too.
   * @throws only when cancelled or when the ledger cannot be written. Everything else is a typed outcome.
   */
  ask(call: ModelCall, signal?: AbortSignal): Promise<Outcome> {
    const joined = this.#underWay.get(call.key);
    if (joined !== undefined) return joined;
    const outcome = this.#ask(call, signal).finally(() => this.#underWay.delete(call.key));
    this.#underWay.set(call.key, outcome);
    return outcome;
  }

  async #ask(call: ModelCall, signal: AbortSignal | undefined): Promise<Outcome> {
    const known = await this.#ledger.get(call.key);
    if (known !== undefined && known.kind !== 'failed') return known;
    const queue = this.#servers.of(call.model);
    const since = Date.now();
    let requests = 0;
    let broken = 0;
    for (;;) {
      const slot = await queue.slot(since, requests > 0, signal);
      if (slot.kind === 'noServer') return this.#record(failed(call, slot, { latencyMs: 0, requests }));
      // The slot is held until the outcome is on the ledger: no more calls are ever unrecorded than the servers' limits
      // allow.
      try {
        requests += 1;
        this.requests += 1;
        const sentAt = Date.now();
        const reply = await send(slot, call, signal);
        slot.learn(reply, sentAt);
        const took = { latencyMs: Date.now() - sentAt, requests };
        if (reply.kind === 'answer') return await this.#record(classify(call, reply, formatOf(slot, call), took));
        if (reply.kind === 'broken') broken += 1;
        const outOfPatience = reply.kind === 'overloaded' && Date.now() - since > PATIENCE_MS;
        if (reply.kind === 'refused' || broken >= BROKEN_TRIES || outOfPatience)
          return await this.#record(failed(call, reply, took));
        if (reply.kind !== 'broken') continue;
      } finally {
        slot.release();
      }
      await sleep(BROKEN_PAUSE_MS * 2 ** (broken - 1) * (0.5 + Math.random()), undefined, { signal });
    }
  }

  async #record(outcome: Outcome): Promise<Outcome> {
    await this.#ledger.append(outcome);
    return outcome;
  }
}

async function send({ server }: Slot, call: ModelCall, signal: AbortSignal | undefined): Promise<Reply> {
  try {
    return readReply(await postJson(server, bodyOf(call, server.endpoint), CALL_TIMEOUT_MS, signal));
  } catch (error) {
    signal?.throwIfAborted();
    return readError(error as Error);
  }
}

/** Messages are the same for all samples of a row: written out once. */
const written = new WeakMap<readonly ChatMessage[], string>();

function bodyOf({ messages, sampling, seed }: ModelCall, endpoint: Endpoint): string {
  let text = written.get(messages);
  if (text === undefined) {
    text = JSON.stringify(messages);
    written.set(messages, text);
  }
  const { temperature, topP, maxTokens, maxThinkingTokens = 0 } = sampling;
  const more = JSON.stringify(thinkingFields(sampling, endpoint)).slice(1, -1);
  return (
    `{"model":${JSON.stringify(endpoint.model)},"messages":${text},"temperature":${temperature}` +
    `,"top_p":${topP},"max_tokens":${maxTokens + maxThinkingTokens},"seed":${seed},"n":1,"stream":false` +
    `${more === '' ? '' : `,${more}`}}`
  );
}

/** What a request says of thinking, where there is something to say. */
function thinkingFields({ maxThinkingTokens, templateKwargs }: Sampling, endpoint: Endpoint): object {
  const { budgetField, separates, thinking } = endpoint;
  const format = thinking?.(templateKwargs);
  return {
    ...(templateKwargs !== undefined && { chat_template_kwargs: templateKwargs }),
    ...(budgetField !== undefined && maxThinkingTokens !== undefined && { [budgetField]: maxThinkingTokens }),
    ...(separates === true && typeof format === 'object' && { thinking: format }),
  };
}

/** Undefined where nobody has said. */
function formatOf({ server }: Slot, { sampling }: ModelCall): ThinkingFormat | undefined {
  return server.endpoint.thinking?.(sampling.templateKwargs);
}

type Took = Pick<Outcome, 'latencyMs' | 'requests'>;

function classify(
  call: ModelCall,
  { content, reasoning, finish, usage, validText }: Extract<Reply, { kind: 'answer' }>,
  format: ThinkingFormat | undefined,
  took: Took,
): Outcome {
  const parts = separate(format ?? 'none', { content, reasoning });
  const { thinking, answer: text, stillThinking } = parts;
  const { maxRevisions } = call;
  const known = {
    ...identity(call),
    ...(maxRevisions !== undefined && { maxRevisions }),
    ...(thinking !== undefined && { thinking }),
    usage: usage && withThinking(usage, parts),
    ...took,
  };
  if (!validText) return { ...known, kind: 'unparseable', text, reason: 'not valid UTF-8' };
  if (finish === 'limit') {
    const where = stillThinking ? `, after ${thinking?.length ?? 0} characters of thinking that had not ended` : '';
    return { ...known, kind: 'truncated', text, reason: `stopped at a limit of the server${where}` };
  }
  if (stillThinking) return { ...known, kind: 'unparseable', text, reason: ONLY_THINKING };
  const mark = format === undefined && thinking === undefined ? unannouncedMark(text) : undefined;
  if (mark !== undefined) return { ...known, kind: 'unparseable', text, reason: `begins with ${mark}, ${UNANNOUNCED}` };
  const parsed = parseAnswer(call.task, text, maxRevisions);
  return parsed.kind === 'malformed'
    ? { ...known, kind: 'unparseable', text, reason: parsed.reason }
    : { ...known, kind: 'answered', text, score: parsed.score };
}

const UNANNOUNCED =
  'though nobody has said that this model thinks: say it by "thinking" of its endpoint (FLYWHEEL_ENDPOINTS)';
const ONLY_THINKING =
  'thinking and no answer: the model never ended it, or the server is told of another format of thinking than the ' +
  "model's";

/** Tokens of the thinking, from its share of the characters where the server does not tell. */
function withThinking(usage: Usage, { thinking = '', answer }: Separated): Usage {
  if (usage.thinkingTokens !== undefined || thinking === '') return usage;
  const share = thinking.length / (thinking.length + answer.length);
  return { ...usage, thinkingTokens: Math.round(usage.completionTokens * share) };
}

function failed(
  call: ModelCall,
  { message, status }: { readonly message: string; readonly status?: number },
  took: Took,
): Outcome {
  return { ...identity(call), kind: 'failed', reason: message, ...took, status };
}

function identity({ key, row, sample, attempt = 0, task, model, seed }: ModelCall) {
  return { key, row, sample, ...(attempt > 0 && { attempt }), task, model: modelKey(model), seed };
}
