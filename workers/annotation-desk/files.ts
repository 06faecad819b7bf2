import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import files from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { MATHEMATICS_STYLE } from '../../reports/pages/mathematics/index.ts';

/** What pages load, all of it the desk's own, and what each reply says of what it may do. */
export async function registerFiles(app: FastifyInstance): Promise<void> {
  app.addHook('onSend', async (request, reply) => {
    for (const [name, value] of Object.entries(HEADERS)) reply.header(name, value);
    reply.header('cache-control', request.url.startsWith('/assets/') ? 'no-cache' : 'no-store');
  });
  await app.register(files, {
    root: fileURLToPath(new URL('assets/', import.meta.url)),
    prefix: '/assets/',
    logLevel: 'warn',
  });
  const typesetter = { root: path.dirname(TYPESETTER), prefix: '/assets/katex/', decorateReply: false };
  await app.register(files, { ...typesetter, logLevel: 'warn' });
  app.get('/assets/mathematics.css', { logLevel: 'warn' }, (_request, reply) =>
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

/** Beside it are its fonts. */
const TYPESETTER = createRequire(import.meta.url).resolve('katex/dist/katex.min.css');
