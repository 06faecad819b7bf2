import cookie from '@fastify/cookie';
import formBody from '@fastify/formbody';
import fastify, { type FastifyInstance } from 'fastify';
import { Annotators } from '../../../activities/reviews/annotators.ts';
import { deskLog } from '../../../workers/annotation-desk/log.ts';
import {
  registerSignIn,
  requireLead,
  requirePerson,
  type SignInOptions,
} from '../../../workers/annotation-desk/signIn.ts';
import { MemoryStore } from '../../activities/store/memoryStore.ts';

export const SECRET = 'of at least thirty-two characters';
export const ADDRESS = 'http://127.0.0.1:41731';

export interface World {
  readonly app: FastifyInstance;
  readonly people: Annotators;
  /** Lines of the log. */
  readonly log: string[];
}

/** A desk with a page, a form and a lead's page of its own, to try signing in alone. */
export async function openWorld(
  options: Partial<SignInOptions> & { readonly people?: Annotators } = {},
): Promise<World> {
  const { address = ADDRESS, secret = SECRET, login, people = new Annotators(new MemoryStore(), 0) } = options;
  const log: string[] = [];
  const loggerInstance = deskLog({ write: (line) => void log.push(line) });
  const app = fastify({ loggerInstance, trustProxy: address.startsWith('https') ? 'loopback' : false });
  await app.register(cookie);
  await app.register(formBody);
  await registerSignIn(app, { people, secret, address, login });
  app.get('/', { onRequest: [requirePerson] }, (request, reply) =>
    reply
      .type('text/html')
      .send(`<p>${request.person.id}</p><form><input type="hidden" name="_csrf" value="${request.csrf()}" /></form>`),
  );
  app.post('/say', { onRequest: [requirePerson] }, (request) => ({ by: request.person }));
  app.get('/lead', { onRequest: [requireLead] }, (request) => ({ lead: request.person.id }));
  return { app, people, log };
}
