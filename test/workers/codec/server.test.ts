import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { encryptionCodec } from '../../../workers/codec/encryption.ts';
import { createCodecServer } from '../../../workers/codec/server.ts';

const UI = 'https://temporal.example.org';
const TOKEN = randomBytes(24).toString('hex');
const codec = encryptionCodec([{ id: 'k1', key: randomBytes(32) }]);
const opened: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close();
});

function server(more: { token?: string } = {}): FastifyInstance {
  const app = createCodecServer({ codec, origins: [UI], namespace: 'team', ...more });
  opened.push(app);
  return app;
}
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const plain = { metadata: { encoding: base64('json/plain') }, data: base64('{"sizes":3}') };
const post = (app: FastifyInstance, url: string, payload: object, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url, payload, headers: { origin: UI, 'x-namespace': 'team', ...headers } });

test('what it has encoded it decodes, in the order that it was asked in', async () => {
  const app = server();
  const other = { metadata: { encoding: base64('binary/null') }, data: '' };
  const encoded = await post(app, '/encode', { payloads: [plain, other] });
  expect(encoded.payload).not.toContain(plain.data);
  const decoded = await post(app, '/decode', encoded.json<object>());
  expect(decoded.json()).toEqual({ payloads: [plain, other] });
});

test('the Web UI’s browser may ask, with credentials, and no page of another origin', async () => {
  const app = server();
  const asked = { origin: UI, 'access-control-request-headers': 'x-namespace' };
  const preflight = await app.inject({ method: 'OPTIONS', url: '/decode', headers: asked });
  expect(preflight.statusCode).toBe(204);
  expect(preflight.headers).toMatchObject({
    'access-control-allow-origin': UI,
    'access-control-allow-credentials': 'true',
    'access-control-allow-headers': expect.stringContaining('x-namespace'),
  });
  for (const origin of ['https://evil.example', 'http://127.0.0.1:7330', 'null']) {
    const refused = await post(app, '/decode', { payloads: [plain] }, { origin });
    expect(refused.statusCode).toBe(403);
    expect(refused.headers['access-control-allow-origin']).toBeUndefined();
  }
});

test('the payloads of another namespace are not shown', async () => {
  const refused = await post(server(), '/decode', { payloads: [] }, { 'x-namespace': 'others' });
  expect([refused.statusCode, refused.json()]).toEqual([403, { message: 'Expected namespace team, got "others"' }]);
});

test('a payload of another key is refused by its name, and what is no payload by its field', async () => {
  const [foreign] = await encryptionCodec([{ id: 'k9', key: randomBytes(32) }]).encode([{ data: Buffer.from('x') }]);
  const metadata = Object.entries(foreign?.metadata ?? {}).map(([name, value]) => [
    name,
    Buffer.from(value).toString('base64'),
  ]);
  const payload = { metadata: Object.fromEntries(metadata), data: Buffer.from(foreign?.data ?? []).toString('base64') };
  const locked = await post(server(), '/decode', { payloads: [payload] });
  expect(locked.statusCode).toBe(422);
  expect(locked.json()).toMatchObject({ message: expect.stringContaining('to have the key "k9"') });
  const odd = await post(server(), '/decode', { payloads: [{ data: 7 }] });
  expect([odd.statusCode, odd.json<{ message: string }>().message]).toEqual([
    400,
    expect.stringContaining('payloads[0].data'),
  ]);
});

test('where there is a token a request has to carry it, as a header or as the cookie of a sign-in', async () => {
  const app = server({ token: TOKEN });
  const decode = (headers: Record<string, string>) => post(app, '/decode', { payloads: [plain] }, headers);
  expect((await decode({})).statusCode).toBe(401);
  expect((await decode({ authorization: `Bearer ${TOKEN}x` })).statusCode).toBe(401);
  expect((await decode({ authorization: `Bearer ${TOKEN}` })).statusCode).toBe(200);

  const signIn = (token: string) =>
    app.inject({
      method: 'POST',
      url: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ token }).toString(),
    });
  expect((await signIn('guessed')).statusCode).toBe(401);
  const cookie = String((await signIn(TOKEN)).headers['set-cookie']);
  expect(cookie).toContain('HttpOnly; Path=/; Secure; SameSite=None');
  expect((await decode({ cookie: cookie.split(';')[0] ?? '' })).statusCode).toBe(200);
});

test('whether it is up is told to everybody', async () => {
  const { statusCode, payload } = await server({ token: TOKEN }).inject({ url: '/healthz' });
  expect([statusCode, payload]).toEqual([200, '{"status":"ok"}']);
});
