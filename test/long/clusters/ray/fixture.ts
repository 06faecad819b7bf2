import path from 'node:path';
import type { Environment } from '../../../../activities/processes/records.ts';
import { RayCluster } from '../../../../activities/clusters/ray/ray.ts';

/** A Ray cluster as one of this installation, whose records are in the folder. */
export function rayCluster(address: string, folder: string, named: Environment = {}): RayCluster {
  return new RayCluster(
    'ray',
    RayCluster.settings.parse({
      kind: 'ray',
      address,
      cpus: 0,
      graceSeconds: 4,
      lookEveryMs: 100,
      sharesMachine: true,
    }),
    { folder: path.join(folder, 'run'), root: process.cwd(), env: {}, named },
  );
}
