/** A process to be killed: submits an attempt through a Slurm, says so, and waits for its end. */
import type { JobAttempt } from '../../../activities/clusters/types.ts';
import type { SlurmSettings } from '../../../activities/clusters/slurm/settings.ts';
import { slurmCluster } from './slurmCluster.ts';

const [folder, settings, attempt] = process.argv.slice(2);
if (folder === undefined || settings === undefined || attempt === undefined)
  throw new Error('Expected a folder, settings and an attempt');
await slurmCluster(folder, JSON.parse(settings) as SlurmSettings).submit(JSON.parse(attempt) as JobAttempt);
process.stdout.write('submitted\n');
setTimeout(() => undefined, 600_000);
