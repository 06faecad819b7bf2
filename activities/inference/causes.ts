import type { Cause } from '../../shared/outcomes.ts';
import type { Said } from './said.ts';

/**
 * - `overloaded`: it is there and wants fewer calls, or later ones.
 * - `gone`: it does not serve the model now.
 * - `broken`: this request failed, the same may not.
 * - `refused`: for what the request is, it would be refused again.
 */
export type FailureKind = 'overloaded' | 'gone' | 'broken' | 'refused';

interface Rule {
  readonly kind: FailureKind;
  readonly cause: Cause;
  /** @default any */
  readonly status?: readonly number[];
  /** @default any */
  readonly words?: RegExp;
}

const REQUEST = [400, 413, 422, 500];
const GATEWAY = [502, 520, 521, 522, 523, 525, 526, 527, 530];

/** One of these phrases. */
const any = (...phrases: readonly RegExp[]): RegExp => new RegExp(phrases.map(({ source }) => source).join('|'));

/**
 * What went wrong, by what a server says: the first rule that fits. Statuses alone do not tell, since gateways pass on
 * their provider's words under their own. Wordings are those of vLLM, SGLang, llama.cpp, TGI, LiteLLM, OpenAI, Azure,
 * Anthropic, Gemini, Mistral, Groq, DeepSeek, OpenRouter, and of nginx, Cloudflare and cloud load balancers.
 */
const RULES: readonly Rule[] = [
  {
    kind: 'refused',
    cause: 'overflow',
    status: REQUEST,
    words: any(
      /context[ _]?(length|window|size)/,
      /(maximum|max)[ _](context|input|prompt|model|sequence)[ _]?(length|len|tokens)/,
      /(prompt|input|request|messages?)( \([^)]*\))? (is|are|was) too (long|large)/,
      /context shift/,
      /too many (input )?tokens/,
      /(maximum|max) number of (input )?tokens/,
      /token (limit|count).{0,40}exceed/,
      /exceeds?.{0,40}token limit/,
      /input (length|tokens?).{0,80}exceed/,
      /too large for model/,
      /reduce the length/,
      /request_too_large/,
      /string_above_max_length/,
      /must be less than.{0,20}max_(input|total)/,
      /inputs\W{0,2} tokens.{0,20}max_(new_)?tokens.{0,20}must be/,
      /max_(completion_)?tokens is too large/,
      /range of input length/,
      /max_tokens must be at least/,
    ),
  },
  { kind: 'refused', cause: 'overflow', words: /request too large for/ },
  { kind: 'refused', cause: 'overflow', status: [413, 414, 431] },
  {
    kind: 'refused',
    cause: 'filter',
    status: [400, 403, 422, 451, 500],
    words: any(
      /content[ _-]?(filter|policy|management|moderation|safety)/,
      /responsible ?ai/,
      /was flagged/,
      /flagged (as|by|for)/,
      /\bsafety (system|filter|setting|policy|check)/,
      /data_?inspection/,
      /sensitive (content|word)/,
      /inappropriate content/,
      /prohibited_content/,
      /content_?policy/,
      /moderation/,
      /recitation/,
      /usage polic/,
    ),
  },
  { kind: 'overloaded', cause: 'quota', status: [402] },
  {
    kind: 'overloaded',
    cause: 'quota',
    words: any(
      /insufficient[ _](quota|balance|credit|fund)/,
      /balance is (insufficient|too low|not enough)/,
      /exceeded your (current|monthly|daily) quota/,
      /billing/,
      /credit balance/,
      /out of credits/,
      /more credits/,
      /payment required/,
      /usage limit/,
      /spend(ing)? limit/,
      /quota.{0,40}(exceeded|exhausted)(?!.{0,120}per[ _]?(minute|second))/,
      /per[ -](day|month)\b/,
      /daily limit/,
      /in arrears/,
      /arrearage/,
    ),
  },
  { kind: 'gone', cause: 'auth', status: [401, 407] },
  {
    kind: 'gone',
    cause: 'auth',
    status: [400, 403],
    words: any(/api[ _]?key/, /unauthori[sz]ed/, /authenticat/, /permission/, /credential/, /access (denied|token)/),
  },
  {
    kind: 'gone',
    cause: 'wrong model',
    status: [200, 400, 404, 422],
    words: any(
      /model_?not_?found/,
      /unknown_?model/,
      /(unknown|invalid|no such) model/,
      /not a valid model/,
      /model.{0,160}(does not exist|not found|not exist|not loaded|unloaded|is not available|isn't available)/,
      /no models? (is |are )?loaded/,
      /the model \S+ is not supported/,
      /no (endpoints?|deployments?|channels?|providers?) (available |found )?(for|that)/,
    ),
  },
  {
    kind: 'refused',
    cause: 'request',
    status: [400],
    words: any(
      /must be (at least|at most|one of|between|positive|non-negative|greater|less|an? )/,
      /below (the )?minimum/,
      /(un(supported|known)|invalid) (value|type)/,
      /not support.{0,20} value/,
    ),
  },
  { kind: 'refused', cause: 'request', status: [422] },
  { kind: 'overloaded', cause: 'outage', status: [429, 503, 529, 498] },
  {
    kind: 'overloaded',
    cause: 'outage',
    status: [200, 400, 408, 409, 424, 425, 500, 502, 504, 520],
    words: any(
      /overload/,
      /rate[ _-]?limit/,
      /too many (concurrent )?requests/,
      /too busy/,
      /server.{0,20} busy/,
      /at capacity/,
      /capacity exceeded/,
      /no capacity/,
      /throttl/,
      /(model|weights).{0,80} (is|are) .{0,20}loading/,
      /loading (the )?model/,
      /still loading/,
      /warming up/,
      /not ready/,
      /starting up/,
      /queue.{0,20} full/,
      /maximum queue size/,
      /scaling up/,
      /(engine|model|endpoint|server) is (sleeping|asleep|paused)/,
      /resource_?exhausted/,
      /slow ?down/,
      /request limit reached/,
      /insufficient[ _]system[ _]resource/,
    ),
  },
  { kind: 'gone', cause: 'auth', status: [403] },
  { kind: 'gone', cause: 'outage', status: GATEWAY },
  {
    kind: 'gone',
    cause: 'outage',
    status: [200, 400, 424, 500],
    words: any(
      /engine ?(core|loop|process)?.{0,20}(dead|died|is not running|encountered)/,
      /enginedead/,
      /background loop/,
      /bad gateway/,
      /upstream/,
      /(connect|connection).{0,20}(error|refused|reset|failed)/,
      /apiconnection/,
      /no healthy/,
      /service (temporarily )?unavailable/,
      /(provider|network)_?error/,
      /shutting down/,
      /out of memory/,
    ),
  },
  // The address, not the request: something else answers there while the server is away, or it is set wrongly.
  { kind: 'gone', cause: 'outage', status: [301, 302, 303, 307, 308, 404, 405, 410] },
  { kind: 'broken', cause: 'outage', status: [408, 409, 425, 499, 504, 524] },
];

export function causeOf({ status, words }: Said): { readonly kind: FailureKind; readonly cause: Cause } {
  const rule = RULES.find(
    (each) => (each.status?.includes(status) ?? true) && (each.words === undefined || each.words.test(words)),
  );
  if (rule !== undefined) return rule;
  // Whether it is the request that is wrong or the server, shows by what becomes of it again, and of others. A 200 with
  // an error in it that says nothing known is the server's failure, as a 500 is.
  return { kind: 'broken', cause: status >= 400 && status < 500 && status !== 424 ? 'request' : 'outage' };
}

/** Statuses by which a gateway says that it waited for too long: fewer calls at once may help. */
export const isLate = (status: number): boolean => status === 408 || status === 504 || status === 524;

/** Fields of our requests that a server may do without: what it says about answers, not what it is asked. */
export const OPTIONAL_FIELDS = ['stream_options', 'stream', 'seed', 'n', 'max_tokens'] as const;
export type OptionalField = (typeof OPTIONAL_FIELDS)[number];

/** The field that a server refuses to know, by its words. */
export function fieldRefused({ status, words }: Said): OptionalField | undefined {
  if (status !== 400 && status !== 422 && status !== 501) return undefined;
  const refuses = any(
    /un(supported|recognized|known|expected)/,
    /not (yet )?(supported|permitted|allowed|implemented)/,
    /does not support/,
    /extra (inputs|fields)/,
    /extra_forbidden/,
    /no longer/,
    /instead/,
    /forbidden/,
  );
  if (!refuses.test(words) || /too large|at most|at least/.test(words)) return undefined;
  // `n` alone is a letter of any text.
  return OPTIONAL_FIELDS.find((field) =>
    field === 'n' ? /["'`]n["'`]/.test(words) : new RegExp(`(?<!\\w)${field}(?!\\w)`).test(words),
  );
}
