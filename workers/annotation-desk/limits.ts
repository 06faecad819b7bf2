import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { fieldOf } from './sessions.ts';

const MINUTE_MS = 60_000;
/** Ours: ten a second, of one person or one address without a person; who scores needs one in some seconds. */
const MOST_A_MINUTE = 600;
/** Ours: a room of people behind one address mistypes less. */
const MOST_FAILED_OF_ADDRESS = 20;
/** Ours: the same token, or one that begins like it, whatever the addresses. */
const MOST_FAILED_OF_TOKEN = 5;
const PREFIX = 12;

/** What keeps whoever tries tokens waiting. */
export interface SignInLimits {
  /** Seconds to wait before another try; 0 where there is nothing to wait for. */
  wait(request: FastifyRequest): Promise<number>;
  failed(request: FastifyRequest): Promise<void>;
}

/**
 * Limits what one person asks for, and what an address does for which nobody is signed in: people who sit behind one
 * address do not limit each other. Holds for routes that come after it.
 */
export async function registerLimits(app: FastifyInstance): Promise<SignInLimits> {
  await app.register(rateLimit, {
    max: MOST_A_MINUTE,
    timeWindow: MINUTE_MS,
    keyGenerator: ({ signedIn, ip }) => (signedIn ? `person ${signedIn.id}` : rateLimit.normalizeIP(ip)),
    errorResponseBuilder: (_request, { after }) =>
      Object.assign(new Error(`Expected at most ${MOST_A_MINUTE} requests a minute, got more: wait ${after}`), {
        statusCode: 429,
      }),
  });
  const limit = (max: number, keyGenerator: (request: FastifyRequest) => string) =>
    app.createRateLimit({ max, timeWindow: MINUTE_MS, keyGenerator });
  const ofAddress = limit(MOST_FAILED_OF_ADDRESS, ({ ip }) => rateLimit.normalizeIP(ip));
  const ofToken = limit(MOST_FAILED_OF_TOKEN, ({ body }) => fieldOf(body, 'token').slice(0, PREFIX));
  return {
    async wait(request) {
      const seen = await Promise.all([ofAddress, ofToken].map((count) => count(request, { increment: false })));
      return Math.max(...seen.map((one) => (one.isAllowed || one.remaining > 0 ? 0 : Math.max(1, one.ttlInSeconds))));
    },
    async failed(request) {
      await Promise.all([ofAddress(request), ofToken(request)]);
    },
  };
}
