/**
 * A worker that solves, to be killed or measured: `node --import tsx test/workflows/products/searchWorker.ts ADDRESS
 * STORE SERVER [BUNDLE]`. It says so when it is ready.
 */
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createSetActivities } from '../../../activities/sets/activities.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { modelKey } from '../../../shared/records.ts';
import { createWorkers } from '../sets/workers.ts';
import { solveActivities } from './solveActivities.ts';

const [address, root, server, bundle] = process.argv.slice(2);
if (address === undefined || root === undefined || server === undefined)
  throw new Error('Expected ADDRESS, STORE and SERVER');
Runtime.install({ logger: new DefaultLogger('ERROR') });
const store = new FileStore(root);
const workers = await createWorkers(
  { connection: await NativeConnection.connect({ address }), namespace: 'default' },
  {
    workflows: 'workflows/index.ts',
    bundle,
    orchestrator: solveActivities(store),
    inference: createSetActivities({
      store,
      resolve: async (model) => [{ baseUrl: server, model: modelKey(model), maxConcurrency: 4096 }],
    }),
  },
);
const running = workers.map((worker) => worker.run());
process.stdout.write('ready\n');
await Promise.all(running);
