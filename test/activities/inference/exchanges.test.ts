import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import * as zlib from 'node:zlib';
import { Agent } from 'undici';
import { exchange } from '../../../activities/inference/http.ts';
import { readError, readReply, type Reply } from '../../../activities/inference/reply.ts';

/** What a server sent, and what that is; written down from how such servers are known to answer. */
interface Exchange {
  readonly from: string;
  readonly what: string;
  readonly status: number;
  readonly headers?: Record<string, string>;
  /** Tokens that the answer was allowed. */
  readonly limit?: number;
  /** As text, or as JSON. */
  readonly body: unknown;
  readonly is: Partial<Reply>;
}

const exchanges = JSON.parse(readFileSync(path.join(__dirname, 'exchanges.json'), 'utf8')) as readonly Exchange[];

let pool: Agent;
beforeAll(() => {
  pool = new Agent();
});
afterAll(() => pool.destroy());

/** Sends a request to a server that answers so; the body comes in pieces of so many bytes. */
async function replyTo(
  { status, headers = {}, body, limit }: Pick<Exchange, 'status' | 'headers' | 'limit'> & { readonly body: Buffer },
  pieces = Infinity,
): Promise<Reply> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      for (let from = 0; from < body.length; from += pieces) response.write(body.subarray(from, from + pieces));
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    return readReply(
      await exchange({ pool, origin, path: '/', headers: {} }, '{}', { allMs: 10_000 }, undefined),
      limit,
    );
  } catch (error) {
    return readError(error as Error);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const bytesOf = (body: unknown): Buffer => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));

test.each(exchanges.map((one) => [one.from, one.what, one] as const))('%s: %s', async (_, __, one) => {
  expect(await replyTo({ ...one, body: bytesOf(one.body) })).toMatchObject(one.is);
});

test.each([
  ['gzip', zlib.gzipSync],
  ['deflate', zlib.deflateSync],
  ['deflate', zlib.deflateRawSync],
  ['br', zlib.brotliCompressSync],
])('a body in the coding %s, which nobody asked for, is read', async (coding, pack) => {
  const headers = { 'content-encoding': coding };
  for (const one of exchanges.filter(({ what }) => /whole answer|usage at its end/.test(what)))
    expect(await replyTo({ ...one, headers, body: pack(bytesOf(one.body)) }, 7)).toMatchObject(one.is);
});

test('a body in a coding that is not known, or that does not hold, says so', async () => {
  const unknown = await replyTo({ status: 200, headers: { 'content-encoding': 'banana' }, body: Buffer.from('xyz') });
  expect(unknown).toMatchObject({ cause: 'malformed', message: expect.stringContaining('content-encoding "banana"') });
  const broken = await replyTo({ status: 200, headers: { 'content-encoding': 'gzip' }, body: Buffer.from('xyz') });
  expect(broken).toMatchObject({ cause: 'malformed', message: expect.stringContaining('content-encoding "gzip"') });
});

test('a stream reads the same in pieces of any size, characters cut in two included', async () => {
  const text = 'Sei ü∈ℝ: 证明 🙂.';
  const said = (delta: object, end?: string) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: end ?? null }] })}\r\n\r\n`;
  const body = Buffer.from(`: hm\r\n\r\n${said({ content: text })}${said({ content: text }, 'stop')}data: [DONE]`);
  for (const size of [1, 2, 3, 5, 64])
    expect(await replyTo({ status: 200, body }, size)).toMatchObject({ content: text + text, validText: true });
  body[body.indexOf('Sei')] = 0xff;
  expect(await replyTo({ status: 200, body }, 3)).toMatchObject({ kind: 'answer', validText: false });
});
