/**
 * A worker of a fleet, as `workers/dev.ts` is one: workflows of sets and the activities that ask. `node --import tsx
 * test/bench/fleet/worker.ts ADDRESS STORE SERVER CONCURRENCY BUNDLE`. It says so when it is ready.
 */
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createSetActivities } from '../../../activities/sets/activities.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { modelKey } from '../../../shared/records.ts';
import { createWorkers } from '../../workflows/sets/workers.ts';

const [address, root, server, concurrency, bundle] = process.argv.slice(2);
if (!address || !root || !server || !concurrency || !bundle)
  throw new Error('Expected ADDRESS, STORE, SERVER, CONCURRENCY and BUNDLE');
Runtime.install({ logger: new DefaultLogger('ERROR') });
const store = new FileStore(root);
const workers = await createWorkers(
  { connection: await NativeConnection.connect({ address }), namespace: 'default' },
  {
    workflows: '',
    bundle,
    inference: createSetActivities({
      store,
      resolve: async (model) => [
        { baseUrl: server, model: modelKey(model), maxConcurrency: Number(concurrency), thinking: () => undefined },
      ],
    }),
  },
);
const running = workers.map((worker) => worker.run());
process.stdout.write('ready\n');
await Promise.all(running);
