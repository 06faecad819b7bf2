import { createHmac } from 'node:crypto';
import { failure } from '../failure.ts';

/** Where notices are posted, and what signs them. */
export interface Webhook {
  readonly url: string;
  /** `whsec_` and base64, or any text. @default unsigned */
  readonly secret?: string | undefined;
  /** Ours: a receiver answers at once, and works later. @default 15 s */
  readonly timeoutMs?: number;
}

/** Ours: a receiver that asks for more is asked again sooner. */
const MOST_PATIENCE_MS = 10 * 60_000;

/**
 * The signature of Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over id, time and body.
 * @param at seconds since 1970.
 */
export function signatureOf(secret: string, id: string, at: number, body: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : secret;
  return `v1,${createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')}`;
}

/**
 * Posts once. Any status of 2xx is success; redirects are not followed.
 * @throws `WebhookGone` at 410, which means no more of these; `WebhookFailed` at all else, which is worth repeating.
 */
export async function post({ url, secret, timeoutMs = 15_000 }: Webhook, id: string, body: string): Promise<void> {
  const at = Math.floor(Date.now() / 1000);
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'proof-flywheel',
    'webhook-id': id,
    'webhook-timestamp': String(at),
    ...(secret !== undefined && { 'webhook-signature': signatureOf(secret, id, at, body) }),
  };
  let response: Response;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
  } catch (error) {
    // The words of the error may have the address, which may be a secret.
    throw failure('WebhookFailed', `The webhook gave no answer within ${timeoutMs} ms (${nameOf(error)})`);
  }
  await response.body?.cancel();
  const { status } = response;
  if (response.ok) return;
  if (status === 410) throw failure('WebhookGone', 'The webhook answered 410: it wants no more of these');
  const redirected = status >= 300 && status < 400 ? ': redirects are not followed, so name the address itself' : '';
  const asked = Number(response.headers.get('retry-after')) * 1000;
  throw failure('WebhookFailed', `Expected a status of 200 to 299 of the webhook, got ${status}${redirected}`, {
    ...(asked > 0 && { nextRetryDelay: Math.min(asked, MOST_PATIENCE_MS) }),
  });
}

function nameOf(error: unknown): string {
  const { name, cause } = error as Error & { readonly cause?: { readonly code?: string } };
  return cause?.code ?? name;
}
