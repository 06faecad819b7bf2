import { once } from 'node:events';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { rateOf } from '../saturation.ts';
import type { Bench } from '../bench.ts';
import { startFleet, type Fleet } from './fleetWorld.ts';

const WORKERS = 8;
/** Calls in flight a worker. */
const CONCURRENCY = 64;
const LATENCY_MS = 2_000;
/** Each with the largest window that a recipe may say: together as many shards under way as the workers have slots. */
const LAPS = ['a', 'b', 'c', 'd'];
/** Of all laps together. */
const SHARDS = 1_000;
/** Ours: few, so that a worker needs eight of its 32 slots for shards to have all its calls in flight. */
const CALLS_A_SHARD = 8;
/** Of the run in which a worker dies. */
const SHARDS_TO_A_DEATH = 240;

/**
 * Four laps' sets of 250 shards each, on a real Temporal server, by one worker process and by eight; then one of eight is
 * killed with -9. Calls are counted by the stub.
 */
export const fleetScaling: Bench = {
  name: 'fleet-scaling',
  about:
    `calls/s of ${WORKERS} workers ÷ of one: ${SHARDS} shards of ${CALLS_A_SHARD} calls of ${LATENCY_MS / 1000} s, ` +
    `${CONCURRENCY} in flight a worker; 0 where the death of one has more than those paid again; about seven minutes`,
  goal: '>= 7',
  met: (value) => value >= 7,
  takes: [],
  async run() {
    const fleet = await startFleet({ medianMs: LATENCY_MS, sigma: 0 }, CONCURRENCY);
    try {
      const runs: Run[] = [];
      for (const workers of [1, WORKERS]) runs.push(await measure(fleet, workers));
      const [one, all] = runs as [Run, Run];
      const death = await dieUnderWay(fleet);
      return {
        value: death.paidAgain > CONCURRENCY ? 0 : all.callsPerSecond / one.callsPerSecond,
        detail: {
          runs,
          mostThatLatencyAllows: (WORKERS * CONCURRENCY) / (LATENCY_MS / 1000),
          cores: cpus().length,
          death,
          rate: 'middle 80 % of the calls ÷ their time, counted by the stub',
          server: (await fleet.stub.stats()).self,
        },
      };
    } finally {
      await fleet.stop();
    }
  },
};

interface Run {
  readonly workers: number;
  readonly calls: number;
  readonly seconds: number;
  readonly callsPerSecond: number;
  /** Cores that each kind of process kept busy, on average. */
  readonly cores: { readonly workers: number; readonly stub: number };
  readonly peakMiBOfAWorker: number;
}

/** Several laps at once, of so many shards together. */
const laps = (fleet: Fleet, name: string, shards: number) =>
  Promise.all(
    LAPS.map((run) =>
      fleet.ask(`${run}/lap-0001/${name}`, { shards: Math.ceil(shards / LAPS.length), shardRows: CALLS_A_SHARD }),
    ),
  );

async function measure(fleet: Fleet, workers: number): Promise<Run> {
  await fleet.grow(workers);
  await laps(fleet, `warm-up-of-${workers}`, 4 * WORKERS);
  const usedBy = () => Promise.all(fleet.workers.map(({ pid = 0 }) => fleet.used(pid)));
  const sum = (used: readonly { readonly cpuSeconds: number }[]) => used.reduce((all, one) => all + one.cpuSeconds, 0);
  const before = sum(await usedBy());
  const began = performance.now();
  const ofStub: number[] = [];
  const callsPerSecond = await rateOf(fleet.stub, () => laps(fleet, `of-${workers}`, SHARDS), ofStub);
  const seconds = (performance.now() - began) / 1000;
  const used = await usedBy();
  return {
    workers,
    calls: SHARDS * CALLS_A_SHARD,
    seconds: Math.round(seconds),
    callsPerSecond: Math.round(callsPerSecond * 10) / 10,
    cores: { workers: Math.round(((sum(used) - before) / seconds) * 100) / 100, stub: ofStub[0] ?? 0 },
    peakMiBOfAWorker: Math.max(...used.map(({ peakMiB }) => peakMiB)),
  };
}

/** What was in flight at the worker that dies is not known; of no worker is it more than its limit. */
async function dieUnderWay(fleet: Fleet) {
  const before = await fleet.stub.stats();
  const work = laps(fleet, 'to-a-death', SHARDS_TO_A_DEATH);
  const calls = SHARDS_TO_A_DEATH * CALLS_A_SHARD;
  while ((await fleet.stub.stats()).answered < before.answered + calls / 3) await sleep(20);
  const [worker] = fleet.workers;
  const ended = worker && once(worker, 'exit');
  worker?.kill('SIGKILL');
  await ended;
  const diedAt = performance.now();
  const { peakOfLastSecond } = await fleet.stub.stats();
  await work;
  const after = await fleet.stub.stats();
  return {
    calls,
    paid: after.requests - before.requests,
    paidAgain: after.repeated - before.repeated,
    inFlightOfAllWorkers: peakOfLastSecond,
    secondsUntilAllWasDone: Math.round((performance.now() - diedAt) / 1000),
  };
}
