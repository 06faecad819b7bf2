import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type * as z from 'zod';
import { onAbort } from '../../activities/inference/onAbort.ts';
import { itemOfResponse, verifyReply, verifyRequestSchema } from '../../shared/reward/nemoGym.ts';
import type { RewardAnswer, RewardItem } from '../../shared/reward/protocol.ts';
import { itemsOfSimple, simpleQuerySchema, simpleReply, simpleRequestSchema } from '../../shared/reward/simple.ts';
import type { Intake } from './intake.ts';
import { issuesOf, Refusal } from './refusal.ts';
import type { RewardJobs } from './rewardJobs.ts';

type Asked = FastifyRequest<{ Params: { jobKey: string } }>;

/** A held request looks this often whether its client is still there, milliseconds. Below the jobs' own idle time. */
const LOOK_MS = 30_000;

/**
 * The protocols of other trainers' clients over the same evaluator (docs/rewards.md):
 * `POST /jobs/{jobKey, URL-encoded}/compat/simple`, and `POST …/compat/nemo-gym/seed_session` and `/verify`.
 *
 * These clients know neither polls nor waiting: they take an answer or count a failure. So a request is held until it
 * is judged, also while a judge is down, for as long as the client holds it; after it hung up the evaluation goes on,
 * and the client's next try joins it or is answered from the log. 503 says that what was judged could not be kept.
 */
export function addFacades(app: FastifyInstance, jobs: RewardJobs, intake: Intake): void {
  const judged = async (request: Asked, reply: FastifyReply, items: readonly RewardItem[]) => {
    const { jobKey } = request.params;
    const { job, batch } = await intake.accept(jobKey, items, { log: request.log });
    const ended = batch.ended.catch((error: Error) => {
      throw new Refusal(503, `Expected what was judged to be kept: ${error.message}; ask again`);
    });
    ended.catch(() => undefined);
    const stopped = aborted(job.stopped);
    try {
      while (batch.answers.includes(null)) {
        const looked = new AbortController();
        const time = sleep(LOOK_MS, undefined, { ref: false, signal: looked.signal }).catch(() => undefined);
        await Promise.race([ended, stopped.promise, time]).finally(() => looked.abort());
        if (reply.raw.destroyed) break; // nobody hears of it; what is under way goes on
        await jobs.get(jobKey); // in use, so that it is not put away
      }
    } finally {
      stopped.forget();
    }
    job.stateOf(batch);
    return batch.answers as readonly RewardAnswer[];
  };

  app.post<{ Params: { jobKey: string } }>('/jobs/:jobKey/compat/simple', async (request, reply) => {
    const query = parsed(simpleQuerySchema, request.query, 'the address to say');
    const asked = parsed(simpleRequestSchema, request.body, 'a sample {response, label} or {query, prompts, labels}');
    const answers = await judged(
      request,
      reply,
      itemsIn(() => itemsOfSimple(asked, query)),
    );
    if (reply.raw.destroyed) return reply;
    return reply.type('application/json').send(JSON.stringify(simpleReply(asked, answers, query)));
  });

  app.post<{ Params: { jobKey: string } }>('/jobs/:jobKey/compat/nemo-gym/seed_session', async (request) => {
    await jobs.get(request.params.jobKey);
    return {};
  });

  app.post<{ Params: { jobKey: string } }>('/jobs/:jobKey/compat/nemo-gym/verify', async (request, reply) => {
    const asked = parsed(verifyRequestSchema, request.body, 'a row with itemId, and its response');
    const [answer] = await judged(request, reply, [itemOfResponse(asked)]);
    return reply.raw.destroyed ? reply : verifyReply(asked, answer as RewardAnswer);
  });
}

function itemsIn(read: () => readonly RewardItem[]): readonly RewardItem[] {
  try {
    return read();
  } catch (error) {
    throw new Refusal(422, `Expected items of the request: ${(error as Error).message}`);
  }
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Refusal(400, `Expected ${what}: ${issuesOf(result.error)}`);
}

/** A promise that rejects with the signal's reason, until it is forgotten. */
function aborted(signal: AbortSignal): { readonly promise: Promise<never>; readonly forget: () => void } {
  let forget = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    else forget = onAbort(signal, () => reject(signal.reason as Error));
  });
  promise.catch(() => undefined);
  return { promise, forget };
}
