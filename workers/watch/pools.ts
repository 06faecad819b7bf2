import { gauge } from '../../activities/metrics/registry.ts';
import { poolStatuses, type PoolStatus } from '../../activities/serving/pool/status.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';

/** How old a look may be: all figures of one reading are of one. Ours. */
const FRESH_MS = 5_000;
const STATES = ['starting', 'ready', 'silent', 'leaving'] as const;

/** Shows how the serving pools stand, all their models together. */
export function measurePools(store: ArtifactStore): void {
  let looked: { readonly at: number; readonly pools: Promise<PoolStatus[]> } | undefined;
  const pools = async () => {
    if (looked === undefined || Date.now() - looked.at > FRESH_MS)
      looked = { at: Date.now(), pools: poolStatuses(store) };
    return looked.pools;
  };
  const ofPools = (name: `flywheel_pool_${string}`, help: string, figure: (pool: PoolStatus) => number) =>
    gauge({ name, help, labels: ['pool'] }, async (all) => {
      const found = await pools();
      all.reset();
      for (const each of found) all.inc({ pool: each.pool }, figure(each));
    });

  gauge(
    {
      name: 'flywheel_pool_replicas',
      help: 'Replicas of a serving pool by state: starting, ready, silent (it does not answer), leaving.',
      labels: ['pool', 'state'],
    },
    async (all) => {
      const found = await pools();
      all.reset();
      for (const { pool, replicas } of found)
        for (const state of STATES) all.inc({ pool, state }, replicas.filter((one) => one.state === state).length);
    },
  );
  ofPools('flywheel_pool_replicas_wanted', 'Replicas that a serving pool is to have now.', ({ wanted }) => wanted);
  ofPools('flywheel_pool_calls_waiting', 'Calls of all processes that wait for a pool.', ({ waiting }) => waiting);
  ofPools('flywheel_pool_calls_in_flight', 'Calls of all processes that a pool has.', ({ inFlight }) => inFlight);
}
