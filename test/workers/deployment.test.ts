import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { BuildKeeper, end } from '../../workers/buildKeeper.ts';
import type { Build } from '../../workers/builds.ts';
import { buildPinning, knownBuilds, setCurrentBuild, stateOfBuild } from '../../workers/deployment.ts';
import { workflowsOf } from '../../workers/host.ts';

const TASK_QUEUE = 'flywheel';
const folder = mkdtempSync(path.join(tmpdir(), 'flywheel-builds-'));
let env: TestWorkflowEnvironment;
let client: Client;
const deployed: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  // A build counts as drained after a second without an open workflow; by default, after minutes.
  const settings = [
    'matching.wv.VersionDrainageStatusVisibilityGracePeriod="1s"',
    'matching.wv.VersionDrainageStatusRefreshInterval="1s"',
  ];
  env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: process.env['TEMPORAL_CLI_PATH'] ?? '' },
      extraArgs: ['--log-level', 'never', ...settings.flatMap((setting) => ['--dynamic-config-value', setting])],
    },
  });
  client = env.client;
}, 60_000);

afterAll(async () => {
  for (const deployment of deployed) await deployment.stop();
  await env.teardown();
  rmSync(folder, { recursive: true });
});

async function build(buildId: 'first' | 'second'): Promise<Build> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.resolve(`test/workers/deployed/${buildId}.ts`),
    logger: new DefaultLogger('ERROR'),
  });
  const codePath = path.join(folder, `${buildId}.js`);
  writeFileSync(codePath, code);
  return { buildId, codePath };
}

/** What `workers/dev.ts` runs of a build; older ones that it finds are `kept`. */
async function deploy(today: Build, kept: readonly Build[] = []) {
  const startWorker = (one: Build): Promise<Worker> =>
    Worker.create({
      connection: env.nativeConnection,
      taskQueue: TASK_QUEUE,
      stickyQueueScheduleToStartTimeout: '1s',
      ...workflowsOf(one),
    });
  const said: string[] = [];
  const worker = await startWorker(today);
  const keeper = new BuildKeeper({
    client,
    today: today.buildId,
    becomeCurrent: true,
    kept: async () => kept.filter(({ codePath }) => existsSync(codePath)),
    startWorker,
    say: (line) => said.push(line),
    everyMs: 200,
  });
  const running = Promise.all([worker.run(), keeper.run()]);
  const deployment = {
    said,
    async stop(): Promise<void> {
      end(worker);
      keeper.shutdown();
      await running;
    },
  };
  deployed.push(deployment);
  return deployment;
}

const start = (type: string, workflowId: string): Promise<WorkflowHandle> =>
  client.workflow.start(type, { workflowId, taskQueue: TASK_QUEUE });
const goOn = (workflowId: string): Promise<void> => client.workflow.getHandle(workflowId).signal('goOn');

async function until(condition: () => Promise<boolean>): Promise<void> {
  // A server under load may leave a question unanswered: it is asked again.
  while (!(await condition().catch(() => false))) await sleep(50);
}
const begun = (workflowId: string) =>
  until(async () =>
    client.workflow
      .getHandle(workflowId)
      .describe()
      .then(
        ({ historyLength }) => historyLength >= 4,
        () => false,
      ),
  );

test('a build that no worker has shown is unknown, and is not made current', async () => {
  expect(await knownBuilds(client)).toEqual([]);
  expect(await setCurrentBuild(client, 'never-seen')).toContain('flywheel');
  expect(await stateOfBuild(client, 'never-seen')).toBe('unknown');
});

test(
  'a lap under way survives a deploy: it ends on the code it started with, and a new one starts on the new ' + 'code',
  async () => {
    const early = await start('lap', 'before-any-worker');
    const [first, second] = [await build('first'), await build('second')];
    const before = await deploy(first);
    await goOn('before-any-worker');
    // a start from the Web UI does not wait for a deploy by hand
    expect(await early.result()).toEqual(['lap: first', 'phase: first']);

    const underWay = await start('lap', 'under-way');
    const turning = await start('flywheel', 'turning');
    await Promise.all(['under-way', 'turning', 'turn-1'].map(begun));
    await before.stop();

    const after = await deploy(second, [first]);
    await until(async () => after.said.some((line) => line.startsWith('build second: new laps start')));
    expect(await Promise.all(['under-way', 'turn-1'].map((id) => buildPinning(client, id)))).toEqual([
      'first',
      'first',
    ]);
    expect(await buildPinning(client, 'turning')).toBeUndefined();
    const fresh = await start('lap', 'fresh');
    await goOn('fresh');
    expect(await fresh.result()).toEqual(['lap: second', 'phase: second']);
    await goOn('under-way');
    expect(await underWay.result()).toEqual(['lap: first', 'phase: first']);

    // The flywheel upgrades by itself; its lap under way stays, its next one is new.
    await goOn('turn-1');
    await begun('turn-2');
    await goOn('turn-2');
    expect(await turning.result()).toEqual([
      ['flywheel: second', 'lap: first', 'phase: first'],
      ['flywheel: second', 'lap: second', 'phase: second'],
    ]);

    // Nothing is open on the first build now: its worker ends, and its bundle goes.
    await until(async () => after.said.length === 3);
    expect([first, second].map(({ codePath }) => existsSync(codePath))).toEqual([false, true]);
    // The server tells of a build by itself a moment before it does so in its list.
    await until(async () => (await knownBuilds(client)).some(({ state }) => state === 'drained'));
    expect(await knownBuilds(client)).toEqual([
      { buildId: 'second', state: 'current' },
      { buildId: 'first', state: 'drained' },
    ]);
    expect(after.said).toEqual([
      'build second: new laps start on it',
      'build first: older, with a worker for what is open on it',
      'build first: drained and dropped',
    ]);
  },
  300_000,
);
