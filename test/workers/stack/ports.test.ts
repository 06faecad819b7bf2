import { createServer, type Server } from 'node:net';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, isFree } from '../../../activities/processes/ports.ts';

const before = { ...process.env };
const servers: Server[] = [];
afterEach(async () => {
  process.env = { ...before };
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function portsWith(env: Record<string, string>): Promise<typeof import('../../../workers/stack/ports.ts')> {
  Object.assign(process.env, { FLYWHEEL_STATE: mkdtempSync(path.join(tmpdir(), 'flywheel-ports-')), ...env });
  jest.resetModules();
  return import('../../../workers/stack/ports.ts');
}

/** A program that has nothing to do with us. */
async function takePort(port = 0): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return address.port;
}

const NOTHING = new Set<never>();

test('a port that the environment asks for and another program has is refused by name', async () => {
  const taken = await takePort();
  const { choosePorts } = await portsWith({ FLYWHEEL_REWARD_PORT: String(taken) });
  await expect(choosePorts(NOTHING, () => undefined)).rejects.toThrow(
    `Expected port ${taken} (FLYWHEEL_REWARD_PORT) to be free`,
  );
});

test('where the port of last time is taken, a free one is found, said and kept', async () => {
  const { choosePorts } = await portsWith({});
  const { stateFiles } = await import('../../../workers/stack/state.ts');
  const lastTime = { temporal: await takePort(), ui: await freePort(), reward: await freePort() };
  await stateFiles.writeJson('run/ports.json', lastTime);

  const said: string[] = [];
  const ports = await choosePorts(NOTHING, (line) => said.push(line));
  expect(ports).toMatchObject({ ui: lastTime.ui, reward: lastTime.reward });
  expect(await isFree(ports.temporal)).toBe(true);
  expect(said).toEqual([`Port ${lastTime.temporal} is taken by another program: temporal uses ${ports.temporal}`]);
  await expect(choosePorts(NOTHING, (line) => said.push(line))).resolves.toEqual(ports);
});

test('a service that lives keeps its port, though that port is not free', async () => {
  const { choosePorts } = await portsWith({});
  const { stateFiles } = await import('../../../workers/stack/state.ts');
  const ours = { temporal: await takePort(), ui: await takePort(), reward: await freePort(), desk: await freePort() };
  await stateFiles.writeJson('run/ports.json', ours);
  await expect(choosePorts(new Set(['temporal', 'ui'] as const), () => undefined)).resolves.toEqual(ours);
});

test('a stack without laps looks at no port of the reward service; the first lap that comes does', async () => {
  const taken = await takePort();
  const { choosePorts } = await portsWith({ FLYWHEEL_REWARD_PORT: String(taken) });
  const { rewardsAreWanted, wantRewards, forgetRewards } = await import('../../../workers/stack/rewards.ts');
  await expect(choosePorts(NOTHING, () => undefined, ['temporal', 'ui'])).resolves.not.toHaveProperty('reward');
  await expect(wantRewards(() => undefined)).rejects.toThrow(
    `Expected port ${taken} (FLYWHEEL_REWARD_PORT) to be free`,
  );
  expect(await rewardsAreWanted()).toBe(false);
  await new Promise((resolve) => servers.pop()?.close(resolve));
  await wantRewards(() => undefined);
  expect(await rewardsAreWanted()).toBe(true);
  await forgetRewards();
  expect(await rewardsAreWanted()).toBe(false);
});
