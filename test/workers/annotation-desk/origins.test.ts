import fc from 'fast-check';
import { localPath } from '../../../workers/annotation-desk/origins.ts';

test.each([
  ['/questions/main%2Flap-0001%2Fq', '/questions/main%2Flap-0001%2Fq'],
  ['/lead?from=%2F', '/lead?from=%2F'],
  ['/lead#part', '/lead'],
  ['/', '/'],
])('%s is a place to go on to', (next, path) => expect(localPath(next)).toBe(path));

test.each([
  'https://evil.example',
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/..//evil.example',
  '/.//evil.example',
  '/a/../..//evil.example',
  'javascript:alert(1)',
  'evil.example',
  ' /lead',
  '',
  '/sign-in?next=/sign-in',
  '/sign-out',
  `/${'x'.repeat(3_000)}`,
  undefined,
  ['/lead'],
])('%j is no place to go on to', (next) => expect(localPath(next)).toBe('/'));

test('whatever is asked for, a browser stays on the desk', () => {
  const texts = fc.oneof(
    fc.webUrl(),
    fc.string().map((text) => `/${text}`),
    fc
      .array(fc.constantFrom('/', '\\', '.', '..', ':', '@', '%2f', '\t', 'evil.example', '?', '#'))
      .map((all) => all.join('')),
  );
  fc.assert(
    fc.property(texts, (next) => {
      expect(new URL(localPath(next), 'https://desk.example.org').origin).toBe('https://desk.example.org');
    }),
  );
});
