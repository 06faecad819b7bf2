import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, createServer as createSocketServer, type AddressInfo } from 'node:net';
import { freePort } from '../../../activities/processes/ports.ts';
import { reachOf, type Reach } from '../../../activities/inference/reach.ts';

type Page = readonly [status: number, body: unknown];
let server: Server;
let pages: Readonly<Record<string, Page>>;
let asked: string[];
let base: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    asked.push(`${method} ${url}`);
    request.resume().on('end', () => {
      const key = headers.authorization === undefined ? '' : ' with a key';
      const [status, body] = pages[`${method} ${url}${key}`] ??
        pages[`${method} ${url}`] ?? [404, '<title>Not found</title>'];
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  asked = [];
});

const reach = (given: typeof pages, model = 'prover', more = {}): Promise<Reach> => {
  pages = given;
  return reachOf({ baseUrl: base, model, maxConcurrency: 1, ...more });
};
const lists = (...ids: string[]): Page => [200, { data: ids.map((id) => ({ id, max_model_len: 4096 })) }];
const MODELS = 'GET /v1/models';
const CHAT = 'POST /v1/chat/completions';
const PAGE = '<!doctype html><title>Welcome</title>';
const ANSWER: Page = [200, { choices: [{ message: { content: '2' }, finish_reason: 'stop' }] }];

test.each([
  ['by its name', lists('other', 'prover'), 'prover'],
  ['behind a provider', lists('acme/prover'), 'prover'],
  ['with a date', lists('prover-2025-08-06'), 'prover'],
  ['without the date that was asked for', lists('prover'), 'prover-2025-08-06'],
  ['among all of a gateway', lists('acme/*'), 'acme/prover'],
])('a model that is listed %s is served, and nothing was asked for it', async (_, listing, model) => {
  expect(await reach({ [MODELS]: listing }, model)).toEqual({ kind: 'serves', window: 4096 });
  expect(asked).toEqual([MODELS]);
});

test('a model that is not listed is refused with the names that are, but for what its answers call themselves', async () => {
  const listing = { [MODELS]: lists('small', 'large') };
  expect(await reach(listing)).toEqual({ kind: 'other models', names: ['small', 'large'] });
  expect(await reach(listing, 'prover', { answersAs: ['large'] })).toMatchObject({ kind: 'serves' });
});

const refusedKey: Page = [401, { error: { message: 'Incorrect API key provided' } }];
test.each<[string, typeof pages, Reach['kind'], RegExp]>([
  ['an empty list', { [MODELS]: [200, { data: [] }] }, 'unlisted', /^its list is empty$/],
  ['no such page, in JSON', { [MODELS]: [404, { detail: 'Not Found' }] }, 'unlisted', /^404 Not Found$/],
  ['no such page, in a word', { [MODELS]: [404, '404 page not found'] }, 'unlisted', /^404/],
  ['not allowed', { [MODELS]: [405, { detail: 'Method Not Allowed' }] }, 'unlisted', /^405/],
  ['that the key is wrong', { [MODELS]: refusedKey }, 'key', /^401 Incorrect API key/],
  ['that it is forbidden', { [MODELS]: [403, { error: { message: 'forbidden' } }] }, 'key', /^403/],
  ['that it is loading', { [MODELS]: [503, { error: { message: 'Loading model' } }] }, 'busy', /^503 Loading model/],
  ['that there are too many calls', { [MODELS]: [429, { error: { message: 'slow down' } }] }, 'busy', /^429/],
  ["a gateway's page of an outage", { [MODELS]: [502, '<html><title>502 Bad Gateway</title>'] }, 'busy', /^502/],
  ['a web page', { [MODELS]: [200, PAGE] }, 'no API', /^200, a web page Welcome$/],
  ['that it has moved', { [MODELS]: [302, ''] }, 'no API', /^302/],
])('an endpoint that answers %s is told apart without a question', async (_, given, kind, said) => {
  expect(await reach(given)).toEqual({ kind, said: expect.stringMatching(said) });
  expect(asked).toEqual([MODELS]);
});

test("a framework's page where models would be listed is looked behind by the least question", async () => {
  expect(await reach({ [CHAT]: ANSWER })).toMatchObject({ kind: 'unlisted' });
  expect(await reach({ [CHAT]: refusedKey })).toMatchObject({ kind: 'key' });
  expect(await reach({})).toEqual({ kind: 'no API', said: '404, a web page Not found' });
});

test('the key is sent along', async () => {
  const given = { [MODELS]: refusedKey, [`${MODELS} with a key`]: lists('prover') };
  expect(await reach(given, 'prover', { apiKey: 'k' })).toMatchObject({ kind: 'serves' });
  expect(await reach(given)).toMatchObject({ kind: 'key' });
});

test('where nothing listens the endpoint is gone; what speaks no HTTP is no API; silence is patience', async () => {
  const at = (port: number) => ({ baseUrl: `http://127.0.0.1:${port}/v1`, model: 'm', maxConcurrency: 1 });
  expect(await reachOf(at(await freePort()))).toEqual({ kind: 'gone', said: expect.stringContaining('ECONNREFUSED') });
  const sockets = new Set<ReturnType<typeof connect>>();
  let greeting = 'SSH-2.0-other\r\n';
  const other = createSocketServer(
    (socket) => sockets.add(socket.on('error', () => undefined)) && socket.write(greeting),
  );
  await once(other.listen(0, '127.0.0.1'), 'listening');
  const { port } = other.address() as AddressInfo;
  expect(await reachOf(at(port))).toMatchObject({ kind: 'no API' });
  greeting = '';
  expect(await reachOf(at(port), 100)).toMatchObject({ kind: 'busy' });
  for (const socket of sockets) socket.destroy();
  other.close();
});
