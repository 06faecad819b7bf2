/** A process to be killed: submits the attempt given as an argument, says so, and waits for its end. */
import type { JobAttempt } from '../../../../activities/clusters/types.ts';
import { kubernetesCluster } from './fixture.ts';

const [kubeconfig, folder, attempt, more = '{}'] = process.argv.slice(2);
if (kubeconfig === undefined || folder === undefined || attempt === undefined)
  throw new Error('Expected a kubeconfig, a folder and an attempt');
await kubernetesCluster(kubeconfig, folder, JSON.parse(more) as object).submit(JSON.parse(attempt) as JobAttempt);
process.stdout.write('submitted\n');
setTimeout(() => undefined, 600_000);
