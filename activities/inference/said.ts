/** What a reply says went wrong, wherever in it that stands. */
export interface Said {
  /** HTTP status, or the one that a body of a 200 names. 0 = none is known. */
  readonly status: number;
  /** In the server's own words. */
  readonly message: string;
  /** Its codes, types and messages, in lower case: what the rules look for. */
  readonly words: string;
}

/** Words under which servers give the status that they mean in a body, where there is no number. */
const STATUS_WORDS: readonly (readonly [RegExp, number])[] = [
  [/rate_?limit|too_?many_?requests|resource_?exhausted/, 429],
  [/overloaded/, 529],
  [/unavailable/, 503],
  [/invalid_?request|bad_?request|context_length|invalid_argument|exceed_context/, 400],
  [/authentication|invalid_api_key|unauthori[sz]ed/, 401],
  [/permission/, 403],
  [/not_?found/, 404],
];

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Where a body says what went wrong, if it says so: an object, a text, or a list of what is wrong with the request. */
export function errorIn(body: unknown): unknown {
  const [first] = Array.isArray(body) ? body : [body];
  if (!isFields(first)) return undefined;
  const choice = Array.isArray(first['choices']) ? (first['choices'] as unknown[])[0] : undefined;
  const found = [first['error'], isFields(choice) ? choice['error'] : undefined, listed(first['errors'])].find(isTold);
  if (found !== undefined) return found;
  // `base_resp` is MiniMax's, `fault` Apigee's; 0 is their word for success.
  const { base_resp: base, fault } = first;
  if (isFields(base) && Number(base['status_code']) !== 0)
    return { code: base['status_code'], message: base['status_msg'] };
  if (isFields(fault)) return { message: fault['faultstring'] };
  if (choice !== undefined) return undefined;
  if (first['object'] === 'error' || isTold(first['detail'])) return first;
  return isTold(first['message'] ?? first['msg']) ? first : undefined;
}

const listed = (errors: unknown): unknown => (Array.isArray(errors) ? errors[0] : errors);

const isTold = (value: unknown): boolean =>
  isFields(value) ? Object.values(value).some(isTold) : Array.isArray(value) ? value.length > 0 : Boolean(value);

/**
 * What a reply of that status says, from the error in its body.
 * @param body parsed, or the text where it is not JSON.
 */
export function saidBy(status: number, body: unknown): Said {
  const error = typeof body === 'string' ? titleOf(body) : (errorIn(body) ?? body);
  const fields: Fields = isFields(error) ? error : {};
  const { code, type, status: named, metadata } = fields;
  const raw = isFields(metadata) ? metadata['raw'] : undefined;
  const text = textOf(fields['message'] ?? fields['msg'] ?? withoutInput(fields['detail']) ?? error);
  const message = [text, ...(raw === undefined ? [] : [textOf(raw)])].join(' ');
  const words = [code, type, named, fields['details'], message].filter(isTold).map(textOf).join(' ').toLowerCase();
  return { status: status >= 300 ? status : statusOf([code, named, type], words), message, words };
}

/** The status that the error of a 200 means. */
function statusOf(given: readonly unknown[], words: string): number {
  const number = given.map(Number).find((each) => each >= 400 && each < 600);
  return number ?? STATUS_WORDS.find(([word]) => word.test(words))?.[1] ?? 200;
}

/** What FastAPI finds wrong with a request, without the request that it quotes: the words there are of proofs. */
function withoutInput(detail: unknown): unknown {
  if (!Array.isArray(detail)) return detail;
  return (detail as unknown[]).map((one) => (isFields(one) ? { ...one, input: undefined, ctx: undefined } : one));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
}

/** Of a gateway's page, its title. */
function titleOf(body: string): string {
  const [, title] = /<title>\s*([^<]*?)\s*<\/title>/i.exec(body) ?? [];
  return title ?? body;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 };

/**
 * Milliseconds until a server says that it may be asked again, in the text of its error: `try again in 6m0s`,
 * `retryDelay: "32s"`, a date. Undefined where it says nothing, or a time that has passed.
 */
export function waitSaid(words: string, now: number): number | undefined {
  const [, span] =
    /(?:again|retry|reset\w*|retry_?delay"?:?) *(?:in|after)? *"?((?:\d+(?:\.\d+)? *(?:ms|d|h|m|s)[a-z]* *)+)/.exec(
      words,
    ) ?? [];
  if (span !== undefined) {
    const parts = [...span.matchAll(/(\d+(?:\.\d+)?) *(ms|d|h|m|s)/g)];
    const sum = parts.reduce((ms, [, count, unit]) => ms + Number(count) * (UNITS[unit as string] as number), 0);
    return sum > 0 ? sum : undefined;
  }
  const [, day, time = '00:00', zone = 'z'] =
    /(\d{4}-\d\d-\d\d)(?:[t ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))? *(z\b|utc|gmt|[+-]\d\d:?\d\d)?/.exec(words) ?? [];
  if (day === undefined) return undefined;
  const date = Date.parse(`${day}T${time}${/^[+-]/.test(zone) ? zone : 'Z'}`);
  return date > now ? date - now : undefined;
}
