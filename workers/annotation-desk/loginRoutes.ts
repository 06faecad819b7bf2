import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { People } from '../../activities/reviews/people.ts';
import { LoginService, type LoginSettings, type Pending } from './loginService.ts';
import { localPath } from './origins.ts';
import { fieldOf, type Sessions } from './sessions.ts';
import { Signed } from './signed.ts';

/** Ours: long enough to find one's second factor. */
const LOGIN_SECONDS = 10 * 60;

export const LOGIN_PATH = '/sign-in/oidc';
const CALLBACK_PATH = `${LOGIN_PATH}/callback`;

interface LoginRoutes {
  readonly settings: LoginSettings;
  readonly people: People;
  readonly secret: string;
  readonly address: string;
  readonly sessions: Sessions;
  /** The page for signing in, with why it did not come to that. */
  readonly refuse: (request: FastifyRequest, reply: FastifyReply, refusal: string, next: string) => FastifyReply;
}

/** Signing in at a team's login service, and coming back. @returns what the service is called. */
export function registerLogin(app: FastifyInstance, routes: LoginRoutes): string {
  const { people, sessions, refuse } = routes;
  const service = new LoginService(routes.settings, new URL(CALLBACK_PATH, routes.address).href);
  const pendings = new Signed<Pending>(routes.secret, 'login', LOGIN_SECONDS);
  const { name: nameOf, options } = sessions.cookie;
  const name = nameOf('login');

  const silent = (request: FastifyRequest, reply: FastifyReply, error: unknown, next: string): FastifyReply => {
    const { message, code } = error as Error & { code?: string };
    request.log.error({ message, code }, 'login service: no use');
    const refusal = `Expected an answer of ${service.name} that can be believed, got none; the desk's log says more. Try again.`;
    return refuse(request, reply.code(502), refusal, next);
  };

  app.get(LOGIN_PATH, async (request, reply) => {
    const next = localPath(fieldOf(request.query, 'next'));
    try {
      const { url, pending } = await service.begin(next);
      reply.setCookie(name, pendings.write(pending), { ...options, maxAge: LOGIN_SECONDS });
      return await reply.redirect(url, 303);
    } catch (error) {
      return silent(request, reply, error, next);
    }
  });

  app.get(CALLBACK_PATH, async (request, reply) => {
    const pending = pendings.read(request.cookies[name]);
    reply.clearCookie(name, options);
    if (pending === undefined) {
      const refusal = 'Expected a login that began in this browser within ten minutes, got none: begin again.';
      return refuse(request, reply.code(400), refusal, '/');
    }
    const { next } = pending;
    try {
      const said = await service.end(request.url.replace(/^[^?]*/, ''), pending);
      if (said.kind === 'refused')
        return refuse(request, reply.code(403), `You are not signed in: ${said.reason}.`, next);
      const person = await people.withLogin(said.login);
      if (person === undefined) {
        request.log.warn('sign-in refused: nobody by this login');
        const refusal = `${said.name} may not score here: ask who leads the scoring to let you in under this name.`;
        return refuse(request, reply.code(403), refusal, next);
      }
      request.log.info({ person: person.id, by: 'login' }, 'signed in');
      sessions.begin(reply, person);
      return await reply.redirect(next, 303);
    } catch (error) {
      return silent(request, reply, error, next);
    }
  });
  return service.name;
}
