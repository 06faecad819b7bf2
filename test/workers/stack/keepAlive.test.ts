import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, readRecord, recordOfThisProcess, type ProcessRecord } from '../../../activities/processes/records.ts';
import { keepAlive, restartDelayMs, type Kept, type KeptState } from '../../../workers/stack/keepAlive.ts';

const started: ProcessRecord[] = [];
afterEach(() => {
  for (const { pid } of started.splice(0)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended
    }
  }
});

function sleeper(more: Partial<Kept> = {}): Kept {
  const folder = mkdtempSync(path.join(tmpdir(), 'flywheel-kept-'));
  const env = { PATH: process.env['PATH'] };
  return {
    name: 'sleeper',
    about: { name: 'sleeper' },
    command: ['sleep', '600'],
    env,
    cwd: folder,
    record: path.join(folder, 'run', 'sleeper.json'),
    log: path.join(folder, 'sleeper.log'),
    ...more,
  };
}

/** Runs keepAlive until `end` is called; what it says and what state it reports is kept. */
function keep(kept: Kept) {
  const controller = new AbortController();
  const said: string[] = [];
  let state: KeptState | undefined;
  const done = keepAlive([kept], {
    signal: controller.signal,
    say: (line) => said.push(line),
    onChange: async (states) => {
      state = states.get(kept.name);
    },
    pollMs: 20,
    probeMs: 20,
  });
  return {
    said,
    state: () => state,
    async end(): Promise<void> {
      controller.abort();
      await done;
    },
  };
}

/** The living process of a record, once there is one other than `not`. */
async function living(kept: Kept, not?: ProcessRecord): Promise<ProcessRecord> {
  for (;;) {
    const record = await readRecord(kept.record);
    if (record !== undefined && record.pid !== not?.pid && (await isAlive(record))) {
      started.push(record);
      return record;
    }
    await sleep(20);
  }
}

test('a process that is killed is started again', async () => {
  const kept = sleeper();
  const keeper = keep(kept);
  const first = await living(kept);
  process.kill(first.pid, 'SIGKILL');
  const second = await living(kept, first);
  await keeper.end();
  expect(await isAlive(second)).toBe(true); // keepers end nothing
  expect(keeper.state()).toMatchObject({ pid: second.pid, restarts: 1 });
});

test('what a killed supervisor left running is adopted, not started twice', async () => {
  const kept = sleeper();
  const earlier = keep(kept);
  const first = await living(kept);
  await earlier.end();

  const later = keep(kept);
  while (later.state() === undefined) await sleep(10);
  expect(later.said).toEqual([`sleeper: adopting process ${first.pid}`]);
  process.kill(first.pid, 'SIGKILL');
  await living(kept, first);
  await later.end();
});

test.each([
  ['a process that ended', async () => ({ ...(await recordOfThisProcess()), pid: 2 ** 22 + 1 })],
  [
    'a process whose id somebody else has now',
    async () => ({ ...(await recordOfThisProcess()), startTime: '1 another-boot' }),
  ],
])('the record of %s is replaced', async (_, stale) => {
  const kept = sleeper();
  const keeper = keep({ ...kept, mayStart: async () => false });
  await keeper.end();
  await import('node:fs/promises').then(({ mkdir }) => mkdir(path.dirname(kept.record), { recursive: true }));
  writeFileSync(kept.record, JSON.stringify(await stale()));
  const second = keep(kept);
  const record = await living(kept);
  await second.end();
  expect(record.pid).not.toBe(process.pid);
});

test('a process that cannot run is tried again after growing pauses, and its failures are counted', async () => {
  const kept = sleeper({ command: ['false'] });
  const keeper = keep(kept);
  while ((keeper.state()?.failures ?? 0) < 2) await sleep(20);
  await keeper.end();
  expect([0, 1, 2, 10, 50].map(restartDelayMs)).toEqual([200, 400, 800, 10_000, 10_000]);
});

test(
  'a process that lives and does not work is killed and started again; one that is slow at times is left ' + 'alone',
  async () => {
    const answers = [false, false, true]; // then never
    const kept = sleeper({ works: async () => answers.shift() ?? false });
    const keeper = keep(kept);
    const first = await living(kept);
    await living(kept, first);
    await keeper.end();
    expect(keeper.said[1]).toMatch(
      `sleeper: process ${first.pid} lives, but did not work 12 times in a row; killing it`,
    );
    expect(await isAlive(first)).toBe(false);
    expect(answers).toEqual([]);

    const slow = sleeper({ works: jest.fn(async () => (slow.works as jest.Mock).mock.calls.length % 3 === 0) });
    const patient = keep(slow);
    const only = await living(slow);
    while ((slow.works as jest.Mock).mock.calls.length < 30) await sleep(10);
    await patient.end();
    expect(await isAlive(only)).toBe(true);
  },
);

test('a start is put off until it may be', async () => {
  let server = false;
  const mayStart = jest.fn(async () => server);
  const kept = sleeper({ mayStart });
  const keeper = keep(kept);
  while (mayStart.mock.calls.length < 3) await sleep(10);
  expect(keeper.state()).toBeUndefined();
  server = true;
  await living(kept);
  await keeper.end();
});
