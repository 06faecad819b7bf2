import { setTimeout as sleep } from 'node:timers/promises';
import type { Priority } from '@temporalio/common';
import { parseAnswer } from '../../shared/answers.ts';
import type { Cause, Outcome, Usage } from '../../shared/outcomes.ts';
import { modelKey, type ModelRef } from '../../shared/records.ts';
import { separate, unannouncedMark, type Separated, type ThinkingFormat } from '../../shared/thinking.ts';
import type { EarlierCalls } from '../ledger/earlierCalls.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { countOutcome, countReply } from '../metrics/calls.ts';
import { inSpan } from '../metrics/spans.ts';
import type { Answer, Failure } from './reply.ts';
import { requestBody } from './requestBody.ts';
import type { ModelServers } from './servers.ts';
import type { PromptTurn, Slot, Waiting } from './slots.ts';
import { tokensOf } from './tokens.ts';
import type { ModelCall } from './types.ts';

/**
 * Times that one call may break before it has failed. None counts while nothing else is answered: before a broken call
 * is sent again, its servers have answered another one, or a short question that only finds that out. So a call that
 * breaks whatever it is sent to does not hold up its set, and servers that are gone are waited for.
 */
const BROKEN_TRIES = 5;
/** Pauses after a broken request, doubled each time, with jitter: first, and at most. Ours. */
const BROKEN_PAUSE_MS = { first: 250, most: 20_000 };
export interface AskerOptions {
  /** How long a call waits while no server of its model answers, milliseconds. @default the servers' own */
  readonly patienceMs?: number | undefined;
  /**
   * What becomes of a call then: an outcome `failed`, or a `NoServer` that is thrown; and so a `WrongModel` where
   * another model gave some of the answers. @default 'fail'
   */
  readonly onOutage?: 'fail' | 'throw';
  /** What earlier laps paid for: taken over in place of asking. @default nothing */
  readonly earlier?: Pick<EarlierCalls, 'find'> | undefined;
  /** Whose calls these are, where several laps take turns at a server. @default nobody's */
  readonly part?: Priority | undefined;
  /**
   * Asked before each call that is to be paid for; what it returns is called once the outcome is on the ledger.
   * @param again whether the call is on the ledger as one that failed.
   * @default all may be made
   */
  readonly reserve?: ((call: ModelCall, again: boolean, signal?: AbortSignal) => Promise<() => void>) | undefined;
}

/** No server of a model answered for as long as there was patience; nothing was learned about any call. */
export class NoServer extends Error {
  override readonly name = 'NoServer';
}

/** Another model gave some of the answers; they are taken back, and are to be asked for again. */
export class WrongModel extends Error {
  override readonly name = 'WrongModel';
}

/**
 * Answers calls through a ledger: what is on it is not asked again, except what `failed`, which nobody was paid for.
 */
export class LedgerAsker {
  readonly #ledger: Ledger;
  readonly #servers: ModelServers;
  readonly #options: AskerOptions;
  readonly #underWay = new Map<string, Promise<Outcome>>();
  /** Requests sent by this asker. */
  requests = 0;
  /**
   * Rises with each call that is sent for the first time, each answer and its parts: what takes long and rises lives.
   */
  progress = 0;
  #takenBack = 0;

  constructor(ledger: Ledger, servers: ModelServers, options: AskerOptions = {}) {
    this.#ledger = ledger;
    this.#servers = servers;
    this.#options = options;
  }

  /**
   * The call's outcome: from the ledger when it is there, else by asking, retries included; on the ledger before it is
   * returned. Equal calls at the same time are one; they share its signal too.
   * @throws only when cancelled, when the ledger cannot be written, what `reserve` throws, and, where that is asked for,
   * `NoServer` and, when answers of this asker were taken back, `WrongModel`. Everything else is a typed outcome.
   */
  ask(call: ModelCall, signal?: AbortSignal): Promise<Outcome> {
    const joined = this.#underWay.get(call.key);
    if (joined !== undefined) return joined;
    const outcome = this.#ask(call, signal).finally(() => this.#underWay.delete(call.key));
    this.#underWay.set(call.key, outcome);
    return outcome;
  }

  /** Resolves when calls to the model are welcome: see `ModelQueue.ready`. @throws the signal's reason. */
  ready(model: ModelRef, signal: AbortSignal, together = false): Promise<void> {
    return this.#servers.of(model).ready(signal, together);
  }

  async #ask(call: ModelCall, signal: AbortSignal | undefined): Promise<Outcome> {
    const known = await this.#ledger.get(call.key);
    if (known !== undefined && known.kind !== 'failed') return known;
    const earlier = known === undefined ? await this.#options.earlier?.find(call.key) : undefined;
    if (earlier !== undefined) {
      this.progress += 1;
      return this.#record(call, earlier);
    }
    const release = await this.#options.reserve?.(call, known !== undefined, signal);
    const turn = call.sharedPrompt === undefined ? undefined : this.#servers.of(call.model).join(call.sharedPrompt);
    try {
      const { role } = call.model;
      return await inSpan(
        `model call ${call.task}`,
        { 'flywheel.task': call.task, 'flywheel.role': role, 'gen_ai.request.model': modelKey(call.model) },
        () => this.#pay(call, { again: known !== undefined, turn }, signal),
        { told: spanOf },
      );
    } finally {
      turn?.end();
      release?.();
    }
  }

  async #pay(
    call: ModelCall,
    { again, turn }: { readonly again: boolean; readonly turn: PromptTurn | undefined },
    signal: AbortSignal | undefined,
  ): Promise<Outcome> {
    const queue = this.#servers.of(call.model);
    const { patienceMs, onOutage, part } = this.#options;
    const since = Date.now();
    const tokens = tokensOf(call);
    let requests = 0;
    let broken = 0;
    let brokenAt: number | undefined;
    for (;;) {
      if (this.#takenBack > 0 && onOutage === 'throw') throw this.#wrongModel();
      const slot = await queue.slot({ since, again: requests > 0, tokens, turn, patienceMs, part }, signal);
      if (slot.kind === 'noServer') {
        if (onOutage === 'throw') throw new NoServer(slot.message);
        return this.#record(call, failed(call, slot, { latencyMs: 0, requests }));
      }
      // The slot is held until the outcome is on the ledger: no more calls are ever unrecorded than the servers' limits
      // allow.
      try {
        if (brokenAt !== undefined && !(await slot.answersSince(brokenAt, signal))) continue;
        requests += 1;
        this.requests += 1;
        if (!again && requests === 1) this.progress += 1;
        const sentAt = Date.now();
        const onPart = (hasText: boolean) => {
          this.progress += 1;
          if (hasText) turn?.begun();
        };
        const body = requestBody(call, slot.server.endpoint, slot.leads);
        const reply = await slot.ask(body, tokens.answer, signal, onPart);
        const took = { latencyMs: Date.now() - sentAt, requests };
        countReply(call, reply, took.latencyMs);
        if (reply.kind === 'answer') {
          this.progress += 1;
          turn?.begun();
          const outcome = await this.#record(call, classify(call, reply, formatOf(slot, call), took));
          slot.unproven(() => this.#takeBack(call, outcome));
          return outcome;
        }
        if (reply.kind === 'refused') return await this.#record(call, failed(call, reply, took));
        if (reply.kind === 'overloaded') continue;
        if (reply.kind === 'gone' && reply.status === undefined) continue;
        broken += 1;
        brokenAt = Date.now();
        if (broken >= BROKEN_TRIES) return await this.#record(call, failed(call, reply, took));
      } finally {
        slot.release();
      }
      const pause = Math.min(BROKEN_PAUSE_MS.most, BROKEN_PAUSE_MS.first * 2 ** (broken - 1));
      await sleep(pause * (0.5 + Math.random()), undefined, { signal });
    }
  }

  /** What is known while no server of one of the models answers. */
  waiting(models: readonly ModelRef[]): Waiting | undefined {
    return models.map((model) => this.#servers.of(model).waiting).find((waiting) => waiting !== undefined);
  }

  /** Whether there is nothing for `prove` to do. */
  isProven(models: readonly ModelRef[]): boolean {
    return models.every((model) => this.#servers.of(model).isProven);
  }

  /**
   * Makes sure that all answers so far are of the model that was asked: before anything is concluded from them for
   * good.
   * @throws WrongModel when some were not; they are failures on the ledger now, and asked again by who opens it next.
   */
  async prove(models: readonly ModelRef[]): Promise<void> {
    await Promise.all(models.map((model) => this.#servers.of(model).prove()));
    if (this.#takenBack > 0) throw this.#wrongModel();
  }

  #wrongModel(): WrongModel {
    return new WrongModel(
      `Expected all answers to be of the model that was asked, but ${this.#takenBack} may be of another one that was ` +
        'served in its place: they are taken back, and asked for again',
    );
  }

  async #takeBack(call: ModelCall, { latencyMs, requests }: Outcome): Promise<void> {
    this.#takenBack += 1;
    const message = 'another model may have given the answer';
    await this.#record(call, failed(call, { cause: 'wrong model', message }, { latencyMs, requests }));
  }

  async #record(call: ModelCall, outcome: Outcome): Promise<Outcome> {
    await this.#ledger.append(outcome);
    countOutcome(call, outcome);
    return outcome;
  }
}

/** Undefined where nobody has said. */
function formatOf({ server }: Slot, { sampling }: ModelCall): ThinkingFormat | undefined {
  return server.endpoint.thinking?.(sampling.templateKwargs);
}

/** What a trace says of a call's outcome; no text of it. */
function spanOf({ kind, cause, usage, requests }: Outcome): Record<string, string | number> {
  return {
    'flywheel.outcome': kind,
    'flywheel.requests': requests,
    ...(cause !== undefined && { 'flywheel.cause': cause }),
    ...(usage && {
      'gen_ai.usage.input_tokens': usage.promptTokens,
      'gen_ai.usage.output_tokens': usage.completionTokens,
    }),
  };
}

type Took = Pick<Outcome, 'latencyMs' | 'requests'>;

function classify(
  call: ModelCall,
  { content, reasoning, finish, cause, ended, usage, validText }: Answer,
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
    return { ...known, kind: 'truncated', text, cause, reason: `${STOPPED[cause ?? 'length']} (${ended})${where}` };
  }
  if (stillThinking) return { ...known, kind: 'unparseable', text, cause: 'empty', reason: ONLY_THINKING };
  const mark = format === undefined && thinking === undefined ? unannouncedMark(text) : undefined;
  if (mark !== undefined) return { ...known, kind: 'unparseable', text, reason: `begins with ${mark}, ${UNANNOUNCED}` };
  const parsed = parseAnswer(call.task, text, maxRevisions);
  return parsed.kind === 'malformed'
    ? { ...known, kind: 'unparseable', text, cause: text === '' ? 'empty' : cause, reason: parsed.reason }
    : { ...known, kind: 'answered', text, score: parsed.score };
}

const UNANNOUNCED = 'though nobody has said that this model thinks: say it by "thinking" of its endpoint';

/** Why an answer is no whole one. */
const STOPPED: Partial<Record<Cause, string>> = {
  length: 'stopped at a limit of the server',
  filter: 'stopped by a filter of the server',
  'unknown end': 'ended for a reason that is not known here',
};

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
  { cause, message, status }: Pick<Failure, 'cause' | 'message' | 'status'>,
  took: Took,
): Outcome {
  return { ...identity(call), kind: 'failed', cause, reason: message, ...took, status };
}

function identity({ key, row, sample, attempt = 0, task, model, seed }: ModelCall) {
  return { key, row, sample, ...(attempt > 0 && { attempt }), task, model: modelKey(model), seed };
}
