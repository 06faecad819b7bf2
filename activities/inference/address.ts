/** Where an endpoint is asked. */
export interface Address {
  readonly origin: string;
  /** Of chat completions, query included. */
  readonly chat: string;
  /** Of the list of models. */
  readonly models: string;
}

/**
 * An endpoint's addresses by its base: one with a version in it, such as `/v1` or `/api/paas/v4`, or with the query of
 * one, is taken as it stands, and so is that of chat completions itself; any other is that of a server, which has
 * `/v1`.
 */
export function addressOf(baseUrl: string): Address {
  const { origin, pathname, search } = new URL(baseUrl);
  const [, whole] = /^(.*)\/chat\/completions\/?$/.exec(pathname) ?? [];
  const plain = (whole ?? pathname).replace(/\/+$/, '');
  const hasVersion = whole !== undefined || /\/v\d+[a-z\d]*(\/|$)/.test(plain) || search.includes('api-version=');
  const base = hasVersion ? plain : `${plain}/v1`;
  const chat = whole === undefined ? `${base}/chat/completions` : pathname;
  return { origin, chat: `${chat}${search}`, models: `${base}/models${search}` };
}

/**
 * Whether what a server calls itself can be the model of that name: the same but for case, the path or provider before
 * it, a revision after `@`, or the ending of a file.
 * @param dated whether a date after the name is no other model, as where others run it: `m-2025-08-06` is `m`, and
 * `m-2508` is `m-latest`.
 */
export function isSameName(asked: string, said: string, dated = false): boolean {
  if (asked === said) return true;
  const [a, b] = [plain(asked), plain(said)];
  if (a === b || a.endsWith(`/${b}`) || b.endsWith(`/${a}`)) return true;
  if (!dated) return false;
  const [stem, other] = [a, b].map((name) => name.replace(/^.*\//, '').replace(/(-latest|:\w+)$/, ''));
  return stem !== undefined && other?.startsWith(stem) === true && /^([-@]\d[\d-]*)?$/.test(other.slice(stem.length));
}

function plain(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll('\\', '/')
    .replace(/\/+$/, '')
    .replace(/@[\w.-]+$/, '')
    .replace(/\.(gguf|bin|safetensors)$/, '');
}

/** A digest in a text, such as the path of a checkpoint. */
export const digestsIn = (text: string): string[] => text.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? [];
