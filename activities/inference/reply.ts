import type { Cause, Usage } from '../../shared/outcomes.ts';
import { causeOf, fieldRefused, isLate, type FailureKind, type OptionalField } from './causes.ts';
import { refusalIn, textIn, thinkingIn, type Choice, type Completion } from './completion.ts';
import { CallTimeout, type HttpReply } from './http.ts';
import { errorIn, saidBy, waitSaid } from './said.ts';

/** A text of the model's. */
export interface Answer {
  readonly kind: 'answer';
  readonly content: string;
  /** Thinking that the server told apart. */
  readonly reasoning?: string | undefined;
  readonly finish: 'stop' | 'limit';
  /** Why it is no whole answer, where that is known: a limit, a filter, a refusal, a reason that nobody knows. */
  readonly cause?: Cause | undefined;
  /** The server's word for why it ended. */
  readonly ended?: string | undefined;
  readonly validText: boolean;
  readonly usage: Usage | undefined;
  /** What the server says that it is. */
  readonly model?: string | undefined;
  readonly fingerprint?: string | undefined;
  /** As they came, where they were asked for. */
  readonly logprobs?: unknown;
}

/** No text; the kind decides what is done about it. */
export interface Failure {
  readonly kind: FailureKind;
  readonly cause: Cause;
  readonly message: string;
  /** HTTP status, where the exchange came so far. */
  readonly status?: number | undefined;
  /** Milliseconds after which the server says that it may be asked again. */
  readonly retryAfterMs?: number | undefined;
  /** It took too long: fewer calls at once may help. */
  readonly overload?: boolean;
  /** The field of the request that the server does not know. */
  readonly field?: OptionalField | undefined;
}

/** What one request came to. */
export type Reply = Answer | Failure;

/** @param limit tokens that the answer was allowed; at them it was cut, whatever the server says. */
export function readReply(reply: HttpReply, limit: number = Infinity): Reply {
  const { status, body, events, validText } = reply;
  const parsed: unknown = events?.completion ?? parse(body);
  const ok = status >= 200 && status < 300;
  if (!ok || errorIn(parsed) !== undefined) return failureOf(reply, parsed);
  if (events !== undefined && events.completion === undefined)
    return broken(status, 'cut', events.other === '' ? 'the stream ended without a word' : clip(events.other));
  if (parsed === undefined) {
    if (body.trim() === '') return broken(status, 'outage', 'an empty body');
    const page = body.trimStart().startsWith('<');
    return broken(status, page ? 'outage' : 'malformed', `not a chat completion: ${clip(saidBy(200, body).message)}`);
  }
  const completion: Completion | null = parsed;
  const choice = Array.isArray(completion?.choices) ? completion.choices[0] : undefined;
  if (typeof choice?.message !== 'object' || choice.message === null)
    return broken(status, events === undefined ? 'malformed' : 'cut', `not a chat completion: ${clip(body)}`);
  const usage = usageIn(completion);
  const end = endOf(choice, usage, limit);
  if (end.kind === 'given up')
    return { kind: 'broken', cause: 'outage', message: `the server ended the call: ${end.ended}`, status };
  if (end.kind === 'cut') return broken(status, 'cut', 'the answer has no end: no finish reason came with it');
  const { message } = choice;
  const content = textIn(message);
  const refusal = content === '' ? refusalIn(message) : '';
  return {
    kind: 'answer',
    content: content || refusal,
    reasoning: thinkingIn(message),
    finish: end.kind === 'whole' ? 'stop' : 'limit',
    cause: end.kind === 'whole' ? (refusal === '' ? undefined : 'refusal') : end.kind,
    ended: end.ended,
    validText,
    usage,
    model: nameIn(completion?.model),
    fingerprint: nameIn(completion?.system_fingerprint),
    logprobs: choice.logprobs,
  };
}

function broken(status: number, cause: Cause, message: string): Failure {
  return { kind: 'broken', cause, message, status };
}

/** What it means that no reply came. */
export function readError(error: Error): Failure {
  if (error instanceof CallTimeout) return { kind: 'broken', cause: 'timeout', message: error.message, overload: true };
  // A dual-stack connect fails with one error per address.
  const inner = error instanceof AggregateError ? (error.errors as NodeJS.ErrnoException[]) : [];
  const codes = [error as NodeJS.ErrnoException, ...inner].map(({ code }) => code ?? '').filter(Boolean);
  const unsaid = codes.filter((code) => !error.message.includes(code));
  const message = clip([...unsaid, error.message].join(' ').trim());
  if (codes.some((code) => GONE.has(code))) return { kind: 'gone', cause: 'outage', message };
  return { kind: 'broken', cause: codes.some((code) => CUT.has(code)) ? 'cut' : 'malformed', message };
}

const GONE = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'ENOENT',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const CUT = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_ABORTED',
]);

function failureOf({ status, body, retryAfterMs }: HttpReply, parsed: unknown): Failure {
  const said = saidBy(status, parsed ?? body);
  const { kind, cause } = causeOf(said);
  return {
    kind,
    cause,
    message: clip(`${said.status} ${said.message}`.trim()),
    status: said.status,
    retryAfterMs: retryAfterMs ?? waitSaid(said.words, Date.now()),
    overload: isLate(said.status),
    field: kind === 'broken' || cause === 'request' ? fieldRefused(said) : undefined,
  };
}

/** Words for how an answer ended, whoever's they are, without case and punctuation. */
const ENDS = [
  // The model came to its end, or to a text at which it was to stop.
  ['whole', /^(stop|stopped|eos|eostoken|endturn|endofturn|stopsequence|complete|completed|finished|end)$/],
  ['given up', /abort|error|cancel|insufficientsystemresource|unavailable|timeout|fail|preempt|overload|ratelimit/],
  ['length', /length|limit|maxtoken|maxoutput|maxnewtoken|contextwindow|truncat|^incomplete$/],
  ['filter', /filter|safety|recitation|blocklist|prohibited|spii|refusal|moderation|sensitive|guardrail/],
] as const;

function kindOfEnd(word: unknown): (typeof ENDS)[number][0] | undefined {
  if (word === 'stop') return 'whole';
  const plain = typeof word === 'string' ? word.toLowerCase().replace(/[^a-z]/g, '') : '';
  return plain === '' ? undefined : ENDS.find(([, words]) => words.test(plain))?.[0];
}

function endOf(
  { finish_reason: said, native_finish_reason: native, matched_stop: matched }: Choice,
  usage: Usage | undefined,
  limit: number,
): { readonly kind: (typeof ENDS)[number][0] | 'unknown end' | 'cut'; readonly ended: string } {
  if (typeof said !== 'string' || said === '') return { kind: 'cut', ended: '' };
  const kinds = [kindOfEnd(said), kindOfEnd(native)];
  // A gateway may call the end `stop` that its provider told in other words.
  const other = kinds[0] === 'whole' && kinds[1] !== undefined && kinds[1] !== 'whole';
  const kind = (other ? kinds[1] : kinds[0]) ?? 'unknown end';
  // One more is another way of counting; a server that goes far beyond has not taken the limit.
  const tokens = usage?.completionTokens;
  const full = (tokens === limit || tokens === limit + 1) && (matched === undefined || matched === null);
  return { kind: kind === 'whole' && full ? 'length' : kind, ended: other ? String(native) : said };
}

function usageIn(completion: Completion | null): Usage | undefined {
  const {
    prompt_tokens: prompt,
    prompt_tokens_details: promptDetails,
    prompt_cache_hit_tokens: hits,
    completion_tokens: completed,
    completion_tokens_details: details,
  } = completion?.usage ?? {};
  if (typeof prompt !== 'number' || typeof completed !== 'number') return undefined;
  const thinkingTokens = details?.reasoning_tokens;
  const cached = promptDetails?.cached_tokens ?? hits;
  return {
    promptTokens: prompt,
    completionTokens: completed,
    ...(typeof thinkingTokens === 'number' && thinkingTokens > 0 && { thinkingTokens }),
    ...(typeof cached === 'number' && cached > 0 && { cachedPromptTokens: Math.min(cached, prompt) }),
  };
}

const nameIn = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function clip(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
