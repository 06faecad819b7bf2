import { modelKey } from '../../shared/records.ts';
import { Pool } from 'undici';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { openPromptSet, promptSetNamed } from '../../activities/store/promptSets.ts';
import { startStub, type Stub } from '../stub-server/start.ts';
import { MODEL, openWorld } from '../activities/inference/world.ts';
import type { Bench } from './bench.ts';

const CONCURRENCY = 512;
const ROWS = 60;
const SAMPLES = 100;
const CALLS = ROWS * SAMPLES;

/**
 * The engine, ledger and all, beside a loop that only posts and reads; both in this process, in turn, on the same stub.
 */
export const saturation: Bench = {
  name: 'saturation',
  about: `calls/s at concurrency ${CONCURRENCY} ÷ a bare undici loop's on the same stub`,
  goal: '>= 0.95',
  met: (value) => value >= 0.95,
  takes: ['endpoint'],
  async run({ endpoint }) {
    const stub = endpoint === undefined ? await startStub({ medianMs: 200, sigma: 0.6 }) : undefined;
    const url = endpoint ?? stub?.url ?? '';
    const world = await openWorld({ resolve: url, maxConcurrency: CONCURRENCY });
    const pool = new Pool(new URL(url).origin, { pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
    try {
      const rows = await world.rows(ROWS);
      const bodies = await bodiesOf(world.store, ROWS);
      let set = 0;
      const engine = (samplesPerRow: number): Promise<unknown> => {
        set += 1;
        return world.sample({
          setId: `set-${set}`,
          rows,
          samplesPerRow,
          seed: 1_000 + set,
          engine: { engine: 'external', shardRows: ROWS, window: 1, maxConcurrency: CONCURRENCY },
        });
      };
      const bare = (calls: number): Promise<unknown> =>
        bareLoop(pool, new URL(url).pathname.replace(/\/(v1\/?)?$/, ''), bodies, calls);
      await bare(1_000);
      await engine(20);
      const rates = { bare: [] as number[], engine: [] as number[] };
      const cpu: number[] = [];
      for (let turn = 0; turn < 2; turn += 1) {
        rates.bare.push(await rateOf(stub, () => bare(CALLS), cpu));
        rates.engine.push(await rateOf(stub, () => engine(SAMPLES), cpu));
      }
      const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
      return {
        value: mean(rates.engine) / mean(rates.bare),
        detail: {
          callsPerSecond: { engine: rates.engine.map(Math.round), bare: rates.bare.map(Math.round) },
          callsPerTurn: CALLS,
          concurrency: CONCURRENCY,
          workerProcesses: 1,
          rate:
            stub === undefined
              ? 'all calls of a turn ÷ its time'
              : 'middle 80 % of the calls of a turn ÷ their time, counted by the stub',
          stubShareOfACore: stub === undefined ? 'not known' : Math.max(...cpu),
          stubBelow60Percent: stub === undefined ? 'not known' : Math.max(...cpu) < 0.6,
          server: stub === undefined ? endpoint : (await stub.stats()).self,
        },
      };
    } finally {
      await pool.destroy();
      await world.close();
      await stub?.kill();
    }
  },
};

async function bareLoop(pool: Pool, prefix: string, bodies: readonly string[], calls: number): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < calls) {
      const seed = next;
      next += 1;
      const { body } = await pool.request({
        method: 'POST',
        path: `${prefix}/v1/chat/completions`,
        headers: { 'content-type': 'application/json' },
        body: `${bodies[seed % bodies.length]}${seed}}`,
      });
      await body.json();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

/** The engine's requests, but for the seed at the end. */
async function bodiesOf(store: ArtifactStore, rows: number): Promise<string[]> {
  const prompts = await openPromptSet(store, await promptSetNamed(store, 'paper'));
  return Array.from({ length: rows }, (_, row) => {
    const messages = prompts.render('verify', { problem: `Show claim ${row}.`, proof: `Proof number ${row}.` });
    return (
      `{"model":"${modelKey(MODEL)}","messages":${JSON.stringify(messages)}` +
      ',"temperature":1,"top_p":1,"max_tokens":1024,"n":1,"stream":false,"seed":'
    );
  });
}

/**
 * Calls per second between the 10th and the 90th percent of what `work` has answered: without ramp and tail, which are
 * the latencies'.
 */
export async function rateOf(
  stub: Pick<Stub, 'stats'> | undefined,
  work: () => Promise<unknown>,
  cpuShares: number[] = [],
): Promise<number> {
  const began = performance.now();
  if (stub === undefined) {
    await work();
    return CALLS / ((performance.now() - began) / 1000);
  }
  const before = await stub.stats();
  const points = [{ at: began, answered: 0 }];
  let done = false;
  const watching = (async () => {
    while (!done) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      points.push({ at: performance.now(), answered: (await stub.stats()).answered - before.answered });
    }
  })();
  await work();
  done = true;
  await watching;
  const after = await stub.stats();
  cpuShares.push(
    Math.round(((after.cpuSeconds - before.cpuSeconds) / (after.upSeconds - before.upSeconds)) * 1000) / 1000,
  );
  const total = after.answered - before.answered;
  const from = points.find(({ answered }) => answered >= 0.1 * total);
  const to = points.find(({ answered }) => answered >= 0.9 * total);
  if (from === undefined || to === undefined || to.at === from.at) return total / ((performance.now() - began) / 1000);
  return (to.answered - from.answered) / ((to.at - from.at) / 1000);
}
