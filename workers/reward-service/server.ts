import { createHash, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Identity } from '../../activities/inference/identity.ts';
import { ModelServers } from '../../activities/inference/servers.ts';
import type { EndpointResolver } from '../../activities/inference/types.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import {
  MAX_BATCH_BYTES,
  MAX_ITEM_BYTES,
  MAX_WAIT_SECONDS,
  rewardBatchSchema,
  type RewardItem,
} from '../../shared/reward/protocol.ts';
import { addFacades } from './facades.ts';
import { measureJobs } from './gauges.ts';
import { Intake } from './intake.ts';
import { issuesOf, Refusal } from './refusal.ts';
import { RewardJobs } from './rewardJobs.ts';

interface RewardServiceOptions {
  readonly store: ArtifactStore;
  /** Where a judge is served now. */
  readonly resolve: EndpointResolver;
  /** Bearer token that every request but `/health` must carry. */
  readonly token: string;
  /** Items under way at once, over all jobs; more are refused with 429 until some are done. @default 32768 */
  readonly maxUnderWay?: number | undefined;
  /** The same for the characters of their texts, which are held in memory meanwhile. @default 268_435_456 */
  readonly maxCharactersUnderWay?: number | undefined;
  /** Tells whether a judge's server runs the checkpoint that it is asked for. @default by its name alone */
  readonly identity?: Identity | undefined;
  readonly logger?: FastifyBaseLogger | undefined;
}

const RETRY_AFTER_SECONDS = 1;

/**
 * The service that turns answers of models in training into rewards, by the protocol of shared/reward/protocol.ts:
 * `POST /jobs/{jobKey, URL-encoded}/v2/rewards`, `GET …/v2/rewards/{id}`, `GET /jobs/{jobKey}/v1/counters` and
 * `GET /health`. Other trainers' clients are served below `/jobs/{jobKey}/compat/` (facades.ts).
 *
 * 400 and 422 name the field that is wrong; 401 is a wrong token; 404 an unknown job, or a batch that is to be posted
 * again; 409 a job whose judges lose too many verdicts; 413 a batch that is too long; 429 a full backlog. While a judge
 * is down its items wait: an outage is never a reward.
 */
export function createRewardService(options: RewardServiceOptions): FastifyInstance {
  const servers = new ModelServers({ resolve: options.resolve, identity: options.identity, patienceMs: Infinity });
  const jobs = new RewardJobs({ store: options.store, servers });
  const { maxUnderWay = 32_768, maxCharactersUnderWay = 2 ** 28 } = options;
  const intake = new Intake(jobs, { items: maxUnderWay, characters: maxCharactersUnderWay });
  const app: FastifyInstance = fastify({
    ...(options.logger === undefined ? {} : { loggerInstance: options.logger }),
    bodyLimit: MAX_ITEM_BYTES,
    // The schema takes the fields that it names, and no text is searched for names of others.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    routerOptions: { maxParamLength: 1024 },
    forceCloseConnections: true, // what was judged is remembered, and a trainer asks again
  });

  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error instanceof Refusal ? error.status : (error.statusCode ?? 500);
    if (status >= 500) request.log.error({ err: error }, 'reward request failed');
    if (status === 429 || status === 503) reply.header('retry-after', String(RETRY_AFTER_SECONDS));
    return reply.code(status).send({ error: error.message });
  });
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send({
        error:
          `Expected POST /jobs/{jobKey, URL-encoded}/v2/rewards or GET /health, got ${request.method} ` + request.url,
      }),
  );
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url === '/health' || carriesToken(request.headers.authorization, options.token)) return;
    await reply
      .code(401)
      .header('www-authenticate', 'Bearer')
      .send({ error: 'Expected the header "Authorization: Bearer <token>" with the token of this reward service' });
  });
  const unmeasured = measureJobs(jobs);
  app.addHook('onClose', async () => {
    unmeasured();
    await jobs.close();
    await servers.close();
  });

  app.get('/health', { logLevel: 'warn' }, () => ({ status: 'ok', jobs: jobs.count, underWay: intake.items }));

  app.get<{ Params: { jobKey: string } }>(
    '/jobs/:jobKey/v1/counters',
    async (request) => (await jobs.get(request.params.jobKey)).counters,
  );

  app.post('/jobs/:jobKey/v1/reward', () => {
    throw new Refusal(
      410,
      'Expected protocol 2 (POST /jobs/{jobKey}/v2/rewards), got a request of protocol 1: end this attempt of the ' +
        'job; the next one goes on from its state, by this version of the trainer',
    );
  });

  app.post<{ Params: { jobKey: string }; Querystring: { again?: string } }>(
    '/jobs/:jobKey/v2/rewards',
    async (request, reply) => {
      const items = itemsOf(request);
      const again = request.query.again === '1';
      const { job, batch } = await intake.accept(request.params.jobKey, items, { again, log: request.log });
      return reply.code(202).send(job.stateOf(batch));
    },
  );

  app.get<{ Params: { jobKey: string; id: string }; Querystring: { wait?: string } }>(
    '/jobs/:jobKey/v2/rewards/:id',
    { logLevel: 'warn' },
    async ({ params, query }) => {
      const job = await jobs.get(params.jobKey);
      const batch = job.batch(params.id);
      if (batch === undefined)
        throw new Refusal(404, `Expected a batch that is known here, got ${params.id}: post it again`);
      const seconds = Math.min(Number(query.wait ?? 0) || 0, MAX_WAIT_SECONDS);
      const waited = new AbortController();
      const signal = AbortSignal.any([waited.signal, job.stopped]);
      const time = sleep(seconds * 1000, undefined, { ref: false, signal }).catch(() => undefined);
      await Promise.race([batch.ended, time]).finally(() => waited.abort());
      return job.stateOf(batch);
    },
  );

  addFacades(app, jobs, intake);
  return app;
}

/** @throws Refusal when they are not items, or too long for one batch. */
function itemsOf({ body, headers }: FastifyRequest): readonly RewardItem[] {
  const parsed = rewardBatchSchema.safeParse(body);
  if (!parsed.success) throw new Refusal(400, `Expected a batch of items: ${issuesOf(parsed.error)}`);
  const { items } = parsed.data;
  const bytes = Number(headers['content-length'] ?? 0);
  if (items.length > 1 && bytes > MAX_BATCH_BYTES)
    throw new Refusal(
      413,
      `Expected ${items.length} items to have at most ${MAX_BATCH_BYTES} bytes, got ${bytes}: post fewer at once`,
    );
  return items;
}

/**
 * The token as `Bearer`, or as the password of `Basic`: clients that cannot be given a header take both in their URL
 * (`http://job:<token>@host`). Compares digests in constant time, so that neither length nor content of it shows.
 */
function carriesToken(header = '', token: string): boolean {
  const [scheme = '', credentials = ''] = header.split(' ', 2);
  const basic = scheme.toLowerCase() === 'basic';
  const given = basic
    ? Buffer.from(credentials, 'base64')
        .toString('utf8')
        .replace(/^[^:]*:/, '')
    : header;
  return timingSafeEqual(digest(given), digest(basic ? token : `Bearer ${token}`));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
