/** A process to be killed: submits the attempt given as an argument, says so, and waits for its end. */
import type { JobAttempt } from '../../../../activities/clusters/types.ts';
import { rayCluster } from './fixture.ts';

const [address, folder, attempt] = process.argv.slice(2);
if (address === undefined || folder === undefined || attempt === undefined)
  throw new Error('Expected an address, a folder and an attempt');
await rayCluster(address, folder).submit(JSON.parse(attempt) as JobAttempt);
process.stdout.write('submitted\n');
setTimeout(() => undefined, 600_000);
