import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { allocateLap } from '../../../activities/laps/identity.ts';
import { FileStore } from '../../../activities/store/files.ts';
import {
  applyChange,
  foundSchedules,
  foundWith,
  scheduleNamed,
  triggerSchedule,
} from '../../../cli/schedule/scheduleServer.ts';
import { QUEUES } from '../../../shared/queues.ts';
import { parseSchedule } from '../../../cli/schedule/scheduleFile.ts';
import { planSchedules, type Schedule, type ScheduleChange } from '../../../cli/schedule/schedules.ts';
import { config } from '../../../temporal.config.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'flywheel-schedules-'));
let env: TestWorkflowEnvironment;
let client: Client;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: process.env['TEMPORAL_CLI_PATH'] ?? '' },
      extraArgs: ['--log-level', 'never'],
    },
  });
  client = env.client;
}, 60_000);
afterAll(async () => {
  await env.teardown();
  rmSync(folder, { recursive: true });
});
afterEach(async () => {
  for (const { id } of await foundSchedules(client)) await client.schedule.getHandle(id).delete();
  while ((await foundSchedules(client)).length > 0) await sleep(50);
});

const FILE = {
  id: 'nightly',
  workflow: 'lap',
  input: { preset: 'smoke' },
  spec: { cron: ['0 2 * * MON-FRI'], timeZone: 'Europe/Berlin' },
  overlap: 'skip',
  catchupWindowMinutes: 60,
  pauseOnFailure: true,
};
const parse = (more: object = {}): Schedule => parseSchedule('a file', JSON.stringify({ ...FILE, ...more }));

/** What `flywheel schedule apply --yes` does. */
async function apply(wanted: Schedule[], prune = false): Promise<ScheduleChange[]> {
  const changes = planSchedules(
    wanted,
    await foundWith(
      client,
      wanted.map(({ id }) => id),
    ),
    prune,
  );
  for (const change of changes) await applyChange(client, change);
  return changes;
}
const kinds = (changes: readonly ScheduleChange[]) => changes.map(({ kind, id }) => `${kind} ${id}`);

test('what is applied twice is left alone the second time, whatever the times', async () => {
  const times = [
    '*/15 * * * *',
    '0 2 1,15 */3 *',
    '30 0 12 * * SAT,SUN 2027-2030',
    '5/20 8-18/2 * feb-apr 7',
    '0 0 * * *',
  ];
  const wanted = [
    ...times.map((cron, index) =>
      parse({ id: `cron-${index}`, spec: { cron: [cron, '1 1 1 1 1'], timeZone: 'America/New_York' } }),
    ),
    parse({
      id: 'intervals',
      workflow: 'flywheel',
      input: { laps: 3, lap: { preset: 'smoke' } },
      spec: { intervals: [{ everyMinutes: 90, offsetMinutes: 7 }], jitterSeconds: 30 },
      overlap: 'bufferOne',
      note: 'often',
      paused: true,
    }),
  ];
  expect(kinds(await apply(wanted))).toEqual(wanted.map(({ id }) => `create ${id}`));
  expect(kinds(await apply(wanted))).toEqual(wanted.map(({ id }) => `keep ${id}`));
});

test('what was changed in a file, or by hand on the server, is changed field by field', async () => {
  await apply([parse()]);
  await client.schedule
    .getHandle('nightly')
    .update((was) => ({
      ...was,
      policies: { ...was.policies, pauseOnFailure: false },
      spec: { ...was.spec, endAt: new Date('2030-01-01') },
    }));
  const edited = parse({ input: { preset: 'smoke', seed: 7 } });
  expect(await apply([edited])).toMatchObject([
    {
      kind: 'change',
      fields: [
        { field: 'input.seed', from: undefined, to: 7 },
        { field: 'spec.limits', from: { endAt: '2030-01-01T00:00:00.000Z' }, to: undefined },
        { field: 'pauseOnFailure', from: false, to: true },
      ],
    },
  ]);
  expect(kinds(await apply([edited]))).toEqual(['keep nightly']);
});

test('a pause outlasts an apply that changes something else', async () => {
  await apply([parse({ note: 'each night' })]);
  await client.schedule.getHandle('nightly').pause('GPUs away');
  await apply([parse({ note: 'each night', overlap: 'allowAll' })]);
  expect(await scheduleNamed(client, 'nightly')).toMatchObject({
    overlap: 'allowAll',
    paused: true,
    note: 'GPUs away',
  });
});

test(
  'a schedule made by hand is listed as such, and neither pruned nor taken over; those of other programs are not ' +
    'shown',
  async () => {
    const create = (scheduleId: string, workflowType: string) =>
      client.schedule.create({
        scheduleId,
        spec: { intervals: [{ every: '1 day' }] },
        action: { type: 'startWorkflow', workflowType, taskQueue: QUEUES.orchestrator, args: [{ preset: 'smoke' }] },
      });
    await create('by-hand', 'lap');
    await create('others', 'backup');
    await apply([parse()]);
    while ((await foundSchedules(client)).length < 2) await sleep(50);
    expect((await foundSchedules(client)).map(({ id, managed }) => [id, managed])).toEqual([
      ['by-hand', false],
      ['nightly', true],
    ]);
    await expect(apply([parse({ id: 'by-hand' })])).rejects.toThrow('was not made by `flywheel schedule apply`');
    expect(kinds(await apply([], true))).toEqual(['delete nightly']);
    expect((await foundSchedules(client)).map(({ id }) => id)).toEqual(['by-hand']);
    await client.schedule.getHandle('others').delete();
  },
);

describe('laps that schedules start', () => {
  let worker: Worker;
  let running: Promise<void>;
  beforeAll(async () => {
    const store = new FileStore(path.join(folder, 'store'));
    worker = await Worker.create({
      connection: env.nativeConnection,
      taskQueue: QUEUES.orchestrator,
      workflowsPath: path.resolve('test/cli/schedule/laps.ts'),
      activities: { allocate: (run: string, owner: string) => allocateLap(store, run, owner) },
    });
    running = worker.run();
  }, 60_000);
  afterAll(async () => {
    worker.shutdown();
    await running;
  });

  /** The workflows that a schedule has started, once there are so many. */
  async function started(id: string, count: number): Promise<string[]> {
    for (;;) {
      const { recent } = await scheduleNamed(client, id);
      if (recent.length >= count) return recent.map(({ workflowId }) => workflowId);
      await sleep(100);
    }
  }
  const end = async (workflowId: string): Promise<string> => {
    const handle = client.workflow.getHandle<() => Promise<string>>(workflowId);
    await handle.signal('goOn');
    return handle.result();
  };

  test('two at once, of two schedules, are two laps of the run', async () => {
    await apply([parse({ id: 'one' }), parse({ id: 'other' })]);
    const listed = await Promise.all(['one', 'other'].map((id) => scheduleNamed(client, id)));
    await Promise.all(listed.map((schedule) => triggerSchedule(client, schedule)));
    const workflows = (await Promise.all([started('one', 1), started('other', 1)])).flat();
    expect(workflows.map((id) => id.replace(/-\d{4}-.*$/, '-<time>'))).toEqual(['one-<time>', 'other-<time>']);
    expect((await Promise.all(workflows.map(end))).sort()).toEqual(['main/lap-0001', 'main/lap-0002']);
  });

  test(
    'where the policy is skip, one that still runs keeps the next from starting; where it is bufferOne, the next ' +
      'follows it',
    async () => {
      await apply([parse({ id: 'skips' }), parse({ id: 'buffers', overlap: 'bufferOne' })]);
      for (const id of ['skips', 'buffers']) {
        const schedule = await scheduleNamed(client, id);
        await triggerSchedule(client, schedule);
        await started(id, 1);
        await sleep(1_100); // the server names starts by the second
        await triggerSchedule(client, schedule);
      }
      while ((await scheduleNamed(client, 'skips')).skippedForOverlap === 0) await sleep(100);
      const [skips = ''] = await started('skips', 1);
      const [buffers = ''] = await started('buffers', 1);
      const names = await Promise.all([skips, buffers].map(end));
      const [, next = ''] = await started('buffers', 2);
      names.push(await end(next));
      expect(new Set(names).size).toBe(3);
      expect(await scheduleNamed(client, 'skips')).toMatchObject({ started: 1, skippedForOverlap: 1 });
    },
    60_000,
  );
});

test('the command shows a difference first, and changes nothing that nobody agreed to', async () => {
  const file = path.join(folder, 'nightly.json');
  writeFileSync(file, JSON.stringify(FILE));
  expect(await flywheel('apply', file)).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/^\+ nightly\n/) as string,
    stderr: expect.stringContaining('expected --yes') as string,
  });
  expect(await foundWith(client, ['nightly'])).toEqual([]);
  expect(await flywheel('apply', file, '--yes', '--json')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"applied":true') as string,
  });
  expect(await flywheel('pause', 'nightly')).toMatchObject({ code: 0, stdout: 'nightly: paused\n' });
  const { stdout } = await flywheel('list', '--json');
  expect(JSON.parse(stdout)).toMatchObject([{ id: 'nightly', managed: true, paused: true, overlap: 'skip' }]);
  expect(await flywheel('delete', 'weekly')).toMatchObject({
    code: 2,
    stderr: 'Expected a schedule that the server knows, got "weekly". `flywheel schedule list` lists them.\n',
  });
}, 300_000);

function flywheel(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [path.join(config.root, 'cli', 'flywheel.mjs'), 'schedule', ...args], {
    env: { ...process.env, FLYWHEEL_STATE: path.join(folder, 'state'), TEMPORAL_ADDRESS: env.address },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}
