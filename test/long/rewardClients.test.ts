import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { FileStore } from '../../activities/store/files.ts';
import { modelKey } from '../../shared/records.ts';
import { createRewardService } from '../../workers/reward-service/server.ts';
import { evaluationOf } from '../workers/reward-service/fakeModelServer.ts';
import { JOB, TOKEN } from '../workers/reward-service/fixtures.ts';
import { rewardWorld } from '../workers/reward-service/world.ts';

/** `npm run test:long -- rewardClients`: other trainers' own clients, in an environment that the variable names. */
const VARIABLE = 'FLYWHEEL_REWARD_CLIENTS_PYTHON';
const REMEDY =
  `Expected ${VARIABLE} to name a Python with the clients: python -m venv clients && clients/bin/pip install ` +
  'verifiers==0.4.0 && clients/bin/pip install --no-deps openrlhf==0.11.2';

const world = rewardWorld();
const python = process.env[VARIABLE] ?? '';
let app: FastifyInstance;
beforeAll(() => {
  if (python === '') throw new Error(REMEDY);
});
beforeEach(async () => {
  app = createRewardService({
    store: new FileStore(world.folder),
    resolve: (judge) => Promise.resolve([{ baseUrl: world.model.url, model: modelKey(judge), maxConcurrency: 64 }]),
    token: TOKEN,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => app.close());

async function startClients() {
  const script = path.join(import.meta.dirname, 'rewardClients.py');
  const url = `${app.listeningOrigin}/jobs/${encodeURIComponent(JOB)}/compat`;
  const child = spawn(python, [script, url, TOKEN], { stdio: ['pipe', 'pipe', 'inherit'], cwd: world.folder });
  world.started.push(child);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  if ((await lines.next()).value !== '"ready"') throw new Error(REMEDY);
  return async (...asked: [client: string, item: string, response: string]): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(asked)}\n`);
    return JSON.parse((await lines.next()).value as string);
  };
}

const CLIENTS = ['slime', 'openrlhf', 'verifiers'];
const RESPONSE = '## Solution\nBy induction.';

test('each client gets the reward that the judge gave, and the same again without a call', async () => {
  const ask = await startClients();
  world.model.reply = () => evaluationOf(0.5);
  for (const client of CLIENTS) expect([client, await ask(client, 'p1', RESPONSE)]).toEqual([client, 0.5]);
  expect(world.model.calls).toHaveLength(1);
});

test('no client takes a sample without a reward for one of 0', async () => {
  const ask = await startClients();
  world.model.reply = () => evaluationOf(7);
  for (const client of CLIENTS)
    expect([client, await ask(client, 'p1', RESPONSE)]).toEqual([client, client === 'verifiers' ? 'TypeError' : null]);
});

test('each client waits while the judge is down, and gets its reward when it is back', async () => {
  const ask = await startClients();
  world.model.reply = () => evaluationOf(1);
  for (const [index, client] of CLIENTS.entries()) {
    await world.model.stop();
    const held = ask(client, 'p1', `${RESPONSE} Way ${index}.`);
    expect(await Promise.race([held, sleep(1_500).then(() => 'held')])).toBe('held');
    await world.model.start();
    expect([client, await held]).toEqual([client, 1]);
  }
});
