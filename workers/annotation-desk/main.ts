import { Client, Connection } from '@temporalio/client';
import { Annotators } from '../../activities/reviews/annotators.ts';
import { TemporalDesk } from '../../activities/reviews/desk.ts';
import { formatOf, markFormat } from '../../activities/store/format.ts';
import { config } from '../../temporal.config.ts';
import { deskSecret } from '../stack/state.ts';
import { store } from '../store.ts';
import { temporalAnswers } from '../watch/temporal.ts';
import { tracing } from '../watch/tracing.ts';
import { watchProcess } from '../watch/watch.ts';
import { configuredConverter } from '../codec/converter.ts';
import { deskLog } from './log.ts';
import { createDesk } from './server.ts';

/** Runs the annotation desk until SIGTERM or SIGINT. It holds nothing: what was said is the questions' and the store's. */
const { host, port, publicUrl, proxyUrl, proxies, login } = config.desk;
await markFormat(store);
const log = deskLog();
// Signing in needs no server; a question that is asked without one says so.
const connection = Connection.lazy(config.temporal.connection);
const traced = await tracing('desk');
const client = new Client({
  connection,
  namespace: config.temporal.namespace,
  dataConverter: configuredConverter(),
  ...(traced && { interceptors: { workflow: [...traced.clientInterceptors] } }),
});
const app = await createDesk({
  reviews: new TemporalDesk(client, store),
  people: new Annotators(store),
  store,
  secret: await deskSecret(),
  login,
  address: publicUrl,
  ...(proxyUrl !== undefined && { proxies }),
  logger: log,
});

let listens = false;
const watched = await watchProcess('desk', {
  checks: [
    () => (listens ? undefined : 'it does not listen yet'),
    temporalAnswers(connection, config.temporal.address),
    () => formatOf(store).then(() => undefined), // a store that is not there says why
  ],
  say: (line) => log.info(line),
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log.info({ signal }, 'stopping');
    watched.drain(`ending after ${signal}`);
    setTimeout(() => process.exit(0), 1_000).unref();
    void Promise.allSettled([app.close(), watched.close(), traced?.flush()]).then(() => process.exit(0));
  });
}
await app.listen({ host, port });
listens = true;
