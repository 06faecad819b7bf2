import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startStub, type Stub } from '../stub-server/start.ts';
import type { Bench } from './bench.ts';

const CALLS = 20_000;
const CONCURRENCY = 128;

/** A worker is killed with -9 at 25, 50 and 75 % of its calls, and another goes on. Calls are counted by the stub. */
export const crashCost: Bench = {
  name: 'crash-cost',
  about: 'most calls paid twice after a kill -9 ÷ calls in flight at the kill',
  goal: '<= 1',
  met: (value) => value <= 1,
  takes: [],
  async run() {
    const stub = await startStub({ medianMs: 40, sigma: 0.8 });
    const root = await mkdtemp(path.join(tmpdir(), 'flywheel-crash-'));
    try {
      const kills: { at: number; inFlight: number; repeatedSoFar: number }[] = [];
      for (const share of [0.25, 0.5, 0.75]) {
        const worker = startWorker(root, stub);
        await answered(stub, share * CALLS);
        const inFlight = (await stub.stats()).peakOfLastSecond;
        const ended = once(worker, 'exit');
        worker.kill('SIGKILL');
        await ended;
        kills.push({ at: share, inFlight, repeatedSoFar: 0 });
        const { repeated } = await stub.stats();
        const previous = kills.at(-2);
        if (previous !== undefined) previous.repeatedSoFar = repeated;
      }
      const last = startWorker(root, stub);
      const [counts] = (await Promise.all([
        once(last.stdout as NodeJS.ReadableStream, 'data'),
        once(last, 'exit'),
      ])) as [[Buffer], unknown];
      const { requests, distinct, repeated } = await stub.stats();
      const lastKill = kills.at(-1);
      if (lastKill !== undefined) lastKill.repeatedSoFar = repeated;
      const costs = kills.map(({ at, inFlight, repeatedSoFar }, index) => ({
        killedAt: at,
        callsInFlight: inFlight,
        paidTwice: repeatedSoFar - (kills[index - 1]?.repeatedSoFar ?? 0),
      }));
      return {
        value: Math.max(...costs.map(({ callsInFlight, paidTwice }) => paidTwice / callsInFlight)),
        detail: {
          kills: costs,
          needed: CALLS,
          paid: requests,
          distinct,
          concurrency: CONCURRENCY,
          counts: counts.toString(),
          inFlight: 'most calls open at the stub in the second before the kill',
        },
      };
    } finally {
      await stub.kill();
      await rm(root, { recursive: true, force: true });
    }
  },
};

function startWorker(root: string, stub: Stub): ChildProcess {
  return spawn(
    process.execPath,
    ['--import', 'tsx', path.resolve('test/bench/crashWorker.ts'), root, stub.url, String(CONCURRENCY)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
}

async function answered(stub: Stub, calls: number): Promise<void> {
  while ((await stub.stats()).answered < calls) await new Promise((resolve) => setTimeout(resolve, 25));
}
