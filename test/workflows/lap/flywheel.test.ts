import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { findTemporalCli } from '../../../workers/stack/temporalCli.ts';
import { resolveFlywheel, type FlywheelInput } from '../../../shared/lap/flywheelInput.ts';
import type { LapInput } from '../../../shared/lap/lapInput.ts';
import type { Notice } from '../../../shared/lap/notices.ts';
import { QUEUES } from '../../../shared/queues.ts';
import { setCurrentBuild } from '../../../workers/deployment.ts';
import { workflowsOf } from '../../../workers/host.ts';
import type { FlywheelResult } from '../../../workflows/lap/flywheel.ts';

jest.setTimeout(60_000);

/** The held-out figure of the nth lap of a run. */
const CURVE = [0.3, 0.7, 0.95, 0.951, 0.952, 0.953];
const turns: LapInput[] = [];
/** What was told outside. */
const told: Notice[] = [];
/** Called when a lap begins, before it ends. */
let during: (run: string) => Promise<void> = async () => undefined;
let env: TestWorkflowEnvironment;
let worker: Worker;
let running: Promise<void>;
let folder: string;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  env = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path: await findTemporalCli() } },
  });
  const numberIn = (lap: string) => Number(lap.slice(-4));
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.resolve('test/workflows/lap/workflows.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-laps-'));
  const codePath = path.join(folder, 'bundle.js');
  await writeFile(codePath, code);
  worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: QUEUES.orchestrator,
    // The flywheel upgrades between laps, which only a versioned worker can offer.
    ...workflowsOf({ buildId: 'test', codePath }),
    activities: {
      // FAKES of what reads the store.
      openFlywheel: async (input: FlywheelInput) => ({ run: input.run ?? 'main', settings: resolveFlywheel(input) }),
      postNotice: async (notice: Notice) => {
        told.push(notice);
        return { sent: true };
      },
      turn: async (input: LapInput) => {
        turns.push(input);
        await during(input.run ?? 'main');
        const lap =
          `${input.run}` + `/lap-${String((input.from === undefined ? 0 : numberIn(input.from)) + 1).padStart(4, '0')}`;
        return { lap, manifest: { uri: '', sha256: '' }, report: { uri: '', sha256: '' } };
      },
      lapOutcome: async ({ lap }: { lap: string }) => ({
        lap,
        headline: CURVE[numberIn(lap) - 1] ?? null,
        used: { calls: 100, tokens: 1, gpuHours: 0, cost: 0, expertMinutes: 0 },
      }),
    },
  });
  running = worker.run();
  while ((await setCurrentBuild(env.client, 'test')) !== undefined)
    await new Promise((resolve) => setTimeout(resolve, 50));
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await env.teardown();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  turns.length = 0;
  told.length = 0;
  during = async () => undefined;
});

const start = (input: FlywheelInput & { run: string }) =>
  env.client.workflow.start('flywheel', {
    workflowId: `flywheel-${input.run}`,
    taskQueue: QUEUES.orchestrator,
    args: [input],
  });
async function toldOf(event: Notice['event']): Promise<void> {
  while (told.every((one) => one.event !== event)) await new Promise((resolve) => setTimeout(resolve, 50));
}
const run = async (input: FlywheelInput & { run: string }) => (await (await start(input)).result()) as FlywheelResult;

test('each lap goes on from the one before, and only the first has fields of its own', async () => {
  const result = await run({ run: 'chain', laps: 3, lap: { seed: 7 } });
  expect(turns).toEqual([
    { run: 'chain', seed: 7 },
    { run: 'chain', from: 'chain/lap-0001' },
    { run: 'chain', from: 'chain/lap-0002' },
  ]);
  expect(result.laps.map(({ headline }) => headline)).toEqual([0.3, 0.7, 0.95]);
  expect(result.stopped).toBe('3 of 3 laps are done');
});

test('a flywheel can go on from a finished lap of another run', async () => {
  await run({ run: 'branch', from: 'chain/lap-0002', laps: 1 });
  expect(turns).toEqual([{ run: 'branch', from: 'chain/lap-0002' }]);
});

test('laps stop when the held-out curve has flattened', async () => {
  const { laps, stopped } = await run({ run: 'flat', laps: 6, plateau: { laps: 2 } });
  expect(laps).toHaveLength(5);
  expect(stopped).toMatch(/^the held-out curve has flattened: the last 2 laps gained 0\.001, 0\.001/);
});

test('laps stop when they have used the budget up', async () => {
  expect((await run({ run: 'poor', laps: 6, budget: { calls: 150 } })).stopped).toBe(
    'the budget of 150 calls is used up (200)',
  );
  await toldOf('budget.reached');
  expect(told).toEqual([{ event: 'budget.reached', about: 'poor/lap-0002' }]);
});

test('finishAfterLap ends with the lap under way', async () => {
  during = async (name) => env.client.workflow.getHandle(`flywheel-${name}`).signal('finishAfterLap');
  const { laps, stopped } = await run({ run: 'finish', laps: 6 });
  expect([laps.length, stopped]).toEqual([1, 'finishAfterLap was asked for']);
});

test('a paused flywheel ends the lap under way, begins no other, says so, and goes on when it is told to', async () => {
  during = async (name) => {
    if (turns.length === 1) await env.client.workflow.getHandle(`flywheel-${name}`).signal('pause');
  };
  const handle = await start({ run: 'paused', laps: 2 });
  const progress = () => handle.query<{ state: string; laps: unknown[] }>('progress');
  let seen = await progress();
  while (seen.laps.length < 1) seen = await progress();
  expect(seen.state).toBe('paused');
  expect(turns).toHaveLength(1);
  await toldOf('flywheel.paused');
  expect(told).toEqual([{ event: 'flywheel.paused', about: 'paused/lap-0001', laps: 1 }]);
  await env.client.workflow.getHandle('flywheel-paused').signal('resume');
  expect(((await handle.result()) as FlywheelResult).laps).toHaveLength(2);
});

test('a lap that fails ends the flywheel in the lap’s own words, and says how to mend it and go on', async () => {
  during = async () => {
    if (turns.length === 2) throw ApplicationFailure.nonRetryable('the disk is gone');
  };
  const failure = await run({ run: 'failing', laps: 3 }).catch((error: WorkflowFailedError) => error.cause);
  expect(failure).toMatchObject({
    type: 'LapFailed',
    message:
      'The lap failed: the disk is gone; mend it, and go on, with ' +
      '{"run":"failing","lap":{"mend":"failing/lap-0002"}} and the fields to change in "lap"',
    details: ['failing/lap-0002'],
  });
});

test('the first lap of a flywheel may mend one that failed', async () => {
  const mend = 'failing/lap-0002';
  await run({ run: 'failing', laps: 2, lap: { mend, seed: 3 } });
  expect(turns).toEqual([
    { run: 'failing', mend, seed: 3 },
    { run: 'failing', from: 'failing/lap-0001' },
  ]);
});

test('a run with an open lap of its own is not joined, by name', async () => {
  let release = (): void => undefined;
  during = () => new Promise((resolve) => (release = resolve));
  const open = await env.client.workflow.start('lap', {
    workflowId: 'lap-busy',
    taskQueue: QUEUES.orchestrator,
    args: [{ run: 'busy' }],
  });
  const failure = await run({ run: 'busy', laps: 1 }).catch((error: WorkflowFailedError) => error.cause?.message);
  expect(failure).toMatch(
    /^Run busy has an open lap already \(workflow lap-busy\): finish or cancel it, or choose another run$/,
  );
  release();
  await open.result();
});
