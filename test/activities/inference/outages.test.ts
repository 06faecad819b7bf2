import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ShardContext } from '../../../activities/sets/shard.ts';
import { modelKey } from '../../../shared/records.ts';
import { openWorld, quiet, type World, type WorldOptions } from './world.ts';

jest.setTimeout(60_000);

const VERDICT =
  'Here is my evaluation of the solution:\nEvery step holds.\n\n' +
  'Based on my evaluation, the final overall score should be:\n\\boxed{1}';
const SAMPLING = { temperature: 1, topP: 1, maxTokens: 1024 };

type Asked = { readonly messages: { content: string }[]; readonly max_tokens?: number } & Record<string, unknown>;
type Answers = (response: ServerResponse, asked: Asked, request: IncomingMessage) => unknown;

const ok = (content: string | null = VERDICT, more: object = {}) => ({
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 20, completion_tokens: 30 },
  ...more,
});
const json: (status: number, body: unknown, headers?: Record<string, string>) => Answers =
  (status, body, headers = {}) =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
const answers = json(200, ok());

let server: Server;
let requests: Asked[];
let world: World;
afterEach(async () => {
  await world.close();
  server.closeAllConnections();
  server.close();
});

/** A server that answers so, and a world that asks it. */
async function serve(answer: Answers, options: Partial<WorldOptions> & { base?: string; port?: number } = {}) {
  requests = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const asked = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Asked;
      requests.push(asked);
      void answer(response, asked, request);
    });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const baseUrl = `http://127.0.0.1:${port}${options.base ?? ''}`;
  world = await openWorld({
    resolve: async (model) => [{ baseUrl, model: modelKey(model), maxConcurrency: 8 }],
    ...options,
  });
  return port;
}

const isShort = ({ max_tokens }: Asked): boolean => max_tokens === 1;

test.each<[string, Answers]>([
  ['a gateway’s 502', json(502, '<html><head><title>502 Bad Gateway</title></head></html>')],
  ['503', json(503, { error: { message: 'Loading model', type: 'unavailable_error', code: 503 } })],
  ['500', json(500, 'Internal Server Error')],
  ['500, the engine dead', json(500, { error: { message: 'EngineCore encountered an issue.', code: 500 } })],
  ['400, in words that nobody knows', json(400, { error: 'The model naps.' })],
  ['429 in a 200', json(200, { error: { message: 'Rate limit exceeded', code: 429 } })],
  ['429 beside an empty answer', json(200, ok(null, { error: { message: 'Provider returned error', code: 429 } }))],
  ['a page in a 200', json(200, '<html><body>Back soon</body></html>')],
  ['an empty body', json(200, '')],
  ['a refused key', json(401, { error: { message: 'Incorrect API key provided' } })],
  ['a model that is not there yet', json(404, { error: { message: 'The model `x` does not exist.', code: 404 } })],
  ['a cut connection', (response) => response.destroy()],
  ['a cut stream', (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': hm\n\n')],
])('an outage told as %s is waited for, and is nobody’s answer', async (_, outage) => {
  const until = Date.now() + 3_000;
  await serve((...call) => (Date.now() < until ? outage : answers)(...call));
  const result = await world.sample({ rows: await world.rows(4), attempts: 3 });
  expect(result.counts).toEqual({ answered: 4, unparseable: 0, truncated: 0, failed: 0 });
});

test.each([['0'], ['-1'], ['0.001'], ['Thu, 01 Jan 1970 00:00:00 GMT']])(
  'Retry-After: %s is no leave to ask at once',
  async (retryAfter) => {
    await serve(json(429, { error: { message: 'slow down' } }, { 'retry-after': retryAfter }));
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 3_000);
    const asking = world.sample({ rows: await world.rows(2) }, { ...quiet(), signal: stop.signal });
    await expect(asking).rejects.toThrow('enough');
    expect(requests.length).toBeLessThan(20);
  },
);

test.each([
  ['while others are answered', 20],
  ['with no other call to tell', 1],
])('a call that breaks whatever it is sent to fails, %s, and its set is sealed', async (_, rows) => {
  const isPoison = ({ messages }: Asked): boolean => messages.some(({ content }) => content.includes('claim 0.'));
  await serve((response, asked, request) =>
    (isPoison(asked) ? json(500, 'Internal Server Error') : answers)(response, asked, request),
  );
  const result = await world.sample({ rows: await world.rows(rows) });
  expect(result.counts).toEqual({ answered: rows - 1, unparseable: 0, truncated: 0, failed: 1 });
  expect((await world.outcomes())[0]).toMatchObject({ kind: 'failed', cause: 'outage', status: 500 });
  expect(requests.filter((asked) => isPoison(asked)).length).toBe(5);
});

test('labelling waits while no server is there, says so, and goes on when it is back', async () => {
  const port = await serve(answers);
  server.close();
  server.closeAllConnections();
  const beats: unknown[] = [];
  const context: ShardContext = { ...quiet(), heartbeat: (progress) => void beats.push(progress) };
  const asking = world.label({ proofs: await world.rows(3) }, context);
  while (beats.length < 2) await sleep(100);
  expect(beats.at(-1)).toMatchObject({
    rowsDone: 0,
    waitingForServers: { since: expect.stringMatching(/^20..-/), last: expect.stringContaining('ECONNREFUSED') },
  });
  server.listen(port, '127.0.0.1');
  const result = await asking;
  expect(result.labels).toEqual({ auto: 3, contested: 0, unresolved: 0 });
  expect(result.counts.failed).toBe(0);
});

test('cancelling a set that waits for servers ends it, and its ledger is not sealed', async () => {
  await serve(json(503, 'down'));
  const stop = new AbortController();
  const asking = world.sample({ rows: await world.rows(3) }, { ...quiet(), signal: stop.signal });
  while (requests.length === 0) await sleep(10);
  stop.abort(new Error('cancelled'));
  await expect(asking).rejects.toThrow('cancelled');
  await expect(world.outcomes()).rejects.toThrow('is not sealed yet');
});

test('a quota that ends after all patience is named at once, by when it ends', async () => {
  await serve(json(429, { error: { code: 'insufficient_quota', message: 'Quota. Try again in 2h.' } }), {
    patienceMs: 3_600_000,
  });
  await expect(world.sample({ rows: await world.rows(2) })).rejects.toThrow(
    /no server of model a+ answered or will before 20.*, when its quota is there again; last: .*Try again in 2h/,
  );
});

test.each([
  ['', '/v1/chat/completions'],
  ['/v1', '/v1/chat/completions'],
  ['/v1/', '/v1/chat/completions'],
  ['/api/paas/v4', '/api/paas/v4/chat/completions'],
  ['/v1beta/openai/', '/v1beta/openai/chat/completions'],
  ['/v1/chat/completions', '/v1/chat/completions'],
  ['/proxy', '/proxy/v1/chat/completions'],
  ['/proxy/v1?team=a', '/proxy/v1/chat/completions?team=a'],
  ['/openai/deployments/p?api-version=1', '/openai/deployments/p/chat/completions?api-version=1'],
])('the base %j is asked at %s', async (base, path) => {
  await serve(
    (response, asked, { url }) => (url === path ? answers : json(400, `no ${url}`))(response, asked, {} as never),
    { base },
  );
  expect((await world.sample({ rows: await world.rows(1) })).counts.answered).toBe(1);
});

test.each([307, 308])('a redirect by %i within the host is followed, with the key', async (status) => {
  await serve((response, asked, { url, headers }) => {
    if (url === '/v1/chat/completions') response.writeHead(status, { location: '/elsewhere/' }).end();
    else json(headers.authorization === 'Bearer key' ? 200 : 400, ok())(response, asked, {} as never);
  });
  const { port } = server.address() as AddressInfo;
  await world.close();
  const endpoint = { baseUrl: `http://127.0.0.1:${port}`, maxConcurrency: 8, apiKey: 'key' };
  world = await openWorld({ resolve: async (model) => [{ ...endpoint, model: modelKey(model) }] });
  expect((await world.sample({ rows: await world.rows(1) })).counts.answered).toBe(1);
});

test('a redirect to another origin of this machine is followed without the key', async () => {
  let key: string | undefined = 'never asked';
  const other = createServer((request, response) => {
    key = request.headers.authorization;
    request.resume().on('end', () => void answers(response, {} as never, request));
  });
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await serve((response) => response.writeHead(307, { location: `http://localhost:${port}/v1` }).end());
  expect((await world.sample({ rows: await world.rows(1) })).counts.answered).toBe(1);
  expect(key).toBeUndefined();
  other.closeAllConnections();
  other.close();
});

test('a call that a server refuses fails alone, where it knows fewer fields than it is asked with', async () => {
  await serve((response, asked, request) => {
    const unknown = ['seed', 'max_tokens'].find((field) => field in asked);
    const refusal = unknown === undefined ? 'Sorry, no.' : `Unsupported parameter: '${unknown}'`;
    const isOdd = unknown === undefined && asked.messages.some(({ content }) => content.includes('claim 0.'));
    (unknown !== undefined || isOdd ? json(400, { error: { message: refusal } }) : answers)(response, asked, request);
  });
  const result = await world.sample({ rows: await world.rows(1) });
  expect(result.counts).toEqual({ answered: 0, unparseable: 0, truncated: 0, failed: 1 });
  expect((await world.outcomes())[0]).toMatchObject({ kind: 'failed', cause: 'request', reason: '400 Sorry, no.' });
});

test('a server that does not know a field is asked without it, and told of it once', async () => {
  const known = new Set(['model', 'messages', 'temperature', 'top_p', 'max_completion_tokens', 'stream']);
  await serve((response, asked, request) => {
    const unknown = Object.keys(asked).find((field) => !known.has(field));
    const refusal = { error: { message: `Unsupported parameter: '${unknown}' is not supported with this model.` } };
    (unknown === undefined ? answers : json(400, refusal))(response, asked, request);
  });
  const sampling = { ...SAMPLING, maxTokens: 10_000 };
  const result = await world.sample({ rows: await world.rows(20), sampling, engine: { ...ENGINE, maxConcurrency: 1 } });
  expect(result.counts.answered).toBe(20);
  expect(requests.length).toBe(24);
  expect(requests.at(-1)).toMatchObject({ max_completion_tokens: 10_000, stream: true });
});
const ENGINE = { engine: 'external', shardRows: 500, window: 4, maxConcurrency: 512 } as const;

test('a long answer is asked for as a stream, and one that is cut is asked for again', async () => {
  const said = (content: string, end: string | null = null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: end }] })}\n\n`;
  let cut = 0;
  await serve(async (response, asked) => {
    if (isShort(asked)) return answers(response, asked, {} as never);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`: waiting in line\n\n${said(VERDICT.slice(0, 40))}`);
    await sleep(50);
    if (cut++ === 0) return response.destroy();
    response.end(`${said(VERDICT.slice(40))}${said('', 'stop')}data: [DONE]\n\n`);
  });
  const result = await world.sample({ rows: await world.rows(1), sampling: { ...SAMPLING, maxTokens: 60_000 } });
  expect(result.counts.answered).toBe(1);
  expect(requests[0]).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  expect((await world.outcomes())[0]).toMatchObject({ text: VERDICT, score: 1 });
});

test('connections that the server closes between two calls cost no answer', async () => {
  await serve(answers);
  server.keepAliveTimeout = 1;
  expect((await world.sample({ rows: await world.rows(200) })).counts.answered).toBe(200);
});
