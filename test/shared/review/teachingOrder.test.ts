import fc from 'fast-check';
import { teachingOrder } from '../../../shared/review/teachingOrder.ts';

describe('the order in which questions teach', () => {
  type Item = { readonly score: string; readonly topic: string; readonly weight: number };
  const order = (all: readonly Item[]) =>
    teachingOrder(all, [({ score }) => score, ({ topic }) => topic], ({ weight }) => weight);
  const some = fc.array(
    fc.record({
      score: fc.constantFrom('0', '0.5', '1'),
      topic: fc.constantFrom('algebra', 'geometry'),
      weight: fc.constantFrom(0, 1, 2),
    }),
    { maxLength: 40 },
  );

  it('loses nothing, and whatever part comes first is even over scores', () => {
    fc.assert(
      fc.property(some, fc.nat(40), (all, first) => {
        const ordered = order(all);
        expect(ordered).toHaveLength(all.length);
        expect(new Set(ordered)).toEqual(new Set(all));
        const [done, left] = [ordered.slice(0, first), ordered.slice(first)];
        const count = (items: readonly Item[], name: string) => items.filter(({ score }) => score === name).length;
        const most = Math.max(0, ...['0', '0.5', '1'].map((name) => count(done, name)));
        for (const name of ['0', '0.5', '1'])
          if (count(left, name) > 0) expect(most - count(done, name)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('puts what analyses disagree about first among equals, and keeps the order of the rest', () => {
    const of = (weight: number, topic = 'algebra') => ({ score: '1', topic, weight });
    const [easy, other, hard] = [of(0), of(0), of(2)];
    expect(order([easy, other, hard])).toEqual([hard, easy, other]);
    expect(order([easy, of(1, 'geometry'), other])).toEqual([of(1, 'geometry'), easy, other]);
  });
});
