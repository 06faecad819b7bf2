/** A process to be killed: submits the attempt given as an argument, says so, and waits for its end. */
import type { JobAttempt } from '../../../activities/clusters/types.ts';
import { localCluster } from './fixture.ts';

const [folder, attempt] = process.argv.slice(2);
if (folder === undefined || attempt === undefined) throw new Error('Expected a folder and an attempt');
await localCluster(folder).submit(JSON.parse(attempt) as JobAttempt);
process.stdout.write('submitted\n');
setTimeout(() => undefined, 600_000);
