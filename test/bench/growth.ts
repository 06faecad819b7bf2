import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { startStub } from '../stub-server/start.ts';
import type { Bench } from './bench.ts';
import type { GrowthFigures } from './growthRun.ts';

const SIZES = [1_000, 100_000] as const;

/**
 * Labels 1,000 and 100,000 proofs at (4, 2, 1) through a real Temporal server, each in a process of its own, and
 * compares.
 */
export const growth: Bench = {
  name: 'growth',
  about:
    `larger relative change in calls/s and peak memory from ${SIZES[0]} to ${SIZES[1]} proofs at (4, 2, 1); ` +
    '600,000 calls: about eleven minutes at 925 calls/s, and meaningful only on a machine that does nothing else',
  goal: '<= 0.1',
  met: (value) => value <= 0.1,
  takes: ['endpoint'],
  async run({ endpoint }) {
    const stub = endpoint === undefined ? await startStub({ medianMs: 100, sigma: 0.5, textBytes: 60 }) : undefined;
    const folder = await mkdtemp(path.join(tmpdir(), 'flywheel-growth-'));
    try {
      // Bundled here: the bundler would be the largest thing in the measured processes.
      const bundle = path.join(folder, 'workflows.js');
      await writeFile(
        bundle,
        (await bundleWorkflowCode({ workflowsPath: path.resolve('workflows/sets/labelSet.ts') })).code,
      );
      const figures: GrowthFigures[] = [];
      for (const proofs of SIZES)
        figures.push(await measure([String(proofs), endpoint ?? (stub?.url as string), stub?.url ?? '', bundle]));
      const [small, large] = figures as [GrowthFigures, GrowthFigures];
      const change = (of: (one: GrowthFigures) => number): number => Math.abs(of(large) - of(small)) / of(small);
      const speed = change(({ callsPerSecond }) => callsPerSecond);
      const memory = change(({ peakMiB }) => peakMiB);
      const tooLong = figures.some(({ eventsOfLongestRun }) => eventsOfLongestRun > 4_096);
      return {
        value: tooLong ? 1 : Math.max(speed, memory),
        detail: {
          figures,
          changeInCallsPerSecond: speed,
          changeInPeakMemory: memory,
          noRunOver4096Events: !tooLong,
          server: stub === undefined ? endpoint : (await stub.stats()).self,
        },
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
      await stub?.kill();
    }
  },
};

async function measure(args: readonly string[]): Promise<GrowthFigures> {
  // A fixed young generation: V8 otherwise grows it with the time it runs, whatever the program keeps.
  const child = spawn(
    process.execPath,
    ['--max-semi-space-size=16', '--import', 'tsx', path.resolve('test/bench/growthRun.ts'), ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`Expected the run of ${args[0]} proofs to end well, got code ${String(code)}`);
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as GrowthFigures;
}
