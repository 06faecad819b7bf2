import path from 'node:path';
import files from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { MATHEMATICS_STYLE } from '../../reports/pages/mathematics/index.ts';
import { ASSETS, TYPESETTER } from './pages/assets.ts';

/** What pages load, all of it the desk's own, and what each reply says of what it may do. */
export async function registerFiles(app: FastifyInstance): Promise<void> {
  app.addHook('onSend', async (request, reply) => {
    for (const [name, value] of Object.entries(HEADERS)) reply.header(name, value);
    reply.header('cache-control', reply.statusCode < 400 ? keptFor(request.url) : 'no-store');
  });
  const quiet = { logLevel: 'warn' } as const;
  await app.register(files, { ...quiet, root: ASSETS, prefix: '/assets/' });
  const typesetter = { root: path.dirname(TYPESETTER), prefix: '/assets/katex/', decorateReply: false };
  await app.register(files, { ...quiet, ...typesetter });
  app.get('/assets/mathematics.css', quiet, (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(MATHEMATICS_STYLE),
  );
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

/** Pages are nobody's to keep; what they load is, where its address says which one it is. */
function keptFor(url: string): string {
  if (!url.startsWith('/assets/')) return 'no-store';
  if (/\?v=[0-9a-f]{12}$/.test(url)) return 'public, max-age=31536000, immutable';
  return url.startsWith('/assets/katex/fonts/') ? 'public, max-age=86400' : 'no-cache';
}
