import { latencyOf, STUB_DEFAULTS } from '../stub-server/options.ts';
import { startStub } from '../stub-server/start.ts';
import { openWorld } from '../activities/inference/world.ts';
import { readOutcomes } from '../../activities/sets/outcomes.ts';
import type { Bench } from './bench.ts';
import { idealWall, type PlannedCall } from './idealWall.ts';

const [PROOFS, N, M] = [12, 8, 2];
const CONCURRENCY = 64;
const LATENCY = { medianMs: 300, sigma: 0.8, stragglers: 0 };

/** The full rule's two rounds on proofs whose analyses all report an issue: 12 × (8 + 8 × 2) = 288 calls. */
export const labellingWall: Bench = {
  name: 'labelling-wall',
  about: 'wall ÷ ideal wall of a two-round labelling of 288 calls',
  goal: '<= 1.1',
  met: (value) => value <= 1.1,
  takes: ['endpoint'],
  async run({ endpoint }) {
    const stub = endpoint === undefined ? await startStub({ ...LATENCY, issues: 1 }) : undefined;
    const world = await openWorld({ resolve: endpoint ?? (stub?.url as string), maxConcurrency: CONCURRENCY });
    try {
      // Connections and code are warm, as they are in any labelling but the first.
      await world.sample({ setId: 'warm-up', rows: await world.rows(CONCURRENCY), seed: 99 });
      const began = performance.now();
      const result = await world.label({
        proofs: await world.rows(PROOFS),
        earlyStop: false,
        verdictAttempts: 1,
        seed: 7,
        policy: { analysesPerProof: N, metaAnalysesPerAnalysis: M, minValidAnalyses: 2, confirmingMetaScore: 1 },
      });
      const wallMs = performance.now() - began;
      const calls: PlannedCall[] = [];
      for await (const { row, task, seed, latencyMs } of readOutcomes(world.store, 'set')) {
        const proof = row.replace(/#.*/, '');
        // Of the stub the latency is known; of another server it is what was measured.
        // The second round of a proof starts when its first is complete.
        calls.push({
          ...(task === 'verify' ? { part: proof } : { part: `${proof}#`, after: proof }),
          latencyMs: stub === undefined ? latencyMs : latencyOf({ ...STUB_DEFAULTS, ...LATENCY }, seed),
        });
      }
      const ideal = idealWall(calls, CONCURRENCY);
      const latencies = calls.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
      return {
        value: wallMs / ideal,
        detail: {
          calls: calls.length,
          proofs: PROOFS,
          n: N,
          m: M,
          concurrency: CONCURRENCY,
          wallMs: Math.round(wallMs),
          idealMs: Math.round(ideal),
          counts: result.counts,
          latencyMs: {
            median: Math.round(latencies[latencies.length >> 1] ?? 0),
            max: Math.round(latencies.at(-1) ?? 0),
          },
          server: stub === undefined ? endpoint : (await stub.stats()).self,
        },
      };
    } finally {
      await world.close();
      await stub?.kill();
    }
  },
};
