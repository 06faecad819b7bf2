import csrfProtection from '@fastify/csrf-protection';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Admitted, People, Person } from '../../activities/reviews/people.ts';
import { isFromDesk } from './origins.ts';
import { PATHS } from './pages/paths.ts';
import { keyFor, SESSION_SECONDS, Signed, type Session } from './signed.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is signed in, read from the store for this request. */
    signedIn: (Admitted & Pick<Session, 'since'>) | undefined;
    /**
     * Who asks, on routes with `requirePerson` or `requireLead`.
     * @throws where nobody is signed in.
     */
    readonly person: Person;
    /** Token for a form's field `_csrf`; to be taken before the reply is sent. */
    csrf: () => string;
  }
}

export interface SessionOptions {
  readonly people: People;
  readonly secret: string;
  readonly address: string;
}

/** Signs people in and out. */
export interface Sessions {
  begin(reply: FastifyReply, person: Admitted): void;
  end(reply: FastifyReply): void;
  /** What a cookie of the desk is called, and kept like. */
  readonly cookie: CookieForm;
}

export interface CookieForm {
  readonly name: (use: string) => string;
  readonly options: { readonly path: '/'; readonly httpOnly: true; readonly sameSite: 'lax'; readonly secure: boolean };
}

/**
 * Says of each request who is signed in, and lets nothing be done but from a form of the desk. Holds for routes that
 * come after it.
 */
export async function registerSessions(app: FastifyInstance, options: SessionOptions): Promise<Sessions> {
  const { people, secret, address } = options;
  const cookie = cookieForm(address);
  const sessions = new Signed<Session>(secret, 'session', SESSION_SECONDS);
  const [name, csrfName] = [cookie.name('session'), cookie.name('form')];

  app.decorateRequest('signedIn', undefined);
  app.decorateRequest('csrf', () => '');
  app.decorateRequest('person', {
    getter(this: FastifyRequest) {
      if (this.signedIn === undefined) throw new Error(`Expected a person to be signed in for ${this.url}`);
      const { id, isLead, isPaused } = this.signedIn;
      return { id, isLead, isPaused };
    },
  });
  const whose = ({ signedIn }: FastifyRequest): string => (signedIn ? `${signedIn.id} ${signedIn.since}` : '-');
  await app.register(csrfProtection, {
    cookieKey: csrfName,
    cookieOpts: cookie.options,
    csrfOpts: { hmacKey: keyFor(secret, 'forms').toString('hex'), userInfo: true },
    getUserInfo: whose,
    getToken: ({ body, headers }) => fieldOf(body, '_csrf') || String(headers['x-csrf-token'] ?? ''),
  });

  app.addHook('onRequest', async (request, reply) => {
    const session = sessions.read(request.cookies[name]);
    const person = session && (await people.find(session.id));
    if (person?.generation === session?.generation) request.signedIn = person && { ...person, since: session.since };
    request.csrf = () => reply.generateCsrf({ userInfo: whose(request) });
    if (request.signedIn) request.log = reply.log = request.log.child({ person: request.signedIn.id });
  });
  app.addHook('preHandler', (request, reply, done) => {
    if (isReading(request)) return done();
    request.body ??= {}; // a form without fields
    if (isFromDesk(request.headers, address)) return app.csrfProtection(request, reply, done);
    const { origin = 'another site', host } = request.headers;
    done(
      Object.assign(new Error(`Expected a form of ${address}, got one of ${origin} for ${host}`), { statusCode: 403 }),
    );
  });
  app.addHook('onResponse', async (request, reply) => {
    if (isReading(request)) return;
    const { url: action = request.method } = request.routeOptions;
    request.log.info({ action, about: request.params, status: reply.statusCode }, 'action');
  });

  return {
    cookie,
    begin(reply, { id, generation }) {
      const since = Math.floor(Date.now() / 1000);
      reply.setCookie(name, sessions.write({ id, generation, since }), { ...cookie.options, maxAge: SESSION_SECONDS });
    },
    end(reply) {
      for (const each of [name, csrfName]) reply.clearCookie(each, cookie.options);
    },
  };
}

/** For `onRequest` of a route: sends whoever is not signed in to do so, and back. */
export async function requirePerson(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  if (request.signedIn) return undefined;
  if (isReading(request)) return reply.redirect(signInPath(request.url), 303);
  throw Object.assign(
    new Error('Expected a person who is signed in, got nobody: sign in again; what you typed is kept in your browser'),
    { statusCode: 401 },
  );
}

/** The same, and the person must be a lead. */
export async function requireLead(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const sent = await requirePerson(request, reply);
  if (sent || request.person.isLead) return sent;
  throw Object.assign(new Error(`Expected a lead, got ${request.person.id}: ask who leads the scoring`), {
    statusCode: 403,
  });
}

export const signInPath = (next: string) => `${PATHS.signIn}?next=${encodeURIComponent(next)}`;

/** A form's or a query's field; empty where it is missing, or no text. */
export function fieldOf(fields: unknown, name: string): string {
  const value = typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>)[name] : undefined;
  return typeof value === 'string' ? value : '';
}

const isReading = ({ method }: FastifyRequest): boolean => ['GET', 'HEAD', 'OPTIONS'].includes(method);

/**
 * Cookies of this desk alone: over https no other host can set one for it, and desks on ports of one machine, which
 * share their cookies, do not sign each other out.
 */
function cookieForm(address: string): CookieForm {
  const { protocol, port } = new URL(address);
  const secure = protocol === 'https:';
  return {
    name: (use) => (secure ? `__Host-desk-${use}` : `desk-${port}-${use}`),
    options: { path: '/', httpOnly: true, sameSite: 'lax', secure },
  };
}
