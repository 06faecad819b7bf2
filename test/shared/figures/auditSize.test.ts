import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import { auditSizes, auditSizeText, auditWarnings } from '../../../shared/cost/auditSize.ts';

// By Wilson's formula, in another program.
test.each([
  [0.9, 35, 139, 35],
  [0.95, 73, 292, 73],
  [0.99, 381, 1522, 381],
])('audits of a label that show %d of it, or refuse it', (goal, atLeast, toShow, toRefuse) => {
  const sizes = auditSizes(goal);
  expect([sizes.atLeast, sizes.toShow.audits, sizes.toRefuse.audits]).toEqual([atLeast, toShow, toRefuse]);
});

test('a plan says how many it takes, and warns where fewer are planned', () => {
  expect(auditSizeText(0.95, 40)).toBe(
    'audits: about 40 of each label. To show that 0.95 of a label are right takes 73 where all audited are, 292 ' +
      'where 97.5 % are; to show that fewer are, 73 where 90 % are',
  );
});

test.each([
  [73, 0.1, 12, 16, []],
  [72, 0.1, 0, 16, ['about 72 audits of each label can show none to be right']],
  [0, 0, 0, 16, ['labelling.auditShare 0']],
  [73, 0.1, 9, 16, ['people score about 9 of the last steps']],
  [73, 0.1, 40, 2, ['people score about 8 of the last steps']],
])('%d audits of each label at a share of %d, %d rewarded proofs: warned of what shows nothing', (...each) => {
  const [audits, auditShare, rewardedProofs, promptsPerStep, warnings] = each;
  const generator = { ...rehearsal.stages.generator, saturationWindow: 2, groupSize: 8, promptsPerStep };
  const recipe = {
    ...rehearsal,
    audit: { minPrecision: 0.95, rewardedProofs },
    labelling: { ...rehearsal.labelling, auditShare },
    stages: { ...rehearsal.stages, generator },
  };
  expect(auditWarnings(recipe, audits)).toEqual(warnings.map((text) => expect.stringContaining(text) as string));
  expect(auditWarnings(rehearsal)).toEqual([]);
});
