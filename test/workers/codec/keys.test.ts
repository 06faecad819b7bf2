import { randomBytes } from 'node:crypto';
import { codecKeysFrom } from '../../../workers/codec/keys.ts';

const key = (): string => randomBytes(32).toString('base64');

test('keys are read in order, whatever separates them', () => {
  const [one, two] = [key(), key()];
  expect(codecKeysFrom(`b:${two},\n a:${one}\n`).map(({ id }) => id)).toEqual(['b', 'a']);
  expect(codecKeysFrom(`b:${two}`)[0]?.key.toString('base64')).toBe(two);
  expect(codecKeysFrom(undefined)).toEqual([]);
});

test.each([
  ['no id', () => key(), 'got another text as number 1'],
  ['too short a key', () => `a:${randomBytes(16).toString('base64')}`, 'got 16 bytes as the key a: `openssl rand'],
  ['an id twice', () => `a:${key()},a:${key()}`, 'to have an id once, got a twice'],
])('%s is refused, and no key is shown', (_, text, message) => {
  const given = text();
  const refusal = (): unknown => codecKeysFrom(given);
  expect(refusal).toThrow(message);
  for (const part of given.split(/[:,]/).filter((each) => each.length > 8)) expect(refusal).not.toThrow(part);
});
