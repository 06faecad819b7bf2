import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readOutcomes } from '../../../activities/sets/outcomes.ts';
import { QUEUES } from '../../../shared/queues.ts';
import type { sampleSet } from '../../../workflows/sets/sampleSet.ts';
import { sampleInput } from '../../bench/fleet/fleetWorld.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import { startInferenceWorld, type InferenceWorld } from '../../workflows/sets/inferenceWorld.ts';

/**
 * Two machines that share nothing but Temporal, the store and the model server: each has a name, process ids and a state
 * folder of its own. Needs to be allowed to make namespaces of Linux.
 */
const MACHINE = ['--uts', '--pid', '--fork', '--mount-proc', '--kill-child'];
const mayMakeMachines = spawnSync('unshare', [...MACHINE, 'hostname', 'a-machine']).status === 0;
const CONCURRENCY = 8;
const SHARDS = 30;
const ROWS = 4;

let world: InferenceWorld;
let stub: Stub;
let folder: string;
const machines: ChildProcess[] = [];

beforeAll(async () => {
  world = await startInferenceWorld('workflows/sets/sampleSet.ts', () => ({}), { workers: false });
  stub = await startStub({ medianMs: 1_500, sigma: 0 });
  folder = mkdtempSync(path.join(tmpdir(), 'flywheel-machines-'));
});
afterAll(async () => {
  for (const machine of machines) machine.kill('SIGKILL');
  await world.stop();
  await stub.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** All workers of an installation on a machine of that name. */
function startMachine(name: string): ChildProcess {
  const stateDir = path.join(folder, name);
  mkdirSync(stateDir);
  const machine = spawn(
    'unshare',
    [
      ...MACHINE,
      'sh',
      '-c',
      `hostname ${name} && exec "$0" "$@"`,
      process.execPath,
      '--import',
      'tsx',
      'workers/dev.ts',
    ],
    {
      env: {
        ...process.env,
        TEMPORAL_ADDRESS: world.env.address,
        FLYWHEEL_STATE: stateDir,
        FLYWHEEL_STORE: world.store.root,
        FLYWHEEL_ENDPOINTS: JSON.stringify([{ baseUrl: stub.url, maxConcurrency: CONCURRENCY }]),
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  machines.push(machine);
  return machine;
}

test('shards of a machine that is gone are finished by another one, and cost again what was in flight there at most', async () => {
  if (!mayMakeMachines)
    throw new Error('Expected to be allowed to make namespaces (`unshare --uts --pid`), got a refusal: run it as root');
  const lost = startMachine('alpha');
  startMachine('beta');
  const rows = await world.rows(SHARDS * ROWS);
  const setId = 'main/lap-0001/draft';
  const engine = { engine: 'external', shardRows: ROWS, window: 8, maxConcurrency: CONCURRENCY };
  const handle = await world.env.client.workflow.start<typeof sampleSet>('sampleSet', {
    taskQueue: QUEUES.orchestrator,
    workflowId: setId,
    args: [
      {
        ...sampleInput(world, setId, rows, engine),
        model: { role: 'verifier', endpoint: `${stub.url}/v1`, name: 'stub', revision: '1' },
      },
    ],
  });
  const atWork = async () => {
    const { pendingActivities } = (await handle.describe()).raw;
    return new Set(pendingActivities?.map(({ lastWorkerIdentity }) => lastWorkerIdentity?.split('@').at(-1)));
  };
  for (let both = false; !both; await sleep(100)) {
    const hosts = await atWork();
    both = hosts.has('alpha') && hosts.has('beta');
  }
  while ((await stub.stats()).answered < SHARDS) await sleep(50);
  expect(await atWork()).toContain('alpha');
  const ended = once(lost, 'exit');
  lost.kill('SIGKILL');
  await ended;

  const { rows: done, counts } = await handle.result();
  expect([done, counts.answered]).toEqual([SHARDS * ROWS, SHARDS * ROWS]);
  const asked: string[] = [];
  for await (const { row } of readOutcomes(world.store, setId)) asked.push(row);
  expect(new Set(asked).size).toBe(SHARDS * ROWS);
  const { requests } = await stub.stats();
  // A short question finds out whether a server is there.
  const again = requests - SHARDS * ROWS;
  expect(again).toBeLessThanOrEqual(CONCURRENCY);
});
