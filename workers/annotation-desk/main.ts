import { Client, Connection } from '@temporalio/client';
import { Annotators } from '../../activities/reviews/annotators.ts';
import { TemporalDesk } from '../../activities/reviews/desk.ts';
import { markFormat } from '../../activities/store/format.ts';
import { config } from '../../temporal.config.ts';
import { deskSecret } from '../stack/state.ts';
import { store } from '../store.ts';
import { deskLog } from './log.ts';
import { createDesk } from './server.ts';

/** Runs the annotation desk until SIGTERM or SIGINT. It holds nothing: what was said is the questions' and the store's. */
const { host, port, publicUrl, proxyUrl, login } = config.desk;
await markFormat(store);
const log = deskLog();
// Signing in needs no server; a question that is asked without one says so.
const client = new Client({
  connection: Connection.lazy(config.temporal.connection),
  namespace: config.temporal.namespace,
});
const app = await createDesk({
  reviews: new TemporalDesk(client, store),
  people: new Annotators(store),
  store,
  secret: await deskSecret(),
  login,
  address: publicUrl,
  isBehindProxy: proxyUrl !== undefined,
  logger: log,
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log.info({ signal }, 'stopping');
    setTimeout(() => process.exit(0), 1_000).unref();
    void app.close().finally(() => process.exit(0));
  });
}
await app.listen({ host, port });
