import fastify from 'fastify';
import { mathematics } from '../../../reports/pages/mathematics/index.ts';
import { registerFiles } from '../../../workers/annotation-desk/files.ts';
import { asset } from '../../../workers/annotation-desk/pages/assets.ts';
import { typeset } from '../../../workers/annotation-desk/pages/typeset.ts';
import { PROOF } from './views.ts';

const app = fastify();
beforeAll(async () => {
  await registerFiles(app);
  app.get('/page', () => 'a page');
});
afterAll(() => app.close());

test.each([
  [asset('desk.js'), 'public, max-age=31536000, immutable'],
  [asset('katex/katex.min.css'), 'public, max-age=31536000, immutable'],
  [asset('mathematics.css'), 'public, max-age=31536000, immutable'],
  ['/assets/katex/fonts/KaTeX_Main-Regular.woff2', 'public, max-age=86400'],
  ['/assets/desk.css', 'no-cache'],
  ['/page', 'no-store'],
])('%s is kept by browsers as: %s', async (url, kept) => {
  const { statusCode, headers } = await app.inject(url);
  expect([statusCode, headers['cache-control']]).toEqual([200, kept]);
  expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
});

test.each(['/assets/nothing.js?v=0123456789ab', '/assets/../server.ts', '/assets/%2e%2e/server.ts'])(
  'there is nothing at %s, and nobody keeps that',
  async (url) => {
    const { statusCode, headers } = await app.inject(url);
    expect(statusCode).toBeGreaterThanOrEqual(400);
    expect(headers['cache-control']).toBe('no-store');
  },
);

test('a text is set once, by itself and with numbers of its lines', () => {
  const [plain, numbered] = [typeset(PROOF), typeset(PROOF, 'L')];
  expect(plain.markup).toBe(mathematics(PROOF).markup);
  expect(numbered.markup).toBe(mathematics(PROOF, { lines: 'L' }).markup);
  expect([typeset(PROOF), typeset(PROOF, 'L')]).toEqual([plain, numbered]);
  expect(typeset(PROOF)).toBe(plain);
});
