import type { Usage } from '../../shared/outcomes.ts';
import { CallTimeout, type HttpReply } from './http.ts';

/**
 * What one request came to; the class decides what is done about it.
 * - `answer`: text, to be read by the task's parser.
 * - `overloaded`: 429 or 503: the server is there and wants fewer calls. Waited for.
 * - `gone`: nobody listens. Waited for, and the serving side is told.
 * - `broken`: this request failed, another may not: 5xx, 408, 409, a cut or unreadable reply, a timeout. A few more
 * tries.
 * - `refused`: any other 4xx: asking again would be refused again.
 */
export type Reply =
  | {
      readonly kind: 'answer';
      readonly content: string;
      /** Thinking that the server gives in a field of its own. */
      readonly reasoning?: string | undefined;
      readonly finish: 'stop' | 'limit';
      readonly validText: boolean;
      readonly usage: Usage | undefined;
    }
  | { readonly kind: 'overloaded'; readonly message: string; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'gone'; readonly message: string }
  | { readonly kind: 'broken'; readonly message: string; readonly overload: boolean }
  | { readonly kind: 'refused'; readonly message: string; readonly status: number };

export function readReply({ status, body, validText, retryAfterMs }: HttpReply): Reply {
  if (status === 429 || status === 503) return { kind: 'overloaded', message: describe(status, body), retryAfterMs };
  if (status === 408 || status === 409 || status >= 500)
    return { kind: 'broken', message: describe(status, body), overload: status === 408 || status === 504 };
  if (status < 200 || status >= 300) return { kind: 'refused', message: describe(status, body), status };
  return (
    readCompletion(body, validText) ?? {
      kind: 'broken',
      message: `not a chat completion: ${clip(body)}`,
      overload: false,
    }
  );
}

export function readError(error: Error): Reply {
  if (error instanceof CallTimeout) return { kind: 'broken', message: error.message, overload: true };
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const message = clip(`${code} ${error.message || codesOf(error)}`.trim());
  return GONE.has(code) ||
    codesOf(error)
      .split(' ')
      .some((inner) => GONE.has(inner))
    ? { kind: 'gone', message }
    : { kind: 'broken', message, overload: false };
}

const GONE = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** A dual-stack connect fails with one error per address. */
function codesOf(error: Error): string {
  return error instanceof AggregateError
    ? error.errors.map((inner: NodeJS.ErrnoException) => inner.code ?? '').join(' ')
    : '';
}

interface Completion {
  readonly choices?: readonly {
    readonly message?: {
      readonly content?: unknown;
      readonly reasoning_content?: unknown;
      readonly reasoning?: unknown;
    };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly prompt_tokens?: unknown; readonly completion_tokens?: unknown } | null;
}

function readCompletion(body: string, validText: boolean): Reply | undefined {
  let completion: Completion | null;
  try {
    completion = JSON.parse(body) as Completion | null;
  } catch {
    return undefined;
  }
  const choice = Array.isArray(completion?.choices) ? completion.choices[0] : undefined;
  if (choice?.message === undefined || choice.message === null) return undefined;
  // vLLM and SGLang end a call with `abort` or `error` when they shut down: its text is a fragment.
  if (choice.finish_reason === 'abort' || choice.finish_reason === 'error')
    return { kind: 'broken', message: `server ended the call: ${choice.finish_reason}`, overload: false };
  const { content, reasoning_content, reasoning } = choice.message;
  const prompt = completion?.usage?.prompt_tokens;
  const completed = completion?.usage?.completion_tokens;
  return {
    kind: 'answer',
    content: typeof content === 'string' ? content : '',
    reasoning: [reasoning_content, reasoning].find((text): text is string => typeof text === 'string'),
    finish: choice.finish_reason === 'length' || choice.finish_reason === 'content_filter' ? 'limit' : 'stop',
    validText,
    usage:
      typeof prompt === 'number' && typeof completed === 'number'
        ? { promptTokens: prompt, completionTokens: completed }
        : undefined,
  };
}

function describe(status: number, body: string): string {
  let message = body;
  try {
    const parsed = JSON.parse(body) as {
      error?: { message?: unknown } | string;
      message?: unknown;
      detail?: unknown;
    } | null;
    const found =
      typeof parsed?.error === 'string' ? parsed.error : (parsed?.error?.message ?? parsed?.message ?? parsed?.detail);
    if (typeof found === 'string') message = found;
  } catch {
    // Not JSON: the body itself is the message.
  }
  return clip(`${status} ${message}`.trim());
}

function clip(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
