import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { AddressInfo } from 'node:net';
import { modelKey } from '../../shared/records.ts';
import type { SampleSetInput } from '../../shared/sampling/sets.ts';
import { openWorld, quiet } from '../activities/inference/world.ts';

/** A small server that answers as named, one set of calls asked of it, and what became of them. */

const VERDICT =
  'Here is my evaluation of the solution:\nEvery step holds.\n\n' +
  'Based on my evaluation, the final overall score should be:\n\\boxed{1}';
const PROOF = '## Solution\nLet n be even. Then n = 2k, and so n^2 = 4k^2, which is';
const usage = { prompt_tokens: 20, completion_tokens: 30, total_tokens: 50 };
const ok = (content: unknown = VERDICT, finish: string | null = 'stop', more: object = {}) => ({
  id: 'c',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content, ...more }, finish_reason: finish }],
  usage,
});
const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};

interface Case {
  readonly task?: SampleSetInput['task'];
  /** @default 1 */
  readonly rows?: number;
  /** @default 30_000 */
  readonly limitMs?: number;
  /** @default '/v1' */
  readonly base?: string;
  /** @default 1 */
  readonly attempts?: number;
  /** @param ms since the server began. */
  readonly serve: (ms: number, request: IncomingMessage, response: ServerResponse) => void;
}

const CASES: Record<string, Case> = {
  // outages in other clothes
  '502-for-20s': {
    rows: 4,
    limitMs: 60_000,
    serve: (t, _, r) =>
      t < 20_000
        ? json(r, 502, '<html><head><title>502 Bad Gateway</title></head></html>', { 'content-type': 'text/html' })
        : json(r, 200, ok()),
  },
  '503-for-20s': {
    rows: 4,
    limitMs: 60_000,
    serve: (t, _, r) =>
      t < 20_000
        ? json(r, 503, { error: { message: 'Loading model', type: 'unavailable_error', code: 503 } })
        : json(r, 200, ok()),
  },
  '200-error-429-for-20s': {
    rows: 4,
    limitMs: 60_000,
    serve: (t, _, r) =>
      t < 20_000
        ? json(r, 200, { error: { message: 'Rate limit exceeded: per-min', code: 429 }, user_id: 'u' })
        : json(r, 200, ok()),
  },
  '200-null-content-beside-error': {
    rows: 2,
    attempts: 3,
    serve: (t, _, r) =>
      t < 15_000
        ? json(r, 200, {
            ...ok(null),
            usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
            error: { message: 'Provider returned error', code: 429 },
          })
        : json(r, 200, ok()),
  },
  '401-for-20s': {
    rows: 4,
    limitMs: 60_000,
    serve: (t, _, r) =>
      t < 20_000
        ? json(r, 401, { error: { message: 'Incorrect API key provided', code: 'invalid_api_key' } })
        : json(r, 200, ok()),
  },
  '404-model-loading-20s': {
    rows: 4,
    limitMs: 60_000,
    serve: (t, _, r) =>
      t < 20_000
        ? json(r, 404, { object: 'error', message: 'The model `x` does not exist.', type: 'NotFoundError', code: 404 })
        : json(r, 200, ok()),
  },
  // pauses
  '429-retry-after-0': {
    rows: 2,
    limitMs: 10_000,
    serve: (_t, _, r) => json(r, 429, { error: { message: 'slow down', code: '429' } }, { 'retry-after': '0' }),
  },
  '429-plain': { rows: 2, limitMs: 10_000, serve: (_t, _, r) => json(r, 429, { error: { message: 'slow down' } }) },
  // contents
  'content-chunks': {
    rows: 1,
    serve: (_t, _, r) =>
      json(
        r,
        200,
        ok([
          { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] },
          { type: 'text', text: VERDICT },
        ]),
      ),
  },
  'content-null-reasoning-content': {
    rows: 1,
    serve: (_t, _, r) => json(r, 200, ok(null, 'stop', { reasoning_content: VERDICT })),
  },
  'content-null-reasoning': { rows: 1, serve: (_t, _, r) => json(r, 200, ok(null, 'stop', { reasoning: VERDICT })) },
  'finish-model_length': { rows: 1, task: 'prove', serve: (_t, _, r) => json(r, 200, ok(PROOF, 'model_length')) },
  'finish-max_tokens': { rows: 1, task: 'prove', serve: (_t, _, r) => json(r, 200, ok(PROOF, 'max_tokens')) },
  'finish-stop-at-limit': {
    rows: 1,
    task: 'prove',
    serve: (_t, _, r) =>
      json(r, 200, { ...ok(PROOF, 'stop'), usage: { prompt_tokens: 20, completion_tokens: 1024, total_tokens: 1044 } }),
  },
  'usage-missing': {
    rows: 1,
    serve: (_t, _, r) => {
      const { usage: _u, ...rest } = ok();
      json(r, 200, rest);
    },
  },
  'gzip-unasked': {
    rows: 1,
    serve: (_t, _, r) => {
      r.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      r.end(gzipSync(JSON.stringify(ok())));
    },
  },
  'sse-unasked': {
    rows: 1,
    serve: (_t, _, r) => {
      r.writeHead(200, { 'content-type': 'text/event-stream' });
      const chunk = JSON.stringify({ choices: [{ delta: { content: VERDICT }, finish_reason: 'stop' }] });
      r.end(`data: ${chunk}\n\ndata: [DONE]\n\n`);
    },
  },
  'keepalive-whitespace': {
    rows: 1,
    serve: (_t, _, r) => {
      r.writeHead(200, { 'content-type': 'application/json' });
      r.write('\n   \n');
      setTimeout(() => r.end(JSON.stringify(ok())), 300);
    },
  },
  '400-context': {
    rows: 1,
    serve: (_t, _, r) =>
      json(r, 400, {
        object: 'error',
        message: "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
        type: 'BadRequestError',
        code: 400,
      }),
  },
  '400-pydantic-detail': {
    rows: 1,
    serve: (_t, _, r) =>
      json(r, 422, {
        detail: [{ type: 'extra_forbidden', loc: ['body', 'seed'], msg: 'Extra inputs are not permitted', input: 5 }],
      }),
  },
  '307-redirect': {
    rows: 1,
    serve: (_t, q, r) =>
      q.url?.endsWith('/') ? json(r, 200, ok()) : (r.writeHead(307, { location: `${q.url}/` }), r.end()),
  },
  // addresses
  'base-v4': {
    rows: 1,
    base: '/api/paas/v4',
    serve: (_t, q, r) =>
      q.url === '/api/paas/v4/chat/completions'
        ? json(r, 200, ok())
        : json(r, 404, { error: { message: `no route ${q.url}` } }),
  },
  'base-whole-url': {
    rows: 1,
    base: '/v1/chat/completions',
    serve: (_t, q, r) =>
      q.url === '/v1/chat/completions' ? json(r, 200, ok()) : json(r, 404, { error: { message: `no route ${q.url}` } }),
  },
  'idle-close': { rows: 200, limitMs: 60_000, serve: (_t, _, r) => json(r, 200, ok()) },
  ok: { rows: 2, serve: (_t, _, r) => json(r, 200, ok()) },
};

for (const name of process.argv.slice(2)) {
  const chosen = CASES[name];
  if (chosen === undefined) {
    throw new Error(`Expected one of ${Object.keys(CASES).join(' ')}, got ${name}`);
  }
  let n = 0;
  const began = Date.now();
  const spent = (): string => `after ${((Date.now() - began) / 1000).toFixed(1)} s, ${n} requests`;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      n += 1;
      chosen.serve(Date.now() - began, request, response);
    });
  });
  if (name === 'idle-close') server.keepAliveTimeout = 1;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = (server.address() as AddressInfo).port;
  const world = await openWorld({
    resolve: async (model) => [
      { baseUrl: `http://127.0.0.1:${port}${chosen.base ?? '/v1'}`, model: modelKey(model), maxConcurrency: 8 },
    ],
  });
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new Error('time is up')), chosen.limitMs ?? 30_000);
  try {
    const { task = 'verify', attempts = 1 } = chosen;
    const result = await world.sample(
      { rows: await world.rows(chosen.rows ?? 1), task, attempts },
      { ...quiet(), signal: stop.signal },
    );
    console.log(`${name}: ${JSON.stringify(result.counts)} usage ${JSON.stringify(result.usage)} ${spent()}`);
    const [first] = await world.outcomes();
    console.log(`   first: ${JSON.stringify(first)?.slice(0, 400)}`);
  } catch (error) {
    console.log(`${name}: stopped (${(error as Error).message}) ${spent()}`);
  } finally {
    clearTimeout(timer);
    await world.close();
    server.closeAllConnections();
    server.close();
  }
}
