import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RewardItem } from '../../../shared/reward/protocol.ts';
import { verdictBySeed } from './fakeModelServer.ts';
import { gate, itemOf, JOB, rewardPath, TOKEN } from './fixtures.ts';
import { rewardWorld } from './world.ts';

jest.setTimeout(180_000);

const world = rewardWorld();

async function startService(port = '0') {
  const script = path.join(import.meta.dirname, 'serviceProcess.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, world.folder, world.model.url, TOKEN, port], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  world.started.push(child);
  const [address] = (await once(child.stdout, 'data')) as [Buffer];
  const url = address.toString().trim();
  return { child, url, port: new URL(url).port };
}

/** The trainer's own client, in a process of its own. */
async function startClient(url: string) {
  const python = process.env['FLYWHEEL_TRAINER_PYTHON'] as string;
  const child = spawn(python, [path.join(import.meta.dirname, 'client.py'), url + rewardPath(), TOKEN], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, PYTHONPATH: path.resolve('.') },
  });
  world.started.push(child);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  const score = async (items: readonly RewardItem[] | readonly [number, number], patience = {}): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify([patience, items])}\n`);
    return JSON.parse(((await lines.next()).value as string | undefined) ?? 'null');
  };
  return { child, score };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const rewarded = async (): Promise<number> =>
  (await readFile(path.join(world.folder, 'rewards', JOB, 'rewards.jsonl'), 'utf8').catch(() => '')).split('\n')
    .length - 1;

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}

const items = Array.from({ length: 600 }, (_, index) =>
  itemOf({ itemId: `p${index % 40}`, response: `## Solution\nProof ${index}.`, step: 1 }),
);

/** Judges that answer the first `count` calls, and the others when they are let. */
function answering(count: number) {
  const rest = gate();
  world.model.reply = async (call) => {
    if (world.model.calls.length > count) await rest.opened;
    return verdictBySeed(call);
  };
  return rest;
}

test('whatever is killed amid a step, its rewards come all the same, and no answer is paid twice', async () => {
  const seeds = () => new Set(world.model.calls.map(({ seed }) => seed)).size;
  const first = await startService();
  let client = await startClient(first.url);
  answering(200);
  void client.score(items);
  await until(async () => (await rewarded()) >= 150);
  await kill(client.child);
  client = await startClient(first.url);
  const score = client.score(items);
  await kill(first.child);
  const inFlight = world.model.calls.length - (await rewarded());
  world.model.reply = verdictBySeed;
  const second = await startService(first.port);
  const rewards = (await score) as number[];
  expect(rewards).toHaveLength(600);
  expect(seeds()).toBe(600);
  expect(world.model.calls.length).toBeLessThanOrEqual(600 + inFlight);

  expect(await client.score(items)).toEqual(rewards);
  expect(world.model.calls.length).toBeLessThanOrEqual(600 + inFlight);
  // As if nothing had happened: all is forgotten, and nothing disturbs.
  await kill(second.child);
  await rm(path.join(world.folder, 'rewards', JOB, 'rewards.jsonl'));
  await rm(path.join(world.folder, 'ledger'), { recursive: true });
  const calm = await startService();
  expect(await (await startClient(calm.url)).score(items)).toEqual(rewards);
});

test('a step that is judged for longer than the clocks of silence and of a stall is rewarded', async () => {
  world.model.reply = async (call) => {
    await sleep(400);
    return verdictBySeed(call);
  };
  const { url } = await startService();
  const client = await startClient(url);
  const began = Date.now();
  expect(await client.score(items, { silence: 1, stall: 1 })).toHaveLength(600);
  expect(Date.now() - began).toBeGreaterThan(3_000);
});

/** How often the clocks of this test tick faster than a trainer's: a minute of silence, 45 of a stall, a verdict of 30. */
const SCALE = 200;

test('a verdict of half an hour, of which no token comes before its end, is waited for and asked for once', async () => {
  world.model.reply = async (call) => {
    await sleep((30 * 60_000) / SCALE);
    return verdictBySeed(call);
  };
  const { url } = await startService();
  const client = await startClient(url);
  const [first] = items as [RewardItem];
  const patience = { silence: 60 / SCALE, stall: (45 * 60) / SCALE };
  expect([0, 0.5, 1]).toContainEqual(((await client.score([first], patience)) as number[])[0]);
  expect(world.model.calls).toHaveLength(1);
});

test('a service that dies is an outage within its clock of silence, of class infra', async () => {
  answering(0);
  const { child, url } = await startService();
  const client = await startClient(url);
  const score = client.score(items, { silence: 0.5, outage: 1 });
  await until(async () => world.model.calls.length > 0);
  await kill(child);
  expect(await score).toMatch(/^infra: the reward service at .* gave no answer for/);
});

test('judges that are down are waited for; beyond the patience it is class infra, and never a score', async () => {
  const { url } = await startService();
  const client = await startClient(url);
  await world.model.stop();
  expect(await client.score(items, { silence: 0.5, outage: 3, stall: 60 })).toMatch(
    /^infra: .*judged nothing for .* s: a judge is down since/,
  );
  const waiting = client.score(items);
  await world.model.start();
  expect(new Set((await waiting) as number[])).toEqual(new Set([0, 0.5, 1]));
  expect(await rewarded()).toBe(600);
});

test('steps of many and of long items are rewarded, whatever the number of batches', async () => {
  const { url } = await startService();
  const client = await startClient(url);
  for (const [count, kib] of [
    [2048, 16],
    [2048, 33],
    [5000, 1],
    [1, 20 * 1024],
  ] as const)
    expect(await client.score([count, kib])).toEqual(Array.from({ length: count }, () => 0));
});
