import { labelWarnings } from '../../../activities/laps/refusals.ts';
import { domains } from '../../../domains/index.ts';
import { paper } from '../../../domains/proofs/presets.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';

test.each(Object.entries(domains.presets))('the preset %s is not warned of its own labels', (_, recipe) => {
  expect(labelWarnings(recipe)).toEqual([]);
});

test('a recipe without a goal of its own is held to 0.95, and the label that misses it is named', () => {
  const { minPrecision: _, ...labelling } = rehearsal.labelling;
  const [warning, ...others] = labelWarnings({ ...rehearsal, labelling });
  expect(warning).toMatch(/minPrecision 0\.95: label 1 is right in 0\.9\d\d of \d,\d{3} \(/);
  expect(others).toEqual([]);
});

test('a fixed small k at many analyses is warned of, and without meta-verification other labels are', () => {
  const few = { ...paper, labelling: { ...paper.labelling, minValidAnalyses: 4 } };
  expect(labelWarnings(few)).toEqual([expect.stringContaining('label 0 is right in 0.8')]);
  expect(labelWarnings({ ...paper, metaVerification: false })).toEqual([expect.stringContaining('m = 0')]);
});
