import { modelKey } from '../../../shared/records.ts';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileStore } from '../../../activities/store/files.ts';
import { createRewardService } from '../../../workers/reward-service/server.ts';
import { verdictBySeed } from './fakeModelServer.ts';
import { gate, itemOf, JOB, post, TOKEN, writeSpec } from './fixtures.ts';
import { rewardWorld } from './world.ts';

jest.setTimeout(60_000);

const world = rewardWorld();

async function startProcess() {
  const script = path.join(import.meta.dirname, 'serviceProcess.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, world.folder, world.model.url, TOKEN], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  world.started.push(child);
  const [address] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, listeningOrigin: address.toString().trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}

const items = Array.from({ length: 40 }, (_, index) =>
  itemOf({ itemId: `p${index}`, response: `## Solution\nProof ${index}.` }),
);

test('a service that is killed after it answered gives the same answers again, and asks no judge', async () => {
  const first = await startProcess();
  const before = await post(first, items);
  await kill(first.child);
  const second = await startProcess();
  const after = await post(second, items);
  expect(after.body.items).toEqual(before.body.items);
  expect(world.model.calls).toHaveLength(items.length);
});

test(
  'a service that is killed amid a batch asks again only the calls that were in flight, and answers as if nothing ' +
    'had happened',
  async () => {
    const stuck = gate();
    const never = new Promise<string>(() => undefined);
    world.model.reply = (call) => {
      if (world.model.calls.length <= 20) return verdictBySeed(call);
      if (world.model.calls.length === items.length) stuck.open();
      return never;
    };
    const first = await startProcess();
    const cut = post(first, items).then(
      () => 'answered',
      () => 'cut',
    );
    await stuck.opened;
    await until(
      async () =>
        (await readFile(path.join(world.folder, 'rewards', JOB, 'rewards.jsonl'), 'utf8')).split('\n').length > 20,
    );
    await kill(first.child);
    expect(await cut).toBe('cut');

    world.model.reply = verdictBySeed;
    const second = await startProcess();
    const { status, body } = await post(second, items);
    expect(status).toBeLessThan(300);
    expect(world.model.calls).toHaveLength(items.length + 20);

    // As if nothing had happened: another store, no kill.
    const other = new FileStore(path.join(world.folder, 'other'));
    await writeSpec(other);
    const undisturbed = createRewardService({
      store: other,
      resolve: (judge) => Promise.resolve([{ baseUrl: world.model.url, model: modelKey(judge), maxConcurrency: 64 }]),
      token: TOKEN,
    });
    await undisturbed.listen({ host: '127.0.0.1', port: 0 });
    expect((await post(undisturbed, items)).body.items).toEqual(body.items);
    await undisturbed.close();
  },
);
