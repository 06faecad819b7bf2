import * as fc from 'fast-check';
import { majorityOf, stratumOf } from '../../../shared/statistics/majority.ts';
import { SCORES, type Score } from '../../../shared/scores.ts';

const lost = undefined;

test.each<[string, readonly (Score | undefined)[], ReturnType<typeof majorityOf>]>([
  ['five of eight are a majority', [1, 1, 1, 1, 1, 0, 0, 0], { kind: 'majority', score: 1 }],
  ['four of eight are a tie, and none', [1, 1, 1, 1, 0, 0, 0, 0], { kind: 'undecided', score: 0.5 }],
  ['three scores may leave none with a majority', [1, 1, 0.5, 0.5, 0, 0, 0, 0], { kind: 'undecided', score: 0.375 }],
  ['a majority is of all that were asked', [1, 1, 1, 1, 0, lost, lost, lost], { kind: 'undecided', score: 0.8 }],
  ['what could be read may be enough', [1, 1, 1, 1, 1, lost, lost, lost], { kind: 'majority', score: 1 }],
  ['half of the verdicts are too few for a mean', [1, 1, 1, 0, lost, lost, lost, lost], { kind: 'lost' }],
  ['no verdict is no score', [lost, lost], { kind: 'lost' }],
  ['nothing was asked', [], { kind: 'lost' }],
  ['one verdict of one', [0.5], { kind: 'majority', score: 0.5 }],
])('%s', (_, verdicts, expected) => {
  expect(majorityOf(verdicts)).toEqual(expected);
});

test('no value of the lost verdicts would overturn a majority', () => {
  const scores = fc.constantFrom<Score>(...SCORES);
  fc.assert(
    fc.property(fc.array(fc.option(scores, { nil: undefined }), { maxLength: 16 }), scores, (verdicts, other) => {
      const found = majorityOf(verdicts);
      if (found.kind !== 'majority') return;
      expect(majorityOf(verdicts.map((verdict) => verdict ?? other))).toEqual(found);
    }),
  );
});

test('proofs of which the verifier thinks the same are of one stratum', () => {
  expect([majorityOf([1]), majorityOf([0.5]), majorityOf([0, 1]), majorityOf([undefined])].map(stratumOf)).toEqual([
    '1',
    '0.5',
    'undecided',
    'lost',
  ]);
});
