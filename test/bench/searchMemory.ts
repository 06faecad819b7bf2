import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { startSolveWorld, type SolveWorld } from '../workflows/products/solveWorld.ts';
import type { Bench } from './bench.ts';

const SIZES = [10, 1_000] as const;
/** 8 problems are under way at once, whatever their number. */
const CONCURRENCY = 32;
const SEARCH = { proofs: 8, analyses: 2, refined: 2, shown: 1, rounds: 0 };

/** Solves 10 and 1,000 problems on a real Temporal server, by a worker process of its own each. */
export const searchMemory: Bench = {
  name: 'search-memory',
  about: `peak memory of the worker that solves ${SIZES[1]} problems ÷ of one that solves ${SIZES[0]}; Linux`,
  goal: '<= 1.2',
  met: (value) => value <= 1.2,
  takes: [],
  async run() {
    const folder = await mkdtemp(path.join(tmpdir(), 'flywheel-memory-'));
    const world = await startSolveWorld(
      { medianMs: 20, sigma: 0.5, textBytes: 4_000, issues: 0.4 },
      { workers: false },
    );
    try {
      // Bundled here: the bundler would be the largest thing in the measured processes.
      const bundle = path.join(folder, 'workflows.js');
      const logger = new DefaultLogger('WARN');
      const { code } = await bundleWorkflowCode({ workflowsPath: path.resolve('workflows/index.ts'), logger });
      await writeFile(bundle, code);
      const figures = [];
      for (const size of SIZES) figures.push(await measure(world, bundle, size));
      const [few, many] = figures.map(({ peakMiB }) => peakMiB) as [number, number];
      return {
        value: many / few,
        detail: { figures, search: SEARCH, concurrency: CONCURRENCY, server: (await world.stub.stats()).self },
      };
    } finally {
      await world.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function measure(world: SolveWorld, bundle: string, size: number) {
  const worker = await world.startWorker(bundle);
  const solve = async (name: string, count: number) =>
    world.solve({ name, problems: await world.problems(count), search: SEARCH, concurrency: CONCURRENCY });
  // Code, connections and heaps are warm in both.
  await solve(`warm-up-${size}`, 40);
  const began = performance.now();
  const { done, spent } = await solve(`of-${size}`, size);
  const peakMiB = Math.round(
    Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${worker.pid}/status`, 'utf8'))?.[1]) / 1024,
  );
  worker.kill('SIGKILL');
  return { problems: size, peakMiB, calls: spent.calls, done, seconds: Math.round((performance.now() - began) / 1000) };
}
