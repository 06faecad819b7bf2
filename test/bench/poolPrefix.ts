import { openWorld } from '../activities/inference/world.ts';
import { startStub, type Stub } from '../stub-server/start.ts';
import type { Bench } from './bench.ts';
import { proofOf } from './prefixCache.ts';

const [PROOFS, N] = [96, 16];
/** Processes that ask without knowing of each other: each wants its share of every proof's analyses. */
const WORKERS = 2;
const REPLICAS = 4;
/** Calls that a replica may have at once, of all workers together. */
const CONCURRENCY = 64;
/** As in prefix-cache, and answers in half the time; every replica has a cache of that size. */
const SERVER = { medianMs: 1_000, sigma: 0.6, prefill: 40_000, cacheBlocks: 3_000 };

/** The n analyses of each proof at several replicas: their prompt is to be read once among all, and not once at each. */
export const poolPrefix: Bench = {
  name: 'pool-prefix',
  about: `prompt tokens from the cache over ${N} analyses of each proof: at ${REPLICAS} replicas, as a share of those at one`,
  goal: '>= 0.9',
  met: (value) => value >= 0.9,
  takes: [],
  async run() {
    const one = await asked(1);
    const several = await asked(REPLICAS);
    return {
      value: several.cached / one.cached,
      detail: { proofs: PROOFS, n: N, workers: WORKERS, concurrencyOfOne: CONCURRENCY, one, [REPLICAS]: several },
    };
  },
};

async function asked(replicas: number) {
  const stubs = await Promise.all(Array.from({ length: replicas }, () => startStub(SERVER)));
  const endpoints = stubs.map(({ url }) => ({ baseUrl: url, model: 'stub', maxConcurrency: CONCURRENCY / WORKERS }));
  const worlds = await Promise.all(
    Array.from({ length: WORKERS }, () => openWorld({ resolve: () => Promise.resolve(endpoints) })),
  );
  try {
    const began = performance.now();
    await Promise.all(
      worlds.map(async (world, seed) => {
        const rows = await world.rows(PROOFS, proofOf);
        const engine = { engine: 'pool', shardRows: PROOFS, window: 1, maxConcurrency: CONCURRENCY };
        await world.sample({ rows, seed, samplesPerRow: N / WORKERS, engine });
      }),
    );
    const wallMs = Math.round(performance.now() - began);
    const caches = await Promise.all(stubs.map(async (stub: Stub) => (await stub.stats()).cache));
    const sum = (name: 'queried' | 'hits') => caches.reduce((all, cache) => all + cache[name], 0);
    return {
      prompt: sum('queried'),
      cached: sum('hits'),
      share: Math.round((sum('hits') / sum('queried')) * 10_000) / 10_000,
      callsAtEach: await Promise.all(stubs.map(async (stub) => (await stub.stats()).answered)),
      wallMs,
    };
  } finally {
    await Promise.all(worlds.map((world) => world.close()));
    await Promise.all(stubs.map((stub) => stub.kill()));
  }
}
