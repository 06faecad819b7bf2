import { randomUUID } from 'node:crypto';
import { proveCluster, type ClusterFinding } from '../../activities/clusters/prove.ts';
import { clusterNamed } from '../../activities/clusters/registry.ts';
import { config } from '../../temporal.config.ts';
import { configuredClusters } from '../../workers/configured.ts';
import { knownRewardToken } from '../../workers/stack/state.ts';
import { store } from '../../workers/store.ts';
import type { Interruption } from '../interruption.ts';

/** How long a job may wait in the queue for a doctor, in milliseconds. Ours: a debug partition's patience. */
const PATIENCE_MS = 600_000;
/** As trainings are given. */
const GRACE_MS = 20_000;

/** Proves the cluster of that name by a job of a minute on one node, with one GPU where it has any. */
export async function* doctorCluster(name: string, { signal }: Interruption): AsyncGenerator<ClusterFinding> {
  const cluster = clusterNamed(configuredClusters(), name);
  const jobKey = `doctor/${name}-${randomUUID().slice(0, 8)}`;
  const has = await cluster.capacity();
  const { publicUrl, tokenEnv } = config.rewardService;
  yield* proveCluster(cluster, {
    folder: await store.local(`jobs/${jobKey}`),
    jobKey,
    python: config.python,
    reward: { publicUrl, tokenEnv },
    env: { [tokenEnv]: await knownRewardToken() },
    asked: { nodes: 1, gpusPerNode: Math.min(1, has.gpusPerNode) },
    graceMs: GRACE_MS,
    patienceMs: PATIENCE_MS,
    signal,
  });
}
