import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import cookie from '@fastify/cookie';
import formBody from '@fastify/formbody';
import files from '@fastify/static';
import fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance } from 'fastify';
import { NoReply, type ReviewDesk } from '../../activities/reviews/desk.ts';
import { MATHEMATICS_STYLE } from '../../reports/pages/mathematics/index.ts';
import { Board } from './board.ts';
import { sendFailure } from './frames.ts';
import { registerLead } from './lead.ts';
import type { People } from './people.ts';
import { registerQuestions } from './questions.ts';
import { registerSignIn } from './signIn.ts';

export interface DeskOptions {
  /** Where questions are, and are answered. */
  readonly reviews: ReviewDesk;
  readonly people: People;
  /** Signs sessions; of at least 32 characters. Another one signs everybody out. */
  readonly secret: string;
  /** Where browsers reach the desk, such as `https://desk.example.org`; behind a proxy it is the proxy's address. */
  readonly address: string;
  /** Whether a proxy of this machine stands before it, whose headers say who asks. @default false */
  readonly isBehindProxy?: boolean;
  readonly logger?: FastifyBaseLogger;
}

/** Ours: a rationale, some remarks, and room; proofs never come from a browser. */
const MOST_BYTES = 64 * 1024;

/**
 * The annotation desk: server-rendered pages over the open questions. It holds nothing that matters: verdicts are the
 * reviews', people the store's.
 */
export async function createDesk(options: DeskOptions): Promise<FastifyInstance> {
  const app = fastify({
    ...(options.logger === undefined ? {} : { loggerInstance: options.logger }),
    bodyLimit: MOST_BYTES,
    // The last address that the proxy adds is true; what stands before it a browser may have made up.
    trustProxy: options.isBehindProxy === true ? 'loopback' : false,
    routerOptions: { maxParamLength: 1024 },
    forceCloseConnections: true,
  });
  app.addHook('onSend', async (request, reply) => {
    for (const [name, value] of Object.entries(HEADERS)) reply.header(name, value);
    reply.header('cache-control', request.url.startsWith('/assets/') ? 'no-cache' : 'no-store');
  });
  await app.register(cookie);
  await app.register(formBody);
  await app.register(files, { root: fileURLToPath(new URL('assets/', import.meta.url)), prefix: '/assets/' });
  await app.register(files, { root: path.dirname(TYPESETTER), prefix: '/assets/katex/', decorateReply: false });
  app.get('/assets/mathematics.css', { logLevel: 'warn' }, (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(MATHEMATICS_STYLE),
  );
  app.get('/health', { logLevel: 'warn' }, () => ({ status: 'ok' }));
  app.setNotFoundHandler((request, reply) =>
    sendFailure(request, reply, 404, `Expected a page of the desk, got ${request.method} ${request.url}.`),
  );
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error instanceof NoReply ? 503 : (error.statusCode ?? 500);
    if (status >= 500) request.log.error({ err: error }, 'request failed');
    return sendFailure(request, reply, status, wordsOf(error, status));
  });
  await registerSignIn(app, options);
  const { reviews, people } = options;
  const board = new Board(reviews);
  registerQuestions(app, { reviews, board });
  registerLead(app, { people, board });
  return app;
}

/** What a person is told, who may have typed for an hour. */
function wordsOf({ code, message }: FastifyError, status: number): string {
  const kept = 'What you typed is kept in your browser: go back, and send it again.';
  if (code === 'FST_CSRF_INVALID_TOKEN' || code === 'FST_CSRF_MISSING_SECRET')
    return `Expected a form of this sign-in, got one of another: reload the page. ${kept}`;
  if (status === 503) return `Nobody can take answers at the moment. ${kept}`;
  return status === 500 ? `Something broke in the desk; its log says what. ${kept}` : message;
}

/** Nothing that a page needs comes from elsewhere, and no text of a model or a person becomes a program. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; font-src 'self'; " +
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
};

/** Beside it are its fonts. */
const TYPESETTER = createRequire(import.meta.url).resolve('katex/dist/katex.min.css');
