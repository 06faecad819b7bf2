import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { DigestIndex } from '../../../activities/store/digestIndex.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

test('an index knows what a map knows, whatever was set in whatever order', () => {
  const key = fc.oneof(
    fc.nat(40).map((n) => sha256(`record ${n}`)),
    fc.nat(40).map((n) => sha256(`call ${n}`).slice(0, 24)),
    fc.string({ maxLength: 2 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.nat(2 ** 32 - 3)), { maxLength: 60 }), (settings) => {
      const [index, map] = [new DigestIndex(), new Map<string, number>()];
      for (const [name, value] of settings) {
        index.set(name, value);
        map.set(name, value);
      }
      expect(index.size).toBe(map.size);
      expect([...map.keys()].map((name) => index.get(name))).toEqual([...map.values()]);
      expect(index.values()).toEqual([...map.values()].sort((one, other) => one - other));
      expect(index.has('never set')).toBe(false);
    }),
  );
});

test('it grows: of ten thousand keys each is found, and no other', () => {
  const index = new DigestIndex();
  for (let n = 0; n < 10_000; n += 1) index.set(sha256(`key ${n}`), n);
  expect(index.size).toBe(10_000);
  for (let n = 0; n < 10_000; n += 1) expect(index.get(sha256(`key ${n}`))).toBe(n);
  expect(index.get(sha256('key 10000'))).toBeUndefined();
});
