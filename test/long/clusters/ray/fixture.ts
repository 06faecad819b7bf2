import path from 'node:path';
import { RayCluster } from '../../../../activities/clusters/ray/ray.ts';

/** A Ray cluster as one of this installation, whose records are in the folder. */
export function rayCluster(address: string, folder: string): RayCluster {
  return new RayCluster(
    'ray',
    { kind: 'ray', address, cpus: 0, graceSeconds: 4, setup: [], lookEveryMs: 100 },
    { folder: path.join(folder, 'run'), root: process.cwd(), env: {} },
  );
}
