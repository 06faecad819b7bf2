import { createHash, timingSafeEqual } from 'node:crypto';
import fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Payload, PayloadCodec } from '@temporalio/common';
import * as z from 'zod';

export interface CodecServerOptions {
  readonly codec: PayloadCodec;
  /** Origins of the Web UI, the only pages that may ask. */
  readonly origins: readonly string[];
  /** The namespace whose payloads are shown. */
  readonly namespace: string;
  /** What a request has to carry as `Authorization: Bearer …`, or as a cookie after signing in. @default nothing */
  readonly token?: string | undefined;
  readonly logger?: FastifyBaseLogger;
}

/** Ours: a history's page is 4 MB at most. */
const MOST_BYTES = 16 * 2 ** 20;
const COOKIE = 'flywheel-codec';

const bytes = z.base64();
const body = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), bytes).optional(), data: bytes.optional() })),
});

/**
 * What the Web UI and `temporal --codec-endpoint` ask: `POST /encode` and `POST /decode` with payloads in JSON, and
 * `X-Namespace`. 401 without the token, 403 to pages of other origins and for other namespaces, 422 for a payload that
 * these keys do not open. `GET /` lets a browser sign in where there is a token.
 */
export function createCodecServer({ codec, origins, namespace, token, logger }: CodecServerOptions): FastifyInstance {
  const app = fastify({
    ...(logger && { loggerInstance: logger }),
    bodyLimit: MOST_BYTES,
    forceCloseConnections: true,
  });
  app.addHook('onRequest', async (request, reply) => {
    const { origin, 'x-namespace': asked = namespace } = request.headers;
    const isSigningIn = request.url === '/'; // from a page of its own
    if (origin !== undefined && !isSigningIn && !origins.includes(origin))
      return reply.code(403).send({ message: `Expected a page of ${origins.join(', ')} to ask, got one of ${origin}` });
    if (origin !== undefined && origins.includes(origin))
      reply.headers({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-allow-headers': 'authorization, content-type, x-namespace',
        'access-control-allow-methods': 'POST, OPTIONS',
        vary: 'origin',
      });
    if (request.method === 'OPTIONS') return reply.code(204).send();
    if (isSigningIn || request.url === '/healthz') return;
    if (token !== undefined && !carries(request, token))
      return reply.code(401).send({ message: 'Expected the token of this codec server (FLYWHEEL_CODEC_TOKEN)' });
    if (asked !== namespace)
      return reply.code(403).send({ message: `Expected namespace ${namespace}, got ${JSON.stringify(asked)}` });
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.name === 'ApplicationFailure' ? 422 : (error.statusCode ?? 500);
    if (status >= 500) request.log.error({ err: error }, 'request failed');
    return reply.code(status).send({ message: error.message });
  });
  for (const way of ['encode', 'decode'] as const)
    app.post(`/${way}`, async (request) => ({ payloads: (await codec[way](payloadsOf(request.body))).map(inJson) }));
  app.options('/*', () => undefined);
  app.get('/healthz', { logLevel: 'warn' }, () => ({ status: 'ok' }));
  app.get('/', (_, reply) => reply.type('text/html').send(PAGE));
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, text, done) =>
    done(null, new URLSearchParams(text as string).get('token')),
  );
  app.post('/', async (request, reply) => {
    if (token === undefined || !isSame(String(request.body), token))
      return reply.code(401).type('text/html').send(PAGE.replace('Token', 'Another token'));
    const secure = origins.every((origin) => origin.startsWith('https:'))
      ? '; Secure; SameSite=None'
      : '; SameSite=Strict';
    return reply
      .header('set-cookie', `${COOKIE}=${encodeURIComponent(token)}; HttpOnly; Path=/${secure}`)
      .type('text/html')
      .send('<p>Signed in: the Web UI shows payloads now, with "Include cross-origin credentials" set.</p>');
  });
  return app;
}

const PAGE =
  '<!doctype html><title>Codec server</title><form method="post"><label>Token <input name="token" type="password" ' +
  'autocomplete="off"></label> <button>Sign in</button></form>';

/** @throws a ZodError, which is the asker's mistake. */
function payloadsOf(asked: unknown): Payload[] {
  const parsed = body.safeParse(asked);
  if (!parsed.success)
    throw Object.assign(
      new Error(`Expected {"payloads":[{"metadata":{…},"data":"…"}]}: ${z.prettifyError(parsed.error)}`),
      { statusCode: 400 },
    );
  return parsed.data.payloads.map(({ metadata = {}, data = '' }) => ({
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
    data: Buffer.from(data, 'base64'),
  }));
}

function inJson({ metadata, data }: Payload) {
  const encoded = (value: Uint8Array | null | undefined) => Buffer.from(value ?? []).toString('base64');
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, encoded(value)])),
    data: encoded(data),
  };
}

function carries({ headers: { authorization = '', cookie = '' } }: FastifyRequest, token: string): boolean {
  const [, bearer = ''] = /^bearer (.+)$/i.exec(authorization) ?? [];
  const [, kept = ''] = new RegExp(`(?:^|; )${COOKIE}=([^;]*)`).exec(cookie) ?? [];
  return isSame(bearer, token) || isSame(kept, encodeURIComponent(token));
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const isSame = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));
