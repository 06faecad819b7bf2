import type { DecidedProof } from '../../../activities/products/label/decide.ts';
import { labelPage } from '../../../reports/products/labelPage.ts';
import { LABELLING, policyOf } from '../../../shared/label/policies.ts';
import type { LabelReport } from '../../../shared/products/labels.ts';

const REPORT: LabelReport = {
  name: 'mine',
  proofs: 4,
  problems: 2,
  input: { uri: 'imports/candidates/0.jsonl', sha256: '0'.repeat(64) },
  policy: policyOf(LABELLING.team),
  waves: LABELLING.team.waves,
  verifier: 'judge@1',
  metaVerifier: 'judge@1',
  prompts: { name: 'paper', sha256: '0'.repeat(64) },
  seed: 1,
  labels: { '0': 1, '0.5': 0, '1': 2, none: 1 },
  labelledBy: { auto: 3, expert: 0, program: 0, nobody: 1 },
  decisions: { auto: 3, contested: 1, unresolved: 0, capped: 0 },
  topics: [],
  people: { asked: 0, scored: 0, flagged: 0, open: 0, expired: 0 },
  losses: '',
  calls: { analyses: 50, metaAnalyses: 40, most: 576 },
  spent: { calls: 90, usage: { promptTokens: 900, completionTokens: 100 }, cost: null },
  warnings: [],
};

const proof = (more: Partial<DecidedProof> = {}): DecidedProof => ({
  id: 'a',
  problem: { id: 'p', statement: 'Show that $x^2 \\ge 0$.', topic: 'algebra', source: 'made up' },
  proof: 'Squares are not negative: \\[ x^2 \\ge 0 \\]',
  model: 'unknown',
  decision: { kind: 'contested', reason: 'an issue is confirmed' },
  hardToVerify: true,
  counts: {
    asked: 16,
    said: { '0': 2, '0.5': 1, '1': 12, missing: 1 },
    confirmed: { '0': 1, '0.5': 0 },
    metaAnalyses: 9,
  },
  calls: 25,
  evidence: [{ analysis: 3, score: 0, assessed: 6, confirmed: 5, isValid: true, text: 'The case $x=0$ is left out.' }],
  ...more,
});

test('a page says the labels, why a proof has none, and what was said of it; its mathematics is set', () => {
  const page = labelPage({ report: REPORT, contested: [proof()], labelled: [] });
  expect(page).toContain('a (algebra): an issue is confirmed');
  expect(page).toContain('Analyses: 2 × 0, 1 × 0.5, 12 × 1, 1 missing; confirmed: 1 × 0, 0 × 0.5.');
  expect(page).toContain('An analysis that says 0, confirmed by 5 of 6');
  expect(page).toContain('class="katex"');
  expect(page).toMatch(/50 analyses and 40 meta-analyses, 16 %\s+of the most that n and m allow/);
});

test('what texts say is text: nothing runs, and nothing is loaded', () => {
  const hostile =
    '<script>alert(1)</script><img src="http://example.org/x"> [a](javascript:alert(1)) \\href{javascript:x}{y}';
  const of = proof({
    id: 'a"><b>',
    proof: hostile,
    decision: { kind: 'contested', reason: '<i>why</i>' },
    evidence: [{ analysis: 0, score: 0.5, assessed: 0, confirmed: 0, isValid: false, text: hostile }],
  });
  const page = labelPage({ report: { ...REPORT, warnings: ['<u>w</u>'] }, contested: [of], labelled: [of] });
  expect(page).not.toMatch(/<script|<img|<b>|<i>why|<u>w|href=/);
  expect(page).toContain("default-src 'none'");
});

test('people, caps and another’s verdicts have their place', () => {
  const page = labelPage({
    report: {
      ...REPORT,
      metaVerifier: null,
      relabelled: 'label/other',
      people: { asked: 3, scored: 1, flagged: 1, open: 1, expired: 0 },
      decisions: { ...REPORT.decisions, unresolved: 2, capped: 2 },
      losses: 'verify 2 % of 50',
    },
    contested: [proof({ decision: { kind: 'unresolved', reason: 'caps reached' } })],
    labelled: [proof({ decision: { kind: 'labelled', score: 1 } })],
  });
  expect(page).toContain('problem found faulty');
  expect(page).toContain('The caps were reached: 2 proofs have no label for that.');
  expect(page).toContain('Decided again from the verdicts of label/other, without a call.');
  expect(page).toContain('no meta-verification');
  expect(page).toContain('Lost at the first attempt: verify 2 % of 50.');
  expect(page).toContain('a (algebra): label 1');
});
