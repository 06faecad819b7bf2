import cookie from '@fastify/cookie';
import formBody from '@fastify/formbody';
import fastify, { LogController, type FastifyBaseLogger, type FastifyError, type FastifyInstance } from 'fastify';
import { AnnotatorRefused } from '../../activities/reviews/annotators.ts';
import { NoReply, type ReviewDesk } from '../../activities/reviews/desk.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { Board } from './board.ts';
import { registerFiles } from './files.ts';
import { sendFailure } from './frames.ts';
import { measureQuestions } from './gauges.ts';
import { registerLead } from './lead.ts';
import type { People } from './people.ts';
import { registerQuestions } from './questions.ts';
import type { LoginSettings } from './loginService.ts';
import { registerSignIn } from './signIn.ts';

export interface DeskOptions {
  /** Where questions are, and are answered. */
  readonly reviews: ReviewDesk;
  readonly people: People;
  /** Of the lead's figures. */
  readonly store: ArtifactStore;
  /** Signs sessions; of at least 32 characters. Another one signs everybody out. */
  readonly secret: string;
  /** Where a team has a login service. @default tokens alone */
  readonly login?: LoginSettings | undefined;
  /** Where browsers reach the desk, such as `https://desk.example.org`; behind a proxy it is the proxy's address. */
  readonly address: string;
  /** Addresses of the proxies before it, whose headers say who asks, such as `loopback, 10.0.0.0/8`. @default none */
  readonly proxies?: string;
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
    trustProxy: options.proxies ?? false,
    routerOptions: { maxParamLength: 1024 },
    forceCloseConnections: true,
    // Of requests what counts is logged where it is done: who did what.
    logController: new LogController({ disableRequestLogging: true }),
  });
  await app.register(cookie);
  await app.register(formBody);
  await registerFiles(app);
  app.get('/health', { logLevel: 'warn' }, () => ({ status: 'ok' }));
  app.setNotFoundHandler((request, reply) =>
    sendFailure(request, reply, 404, `Expected a page of the desk, got ${request.method} ${request.url}.`),
  );
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error instanceof NoReply ? 503 : error instanceof AnnotatorRefused ? 404 : (error.statusCode ?? 500);
    if (status >= 500) request.log.error({ err: error }, 'request failed');
    return sendFailure(request, reply, status, wordsOf(error, status));
  });
  await registerSignIn(app, options);
  const { reviews, people, store } = options;
  const board = new Board(reviews);
  measureQuestions(board);
  registerQuestions(app, { reviews, board });
  registerLead(app, { people, board, store });
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
