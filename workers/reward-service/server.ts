import { createHash, timingSafeEqual } from 'node:crypto';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply } from 'fastify';
import { ModelServers } from '../../activities/inference/servers.ts';
import type { EndpointResolver } from '../../activities/inference/types.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { rewardRequestSchema, type RewardAnswer, type RewardResponse } from '../../shared/reward/protocol.ts';
import { addCosts, NO_COST } from './judge.ts';
import { missingFields } from './rewardJob.ts';
import { issuesOf, Refusal, RewardJobs } from './rewardJobs.ts';

interface RewardServiceOptions {
  readonly store: ArtifactStore;
  /** Where a judge is served now. */
  readonly resolve: EndpointResolver;
  /** Bearer token that every request but `/health` must carry. */
  readonly token: string;
  /** Items under evaluation at once, over all jobs; more are refused with 503 until some are done. @default 32768 */
  readonly maxUnderWay?: number | undefined;
  /**
   * How long a call waits while no server of its judge answers, milliseconds; then the request is answered with 503.
   * @default 60_000: shorter than a trainer waits for one answer (trainer/contract/rewards.py)
   */
  readonly patienceMs?: number | undefined;
  readonly logger?: FastifyBaseLogger | undefined;
}

/** Requests hold whole proofs: 128 items of 128K tokens are about 64 MB. */
const MAX_BODY_BYTES = 64 * 2 ** 20;
const RETRY_AFTER_SECONDS = 5;

/**
 * The service that turns answers of models in training into rewards: `POST /jobs/{jobKey, URL-encoded}/v1/reward`
 * (shared/reward/protocol.ts), `GET /jobs/{jobKey}/v1/counters` and `GET /health`.
 *
 * 400 and 422 name the field that is wrong; 401 is a wrong token; 404 an unknown job; 503, with Retry-After, a judge
 * that is down or a full backlog: what was judged by then is remembered, so that asking again costs only the rest. An
 * outage is never a reward.
 */
export function createRewardService(options: RewardServiceOptions): FastifyInstance {
  const servers = new ModelServers({ resolve: options.resolve, patienceMs: options.patienceMs ?? 60_000 });
  const jobs = new RewardJobs({ store: options.store, servers });
  const maxUnderWay = options.maxUnderWay ?? 32_768;
  let underWay = 0;
  const app: FastifyInstance = fastify({
    ...(options.logger === undefined ? {} : { loggerInstance: options.logger }),
    bodyLimit: MAX_BODY_BYTES,
    routerOptions: { maxParamLength: 1024 },
    forceCloseConnections: true, // what was judged is remembered, and a trainer asks again
  });

  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error instanceof Refusal ? error.status : (error.statusCode ?? 500);
    if (status >= 500) request.log.error({ err: error }, 'reward request failed');
    return reply.code(status).send({ error: error.message });
  });
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send({
        error:
          `Expected POST /jobs/{jobKey, URL-encoded}/v1/reward or GET /health, got ${request.method} ` + request.url,
      }),
  );
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url === '/health' || carriesToken(request.headers.authorization, options.token)) return;
    await reply
      .code(401)
      .header('www-authenticate', 'Bearer')
      .send({ error: 'Expected the header "Authorization: Bearer <token>" with the token of this reward service' });
  });
  app.addHook('onClose', async () => {
    await servers.close();
    await jobs.close();
  });

  app.get('/health', { logLevel: 'warn' }, () => ({ status: 'ok', jobs: jobs.count, underWay }));

  app.get<{ Params: { jobKey: string } }>(
    '/jobs/:jobKey/v1/counters',
    async (request) => (await jobs.get(request.params.jobKey)).counters,
  );

  app.post<{ Params: { jobKey: string } }>('/jobs/:jobKey/v1/reward', async (request, reply) => {
    const parsed = rewardRequestSchema.safeParse(request.body);
    if (!parsed.success) throw new Refusal(400, `Expected a reward request: ${issuesOf(parsed.error)}`);
    const job = await jobs.get(request.params.jobKey);
    const { items } = parsed.data;
    const missing = items.flatMap((item, index) =>
      missingFields(item, job.spec).map((message) => `items.${index}.${message}`),
    );
    if (missing.length > 0)
      throw new Refusal(
        422,
        `Expected items that job ${job.spec.jobKey} can reward: ${missing.slice(0, 5).join('; ')}`,
      );
    if (underWay > 0 && underWay + items.length > maxUnderWay) {
      return unavailable(reply, `Expected at most ${maxUnderWay} items under way, ${underWay} are: ask again later`);
    }

    underWay += items.length;
    const evaluations = await Promise.all(items.map((item) => job.evaluate(item)))
      .catch(async (error: unknown) => {
        await jobs.putAway(job);
        throw error;
      })
      .finally(() => {
        underWay -= items.length;
      });
    const answers: RewardAnswer[] = [];
    let cost = NO_COST;
    for (const evaluation of evaluations) {
      if (evaluation.kind === 'outage') {
        request.log.warn({ job: job.spec.jobKey, reason: evaluation.reason }, 'a judge is down');
        return unavailable(reply, `A judge is down, ask again: ${evaluation.reason}`);
      }
      answers.push(evaluation.answer);
      cost = addCosts(cost, evaluation.cost);
    }
    request.log.info({ job: job.spec.jobKey, items: items.length, counters: job.counters }, 'rewarded');
    return { items: answers, usage: cost } satisfies RewardResponse;
  });

  return app;
}

function unavailable(reply: FastifyReply, error: string): FastifyReply {
  return reply.code(503).header('retry-after', String(RETRY_AFTER_SECONDS)).send({ error });
}

/** Compares digests in constant time, so that neither length nor content of the token shows. */
function carriesToken(header: string | undefined, token: string): boolean {
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
