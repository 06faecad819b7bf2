import fc from 'fast-check';
import { Signed } from '../../../workers/annotation-desk/signed.ts';

const SECRET = 'of at least thirty-two characters';
const ada = { id: 'ada' };

test('what was signed is read, until it is too old', () => {
  let now = 1_000_000;
  const signed = new Signed<typeof ada>(SECRET, 'session', 60, () => now);
  const cookie = signed.write(ada);
  expect(signed.read(cookie)).toEqual(ada);
  now += 59_999;
  expect(signed.read(cookie)).toEqual(ada);
  now += 1;
  expect(signed.read(cookie)).toBeUndefined();
});

test('another secret, and another use, sign otherwise', () => {
  const cookie = new Signed<typeof ada>(SECRET, 'session', 60).write(ada);
  expect(new Signed(`${SECRET}!`, 'session', 60).read(cookie)).toBeUndefined();
  expect(new Signed(SECRET, 'login', 60).read(cookie)).toBeUndefined();
});

test('what a browser changes or makes is not read', () => {
  const signed = new Signed<typeof ada>(SECRET, 'session', 60);
  const cookie = signed.write(ada);
  const [text = '', signature = ''] = cookie.split('.');
  const forged = Buffer.from(JSON.stringify({ at: Date.now(), value: { id: 'ben' } })).toString('base64url');
  for (const other of [
    '',
    '.',
    text,
    `${text}.`,
    `.${signature}`,
    `${forged}.${signature}`,
    `${cookie}.x`,
    `${text}=.${signature}`,
  ])
    expect(signed.read(other)).toBeUndefined();
  expect(signed.read(undefined)).toBeUndefined();
  fc.assert(
    fc.property(fc.string(), (made) => {
      expect(signed.read(made)).toBeUndefined();
      expect(signed.read(`${made}.${signature}`)).toBeUndefined();
    }),
  );
});
