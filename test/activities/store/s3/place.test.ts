import { addressOf, continuing, keyOf, offsetOf, partKey, uriOf } from '../../../../activities/store/s3/place.ts';

const place = { bucket: 'team', prefix: 'a/b' };
const whole = { bucket: 'team', prefix: '' };
const part = (offset: number, bytes: number) => ({ key: partKey('log', offset), offset, bytes });

test('an artifact’s key is its URI below the prefix, and back', () => {
  for (const [at, key] of [
    [place, 'a/b/laps/x'],
    [whole, 'laps/x'],
  ] as const) {
    expect(keyOf(at, 'laps/x')).toBe(key);
    expect(uriOf(at, key)).toBe('laps/x');
    expect(addressOf(at, 'laps/x')).toBe(`s3://team/${key}`);
  }
});

test('what a store keeps for itself, and what has no name, is no artifact', () => {
  for (const uri of ['.flywheel/conditional-writes', 'a/', partKey('log/a', 7)])
    expect(uriOf(place, keyOf(place, uri))).toBeUndefined();
  for (const uri of ['log/.hidden', 'a.appended/7', 'a.appended']) expect(uriOf(place, keyOf(place, uri))).toBe(uri);
});

test('a part is named by where it begins, and names sort as offsets do', () => {
  expect(offsetOf(partKey('log', 12_345))).toBe(12_345);
  expect(partKey('log', 9) < partKey('log', 10)).toBe(true);
});

test.each([
  ['one after the other', 0, [part(0, 5), part(5, 2)], [0, 5]],
  ['in whatever order they are listed', 3, [part(8, 1), part(3, 5)], [3, 8]],
  ['not what has become part of the object', 7, [part(0, 5), part(5, 2), part(7, 1)], [7]],
  ['not what has become part of another', 0, [part(0, 9), part(5, 4), part(9, 1)], [0, 9]],
  ['nothing behind a gap', 2, [part(3, 1)], []],
  ['none', 2, [], []],
])('parts continue an object: %s', (_, bytes, parts, offsets) => {
  expect(continuing(bytes, parts).map(({ offset }) => offset)).toEqual(offsets);
});
