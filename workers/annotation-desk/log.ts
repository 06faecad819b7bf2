import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import { pino, type DestinationStream } from 'pino';

/**
 * The desk's log: who did what, and when. Texts and tokens are never in it: of a request it has the path alone, since a
 * query may hold what a login service sends.
 * @param to @default standard output
 */
export function deskLog(to?: DestinationStream): FastifyBaseLogger {
  const options = {
    name: 'annotation-desk',
    serializers: {
      req: ({ method, url, ip }: FastifyRequest) => ({ method, url: url.replace(/\?.*/s, ''), remoteAddress: ip }),
    },
  };
  return to ? pino(options, to) : pino(options);
}
