import { auditSizes, auditSizeText, auditSizeWarning } from '../../../shared/figures/auditSize.ts';

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
  expect(auditSizeWarning(0.95, 73, 0.1)).toBeUndefined();
  expect(auditSizeWarning(0.95, 72, 0.1)).toContain('about 72 audits of each label can show none to be right');
  expect(auditSizeWarning(0.95, 0, 0)).toContain('labelling.auditShare 0');
});
