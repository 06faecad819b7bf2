import path from 'node:path';
import { LocalCluster } from '../../../activities/clusters/local.ts';
import type { ClusterCapacity } from '../../../activities/clusters/types.ts';
import type { Environment } from '../../../activities/processes/records.ts';

export interface LocalOptions {
  readonly env?: Environment;
  readonly capacity?: ClusterCapacity;
}

/** This machine as a cluster, whose records are in the folder. Ours has no GPU, whatever the machine has. */
export function localCluster(folder: string, { env = {}, capacity }: LocalOptions = {}): LocalCluster {
  return new LocalCluster(
    'local',
    { kind: 'local', lookEveryMs: 50, capacity: { nodes: 1, gpusPerNode: capacity?.gpusPerNode ?? 0 } },
    { folder: path.join(folder, 'run'), root: process.cwd(), env: { PATH: process.env['PATH'], ...env } },
  );
}

/** The record of one of its jobs. */
export function recordFile(folder: string, jobKey: string, attempt: number): string {
  return path.join(folder, 'run', `${encodeURIComponent(jobKey)}.${attempt}.json`);
}
