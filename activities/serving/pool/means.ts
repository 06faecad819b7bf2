import type { Cluster } from '../../clusters/types.ts';
import type { Environment } from '../../processes/records.ts';
import type { ArtifactStore } from '../../store/types.ts';
import type { PoolSettings } from './settings.ts';

/** What a pool needs to run its replicas. */
export interface PoolMeans {
  readonly pool: PoolSettings;
  readonly cluster: Cluster;
  readonly store: ArtifactStore;
  /** Python that has trainer/, on the cluster's machines: it starts the engine. */
  readonly python: string;
  /** Where API keys are looked up. */
  readonly env: Environment;
  /** Milliseconds between two looks at the replicas. */
  readonly lookEveryMs: number;
}
