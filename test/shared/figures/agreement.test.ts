import * as fc from 'fast-check';
import {
  effectiveVotes,
  errorCorrelation,
  pairAgreement,
  shareOfVotes,
  voteCorrelation,
} from '../../../shared/statistics/agreement.ts';
import { randomFrom } from '../../../shared/seeds.ts';

describe('votes of one model', () => {
  test('are worth n / (1 + (n − 1)ρ): 64 at ρ = 0.1 are worth 8.8', () => {
    expect(effectiveVotes(64, 0.1)).toBeCloseTo(8.767, 3);
    expect(effectiveVotes(64, 0)).toBe(64);
    expect(effectiveVotes(64, 1)).toBe(1);
    expect(effectiveVotes(64, -0.5)).toBe(64);
    expect(effectiveVotes(0, 0.5)).toBe(0);
  });

  test('are never worth more than their number, nor less than one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1024 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (votes, correlation) => {
          const worth = effectiveVotes(votes, correlation);
          return worth <= votes + 1e-9 && worth >= 1 - 1e-9;
        },
      ),
    );
  });

  test('that always agree on a subject are fully correlated, and those that split alike are not', () => {
    expect(
      voteCorrelation([
        [1, 1],
        [0, 0],
        [0.5, 0.5],
      ]),
    ).toBeCloseTo(1);
    expect(
      voteCorrelation([
        [1, 0],
        [1, 0],
      ]),
    ).toBeLessThanOrEqual(0);
  });

  test(
    'have a correlation that is found again where it was put in (20,000 subjects, error shared with probability ' +
      '0.3)',
    () => {
      const random = randomFrom(7);
      const draw = () => (random() < 0.4 ? 1 : 0);
      // Two votes are the subject's common draw with probability 0.3 and independent draws otherwise: ρ = 0.3 by
      // construction.
      const subjects = Array.from({ length: 20_000 }, () => {
        const common = draw();
        const shared = random() < 0.3;
        return { truth: 0, votes: Array.from({ length: 8 }, () => (shared ? common : draw())) };
      });
      expect(errorCorrelation(subjects)).toBeCloseTo(0.3, 1);
    },
  );

  test(
    "agree because proofs differ, and still err independently: the errors' correlation is the one that " + 'counts',
    () => {
      const random = randomFrom(11);
      const subjects = Array.from({ length: 2_000 }, (_, index) => {
        const truth = index % 2;
        return { truth, votes: Array.from({ length: 8 }, () => (random() < 0.9 ? truth : 1 - truth)) };
      });
      expect(voteCorrelation(subjects.map(({ votes }) => votes))).toBeGreaterThan(0.6);
      expect(errorCorrelation(subjects)).toBeLessThan(0.15);
    },
  );

  test('without a second vote or a second subject have no correlation to speak of', () => {
    expect(voteCorrelation([])).toBeUndefined();
    expect(voteCorrelation([[1, 0]])).toBeUndefined();
    expect(voteCorrelation([[1], [0]])).toBeUndefined();
    expect(
      voteCorrelation([
        [1, 1],
        [1, 1],
      ]),
    ).toBeUndefined();
  });

  test('widen the interval of a share by their correlation', () => {
    const subjects = Array.from({ length: 50 }, (_, index) => Array.from({ length: 8 }, () => index % 4 !== 0));
    const naive = shareOfVotes(subjects, 0);
    const correlated = shareOfVotes(subjects, 1);
    expect(naive).toMatchObject({ value: 0.74, n: 400 });
    expect((correlated?.high ?? 0) - (correlated?.low ?? 0)).toBeGreaterThan(
      2 * ((naive?.high ?? 0) - (naive?.low ?? 0)),
    );
    expect(shareOfVotes([], 0)).toBeUndefined();
  });
});

describe('raters', () => {
  test('agree in the share of equal pairs', () => {
    expect(
      pairAgreement([
        [1, 1],
        [0, 1],
      ]),
    ).toBe(0.5);
    expect(pairAgreement([[1, 1, 0]])).toBeCloseTo(1 / 3);
    expect(pairAgreement([[1], []])).toBeUndefined();
  });
});
