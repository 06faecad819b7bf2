import fc from 'fast-check';
import { leaves, resultsWanted, staysOpen, type PartStanding } from '../../../shared/review/pace.ts';

const set = (rows: number, more: { batch?: number; enough?: number } = {}) => ({
  subject: { uri: 'datasets/s.jsonl', sha256: '0'.repeat(64), rows },
  ...more,
});
const part = (from: number, todo: number, closed = 0): PartStanding => ({ from, todo, closed, results: closed });

test.each([
  ['all are asked at once where nobody says a batch', [part(0, 5), part(5, 5)], {}, [5, 5]],
  ['a batch is filled from the first rows', [part(0, 5), part(5, 5)], { batch: 3 }, [3, 0]],
  [
    'what closes makes room for the next, in whatever part it was',
    [part(0, 5, 5), part(5, 5, 1)],
    { batch: 3 },
    [5, 4],
  ],
  ['a batch goes over the end of a part', [part(0, 5, 3), part(5, 5)], { batch: 3 }, [5, 1]],
])('%s', (_, parts, more, asked) => {
  expect(leaves(parts, set(10, more)).map(({ mayAsk }) => mayAsk)).toEqual(asked);
});

test('never are more open than a batch, and a part that may ask may always', () => {
  const parts = fc.array(fc.record({ todo: fc.nat(20), share: fc.double({ min: 0, max: 1, noNaN: true }) }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(parts, fc.integer({ min: 1, max: 30 }), (given, batch) => {
      const rows = given.reduce((sum, { todo }) => sum + todo, 0);
      const none = given.map(({ todo }, from) => part(from, todo));
      const first = leaves(none, set(rows, { batch }));
      const later = none.map((one, index) => {
        const closed = Math.floor((given[index]?.share ?? 0) * (first[index]?.mayAsk ?? 0));
        return { ...one, closed, results: closed };
      });
      const next = leaves(later, set(rows, { batch }));
      const open = next.reduce((sum, { mayAsk }, index) => sum + mayAsk - (later[index]?.closed ?? 0), 0);
      expect(open).toBeLessThanOrEqual(batch);
      for (const [index, { mayAsk }] of next.entries())
        expect(mayAsk).toBeGreaterThanOrEqual(first[index]?.mayAsk ?? 0);
    }),
  );
});

test('a share of the rows that is whole stays whole, any other is rounded up', () => {
  expect(resultsWanted(10, 0.7)).toBe(7);
  expect(resultsWanted(10, 0.71)).toBe(8);
  expect(resultsWanted(3)).toBe(3);
  expect(leaves([part(0, 7, 6)], set(10, { enough: 0.7 }))[0]?.enough).toBe(false);
  expect(leaves([part(0, 7, 7)], set(10, { enough: 0.7 }))[0]?.enough).toBe(true);
});

test('results of an earlier attempt count as enough, and take no place', () => {
  const [leave] = leaves([{ from: 0, todo: 4, closed: 0, results: 6 }], set(10, { batch: 2, enough: 0.6 }));
  expect(leave).toEqual({ mayAsk: 2, enough: true });
});

test('questions to people stay open where the policy carries them, or where the set goes on before all is said', () => {
  const asked = { experts: 'people', onDeadline: 'discard' } as const;
  expect(staysOpen(asked)).toBe(false);
  expect(staysOpen({ ...asked, enough: 1 })).toBe(false);
  expect(staysOpen({ ...asked, enough: 0.5 })).toBe(true);
  expect(staysOpen({ ...asked, onDeadline: 'carry' })).toBe(true);
  expect(staysOpen({ ...asked, onDeadline: 'carry', experts: 'program' })).toBe(false);
});
