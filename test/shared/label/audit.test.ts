import { auditText, auditVerdict, isHeldBack, waitsFor, type LabelAudit } from '../../../shared/label/audit.ts';

test.each([
  ['nobody scored one', null, 'notAudited'],
  ['9 of 20', { low: 0.26, high: 0.66 }, 'below'],
  ['57 of 60: astride', { low: 0.863, high: 0.983 }, 'notYetShown'],
  ['72 of 72: one too few', { low: 0.9493, high: 1 }, 'notYetShown'],
  ['73 of 73', { low: 0.95001, high: 1 }, 'shown'],
  ['exactly what is asked for', { low: 0.95, high: 0.99 }, 'shown'],
  ['its upper end is what is asked for', { low: 0.8, high: 0.95 }, 'notYetShown'],
] as const)('by both ends of the interval, at a goal of 0.95: %s', (_, interval, verdict) => {
  expect(auditVerdict(interval, 0.95)).toBe(verdict);
});

const audit = (over: Partial<LabelAudit> = {}): LabelAudit => ({
  score: 0,
  labels: 40,
  by: 'people',
  precision: { value: 0.45, low: 0.26, high: 0.66, n: 20 },
  goal: 0.95,
  verdict: 'below',
  ...over,
});
const said = (use: boolean) => ({ said: { uri: 'laps/main/lap-0001/words/a.json', sha256: 'a', use } });

test.each([
  ['wrong for certain', audit(), true],
  ['wrong for certain, but a lead uses it', audit(said(true)), false],
  ['wrong for certain, and a lead holds it', audit(said(false)), true],
  ['wrong for certain, and all of them audited: people’s scores are used', audit({ labels: 20 }), false],
  ['not yet shown', audit({ verdict: 'notYetShown' }), false],
  ['not audited', audit({ verdict: 'notAudited', precision: null }), false],
])('a label is held back or not: %s', (_, label, held) => {
  expect(isHeldBack(label)).toBe(held);
});

test('a label is told with its numbers, what follows from them, and the command that changes it', () => {
  expect(auditText(audit(), 'main/lap-0001')).toBe(
    'label 0: people gave 0.45 (0.26–0.66) of 20 audited proofs the same score, less than the 0.95 asked for, for ' +
      'certain; held back until a lead says otherwise: `flywheel labels release main/lap-0001 --score 0 --by YOU`',
  );
  expect(auditText(audit({ verdict: 'notYetShown' }), 'main/lap-0001')).toContain('not yet shown to be right in 0.95');
  expect(auditText(audit(said(true)), 'main/lap-0001')).toContain('used, as a lead said');
  expect(auditText(audit({ precision: null, verdict: 'notAudited' }), 'main/lap-0001')).toContain('none of 40');
  expect(waitsFor(audit(), 'main/lap-0001')).toContain('`flywheel labels hold main/lap-0001 --score 0 --by YOU`');
});
