import { hardnessOf } from '../../../shared/label/waves.ts';

test.each([
  ['disagreeing', [1, 0.5], 2],
  ['disagreeing beside a missing one', [0, undefined, 1], 2],
  ['of an issue', [0.5, 0.5], 1],
  ['of an issue beside a missing one', [undefined, 0], 1],
  ['of no issue', [1, 1], 0],
  ['of no issue beside a missing one', [1, undefined], 0],
  ['all missing', [undefined, undefined], 1],
] as const)(
  'a proof whose first verdicts are %s has hardness as they say: unknown is not easy',
  (_, scores, hardness) => {
    expect(hardnessOf(scores)).toBe(hardness);
  },
);
