import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { registerLimits } from './limits.ts';
import { LOGIN_PATH, registerLogin } from './loginRoutes.ts';
import type { LoginSettings } from './loginService.ts';
import { localPath } from './origins.ts';
import { PATHS } from './pages/paths.ts';
import { signInPage, type SignInView } from './pages/signInPage.ts';
import { fieldOf, registerSessions, type SessionOptions } from './sessions.ts';

export { requireLead, requirePerson } from './sessions.ts';

export interface SignInOptions extends SessionOptions {
  /** Where a team has a login service. @default tokens alone */
  readonly login?: LoginSettings | undefined;
}

/**
 * Signing in and out. To be registered before the routes that ask who somebody is: these say `onRequest:
 * [requirePerson]` or `[requireLead]`, read `request.person`, and put `request.csrf()` into their forms.
 */
export async function registerSignIn(app: FastifyInstance, options: SignInOptions): Promise<void> {
  const { people } = options;
  const sessions = await registerSessions(app, options);
  const limits = await registerLimits(app);

  let login: SignInView['login'];
  const page = (request: FastifyRequest, reply: FastifyReply, view: Pick<SignInView, 'next' | 'refusal'>) =>
    reply.type('text/html; charset=utf-8').send(signInPage({ csrf: request.csrf(), login, ...view }).markup);
  if (options.login) {
    const name = registerLogin(app, {
      ...options,
      settings: options.login,
      sessions,
      refuse: (request, reply, refusal, next) => page(request, reply, { next, refusal }),
    });
    login = { path: LOGIN_PATH, name };
  }

  app.get(PATHS.signIn, async (request, reply) => {
    const next = localPath(fieldOf(request.query, 'next'));
    return request.signedIn ? reply.redirect(next, 303) : page(request, reply, { next });
  });

  app.post(PATHS.signIn, async (request, reply) => {
    const next = localPath(fieldOf(request.body, 'next'));
    const wait = await limits.wait(request);
    if (wait > 0) {
      const refusal = `Too many tries with wrong tokens: wait ${wait} seconds, then try again.`;
      return page(request, reply.code(429).header('retry-after', wait), { next, refusal });
    }
    const person = await people.withToken(fieldOf(request.body, 'token'));
    if (person === undefined) {
      await limits.failed(request);
      request.log.warn('sign-in refused: no such token');
      const refusal =
        'This token opens nothing here: it was mistyped, or revoked. Ask who leads the scoring for another.';
      return page(request, reply.code(401), { next, refusal });
    }
    request.log.info({ person: person.id, by: 'token' }, 'signed in');
    sessions.begin(reply, person);
    return reply.redirect(next, 303);
  });

  app.post(PATHS.signOut, async (_request, reply) => {
    sessions.end(reply);
    return reply.redirect(PATHS.signIn, 303);
  });
}
