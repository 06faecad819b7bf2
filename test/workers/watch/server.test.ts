import { createServer } from 'node:net';
import { freePort } from '../../../activities/processes/ports.ts';
import { gauge } from '../../../activities/metrics/registry.ts';
import { Readiness } from '../../../workers/watch/readiness.ts';
import { serveWatch } from '../../../workers/watch/server.ts';

const host = '127.0.0.1';
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function served(readiness: Readiness, more?: () => Promise<string>): Promise<string> {
  const server = await serveWatch({ host, port: 0, strict: false, readiness, more });
  closing.push(() => server.close());
  return `http://${host}:${server.port}`;
}

test('a process that cannot do its work says why, and lives all the same', async () => {
  let trouble: string | undefined = 'the server is away';
  const readiness = new Readiness([() => trouble, () => Promise.reject(new Error('no store\nat some line'))]);
  const address = await served(readiness);
  const notReady = await fetch(`${address}/readyz`);
  expect([notReady.status, await notReady.text()]).toEqual([503, 'the server is away\nno store\n']);
  expect((await fetch(`${address}/healthz`)).status).toBe(200);
  trouble = undefined;
});

test('a process that ends is not ready any more, whatever else it can do', async () => {
  const readiness = new Readiness([() => undefined]);
  const address = await served(readiness);
  expect((await fetch(`${address}/readyz`)).status).toBe(200);
  readiness.drain('ending after SIGTERM');
  const ending = await fetch(`${address}/readyz`);
  expect([ending.status, await ending.text()]).toEqual([503, 'ending after SIGTERM\n']);
});

test('what is measured stands at one address, with what the Temporal SDK measures', async () => {
  const address = await served(new Readiness([]), async () => 'temporal_workers 1\n');
  const reply = await fetch(`${address}/metrics`);
  expect(reply.headers.get('content-type')).toContain('text/plain');
  const text = await reply.text();
  expect(text).toMatch(/^process_cpu_seconds_total /m);
  expect(text).toMatch(/^temporal_workers 1$/m);
});

test('a figure that cannot be looked up takes no other with it', async () => {
  gauge({ name: 'flywheel_questions_open', help: 'Fails.' }, () => Promise.reject(new Error('nobody answers')));
  const address = await served(new Readiness([]), () => Promise.reject(new Error('no SDK')));
  const reply = await fetch(`${address}/metrics`);
  const text = await reply.text();
  expect(reply.status).toBe(200);
  expect(text).toMatch(/^process_cpu_seconds_total /m);
  expect(text).toContain('# not read: no SDK');
});

test('a page that is none says which there are', async () => {
  const reply = await fetch(`${await served(new Readiness([]))}/metric`);
  expect([reply.status, await reply.text()]).toEqual([404, 'Expected /metrics, /healthz or /readyz, got /metric\n']);
});

test('a port that the environment asks for is never replaced; a default is', async () => {
  const port = await freePort();
  const stranger = createServer();
  await new Promise<void>((resolve) => stranger.listen(port, host, resolve));
  closing.push(() => new Promise((resolve) => stranger.close(() => resolve())));
  const readiness = new Readiness([]);
  await expect(serveWatch({ host, port, strict: true, readiness })).rejects.toThrow(
    `Expected port ${port} of 127.0.0.1 to be free for this process' metrics (FLYWHEEL_METRICS_PORT)`,
  );
  const other = await serveWatch({ host, port, strict: false, readiness });
  closing.push(() => other.close());
  expect(other.port).not.toBe(port);
});
