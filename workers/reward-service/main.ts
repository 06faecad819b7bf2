import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import * as z from 'zod';
import { configuredServing } from '../configured.ts';
import { store } from '../store.ts';
import { config } from '../../temporal.config.ts';
import { createRewardService } from './server.ts';

/** Runs the reward service until SIGTERM or SIGINT. A request under way is cut then; what was judged is remembered. */
const { host, port } = config.rewardService;
const log = pino({ name: 'reward-service' });
const serving = configuredServing(store);
const app = createRewardService({
  store,
  resolve: (model, options) => serving.endpoints(model, options),
  token: await readToken(),
  logger: log,
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log.info({ signal }, 'stopping');
    // a judge may take minutes; its calls are asked again by the next process
    setTimeout(() => process.exit(0), 1_000).unref();
    void app.close().finally(() => process.exit(0));
  });
}
await app.listen({ host, port });

/** The token of the environment, or the one that was made for the state folder. */
async function readToken(): Promise<string> {
  if (config.rewardService.token !== undefined && config.rewardService.token !== '') return config.rewardService.token;
  const file = path.join(config.runDir, 'reward-token.json');
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(
      `Expected a token in ${config.rewardService.tokenEnv} or ${file}, found neither: set the variable, or ` +
        'start the stack with "flywheel dev"',
      { cause },
    );
  });
  return z.object({ token: z.string().min(1) }).parse(JSON.parse(text)).token;
}
