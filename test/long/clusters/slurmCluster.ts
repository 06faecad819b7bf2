import path from 'node:path';
import { SlurmCluster } from '../../../activities/clusters/slurm/cluster.ts';
import type { SlurmSettings } from '../../../activities/clusters/slurm/settings.ts';
import type { Environment } from '../../../activities/processes/records.ts';

/** A submitter's view of a Slurm, whose records are in the folder. */
export function slurmCluster(folder: string, settings: SlurmSettings, named: Environment = {}): SlurmCluster {
  const machine = { folder: path.join(folder, 'run'), root: process.cwd(), env: process.env, named };
  return new SlurmCluster('slurm', settings, machine);
}
