/**
 * A worker that holds reviews and answers as a program, to be killed: `node --import tsx
 * test/workflows/reviews/workerProcess.ts ADDRESS STORE`.
 */
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createReviewActivities } from '../../../activities/reviews/activities.ts';
import { TemporalDesk } from '../../../activities/reviews/desk.ts';
import { FileStore } from '../../../activities/store/files.ts';

const [address, storeDir] = process.argv.slice(2);
if (address === undefined || storeDir === undefined) throw new Error('Expected ADDRESS and STORE');
Runtime.install({ logger: new DefaultLogger('ERROR') });
const client = new Client({ connection: await Connection.connect({ address }) });
const store = new FileStore(storeDir);
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue: 'flywheel',
  workflowsPath: path.resolve(import.meta.dirname, 'workflows.ts'),
  stickyQueueScheduleToStartTimeout: '1s',
  activities: createReviewActivities({
    store,
    desk: () => Promise.resolve(new TemporalDesk(client, store)),
    expertOf: () => ({ name: 'length-checker', answer: (_, { proof }) => (proof.length % 2 === 0 ? 1 : 0) }),
  }),
});
await worker.run();
