import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { runOf } from '../../../shared/ids.ts';
import { QUEUES } from '../../../shared/queues.ts';
import { seedOf } from '../../../shared/seeds.ts';
import type { DatasetRef } from '../../../shared/records.ts';
import { priorityOf } from '../../../shared/sampling/share.ts';
import type { EngineSettings, SampleSetInput } from '../../../shared/sampling/sets.ts';
import type { sampleSet } from '../../../workflows/sets/sampleSet.ts';
import { MODEL } from '../../activities/inference/world.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import type { StubOptions } from '../../stub-server/options.ts';
import { startInferenceWorld, type InferenceWorld } from '../../workflows/sets/inferenceWorld.ts';

/** Workers in processes of their own, on one server, one store and one stub. */
export interface Fleet extends InferenceWorld {
  readonly stub: Stub;
  readonly workers: readonly ChildProcess[];
  /** Starts workers until there are so many. */
  readonly grow: (count: number) => Promise<void>;
  /** A lap's set of shards, with a call a row. */
  readonly ask: (setId: string, size: { readonly shards: number; readonly shardRows: number }) => Promise<void>;
  /** Seconds of a core so far, and the largest resident set, of a process of this machine; Linux. */
  readonly used: (pid: number) => Promise<{ readonly cpuSeconds: number; readonly peakMiB: number }>;
}

/** Shards of a set under way at once: the most that a recipe may say. */
const WINDOW = 64;
/** Of /proc: clock ticks a second. */
const TICKS = 100;

export async function startFleet(options: Partial<StubOptions>, concurrency: number): Promise<Fleet> {
  const stub = await startStub({ textBytes: 100, ...options });
  const world = await startInferenceWorld('workflows/sets/sampleSet.ts', () => ({}), { workers: false });
  // Bundled here: the bundler would be the largest thing in the measured processes.
  const bundle = path.join(world.store.root, 'workflows.js');
  const workflowsPath = path.resolve('workflows/sets/sampleSet.ts');
  await writeFile(bundle, (await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') })).code);
  const workers: ChildProcess[] = [];
  return {
    ...world,
    stub,
    workers,
    async grow(count) {
      while (workers.length < count) {
        const args = [world.env.address, world.store.root, stub.url, String(concurrency), bundle];
        const worker = spawn(
          process.execPath,
          ['--max-semi-space-size=16', '--import', 'tsx', 'test/bench/fleet/worker.ts', ...args],
          { stdio: ['ignore', 'pipe', 'inherit'] },
        );
        workers.push(worker);
        await once(worker.stdout, 'data');
      }
    },
    async ask(setId, { shards, shardRows }) {
      const rows = await world.rows(shards * shardRows);
      const engine = { engine: 'external', shardRows, window: WINDOW, maxConcurrency: concurrency };
      await world.env.client.workflow.execute<typeof sampleSet>('sampleSet', {
        taskQueue: QUEUES.orchestrator,
        workflowId: setId,
        priority: priorityOf(runOf(setId)),
        args: [sampleInput(world, setId, rows, engine)],
      });
    },
    async used(pid) {
      const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      return {
        cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
        peakMiB: Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024),
      };
    },
    stop: async () => {
      for (const worker of workers) worker.kill('SIGKILL');
      await world.stop();
      await stub.kill();
    },
  };
}

/** A set with an answer a row. */
export const sampleInput = (
  { prompts }: Pick<InferenceWorld, 'prompts'>,
  setId: string,
  rows: DatasetRef,
  engine: EngineSettings,
): SampleSetInput => ({
  setId,
  rows,
  task: 'verify',
  model: MODEL,
  prompts,
  samplesPerRow: 1,
  sampling: { temperature: 1, topP: 1, maxTokens: 256 },
  seed: seedOf(setId),
  attempts: 1,
  engine,
});
