/**
 * A reward service in a process of its own, to be killed: `serviceProcess.ts STORE MODEL_URL TOKEN [PORT]`; prints its
 * address when it listens.
 */
import { modelKey } from '../../../shared/records.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { createRewardService } from '../../../workers/reward-service/server.ts';

const [storeDir = '', modelUrl = '', token = '', port = '0'] = process.argv.slice(2);
const app = createRewardService({
  store: new FileStore(storeDir),
  resolve: (model) => Promise.resolve([{ baseUrl: modelUrl, model: modelKey(model), maxConcurrency: 64 }]),
  token,
});
process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: Number(port) })}\n`);
