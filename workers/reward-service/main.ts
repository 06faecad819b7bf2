import { pino } from 'pino';
import { Identity } from '../../activities/inference/identity.ts';
import { configuredServing } from '../configured.ts';
import { store } from '../store.ts';
import { config } from '../../temporal.config.ts';
import { knownRewardToken } from '../stack/state.ts';
import { formatOf, markFormat } from '../../activities/store/format.ts';
import { tracing } from '../watch/tracing.ts';
import { watchProcess } from '../watch/watch.ts';
import { createRewardService } from './server.ts';

/** Runs the reward service until SIGTERM or SIGINT. A request under way is cut then; what was judged is remembered. */
const { host, port, tokenEnv } = config.rewardService;
const token = await knownRewardToken();
if (token === undefined)
  throw new Error(
    `Expected a token in ${tokenEnv}, or in ${config.runDir}, found neither: set the variable, or start the stack ` +
      'with "flywheel dev"',
  );
await markFormat(store);
const log = pino({ name: 'reward-service' });
const serving = configuredServing(store);
const traced = await tracing('reward');
const app = createRewardService({
  store,
  resolve: (model, options) => serving.endpoints(model, options),
  token,
  identity: new Identity(store),
  logger: log,
});

let listens = false;
const watched = await watchProcess('reward', {
  checks: [
    () => (listens ? undefined : 'it does not listen yet'),
    () => formatOf(store).then(() => undefined), // a store that is not there says why
  ],
  say: (line) => log.info(line),
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log.info({ signal }, 'stopping');
    watched.drain(`ending after ${signal}`);
    // a judge may take minutes; its calls are asked again by the next process
    setTimeout(() => process.exit(0), 3_000).unref();
    void Promise.allSettled([app.close(), watched.close(), traced?.flush()]).then(() => process.exit(0));
  });
}
await app.listen({ host, port });
listens = true;
