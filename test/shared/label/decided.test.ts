import fc from 'fast-check';
import { domains } from '../../../domains/index.ts';
import { autoLabel, tallyOf, type AnalysisEvidence } from '../../../shared/label/autoLabel.ts';
import { CAPPED, decidingAnalyses, evidenceCounts, isCapped, labelSoFar } from '../../../shared/label/decided.ts';
import { LABELLING, policyOf, witnessesOf } from '../../../shared/label/policies.ts';
import type { AutoLabelPolicy, LabelRule } from '../../../shared/sampling/sets.ts';
import { SCORES } from '../../../shared/scores.ts';

const policy = (rule: LabelRule): AutoLabelPolicy => ({
  analysesPerProof: 6,
  metaAnalysesPerAnalysis: 3,
  minValidAnalyses: 2,
  confirmingMetaScore: 1,
  rule,
});
const score = fc.constantFrom(...SCORES);
const analysis = fc.record({ score, metaScores: fc.array(score, { minLength: 3, maxLength: 3 }) });
const evidence = fc.array(analysis, { minLength: 6, maxLength: 6 });
const rule = fc.constantFrom<LabelRule[]>('lowest', 'cumulative');

test('a label that is given before all was asked is the label of the whole, whatever the rest says', () => {
  fc.assert(
    fc.property(rule, evidence, fc.array(fc.nat(5)), (by, whole, unknown) => {
      const known = whole.map((one, index): AnalysisEvidence =>
        unknown.includes(index) ? { score: undefined, metaScores: [] } : one,
      );
      const { decision } = labelSoFar(policy(by), [2], 'p', known);
      if (!isCapped(decision)) expect(decision).toEqual(autoLabel(policy(by), whole));
    }),
  );
});

test('nothing of a proof is known before anything was asked', () => {
  expect(labelSoFar(policy('lowest'), [2], 'p', [])).toMatchObject({ decision: CAPPED, analyses: 0, metaAnalyses: 0 });
  expect(isCapped({ kind: 'unresolved', reason: 'verdicts are missing' })).toBe(false);
  expect(isCapped({ kind: 'labelled', score: 0 })).toBe(false);
});

test('what a decision rests on speaks for it: confirmed reports of the label, refuted ones of a 1', () => {
  fc.assert(
    fc.property(rule, evidence, fc.integer({ min: 1, max: 6 }), (by, whole, most) => {
      const decision = autoLabel(policy(by), whole);
      const chosen = decidingAnalyses(policy(by), decision, whole, most);
      expect(chosen.length).toBeLessThanOrEqual(most);
      expect(new Set(chosen).size).toBe(chosen.length);
      const confirmed = (index: number): boolean =>
        (whole[index]?.score ?? 1) < 1 && (whole[index]?.metaScores.filter((one) => one >= 1).length ?? 0) >= 2;
      for (const index of chosen) {
        const said = whole[index]?.score;
        if (decision.kind === 'labelled' && decision.score === 0) expect([said, confirmed(index)]).toEqual([0, true]);
        if (decision.kind === 'labelled' && decision.score === 0.5) expect(confirmed(index)).toBe(true);
        if (decision.kind === 'labelled' && decision.score === 1) expect(confirmed(index)).toBe(false);
      }
      if (decision.kind === 'labelled' && decision.score < 1)
        expect(chosen.length).toBeGreaterThanOrEqual(Math.min(2, most));
      if (decision.kind === 'contested') expect(confirmed(chosen[0] ?? -1)).toBe(true);
    }),
  );
});

test('of many reports that were refuted, one place is for an analysis that finds nothing', () => {
  const refuted = { score: 0, metaScores: [0, 0, 0] } as const;
  const friendly = { score: 1, metaScores: [] } as const;
  const one = { kind: 'labelled', score: 1 } as const;
  expect(decidingAnalyses(policy('lowest'), one, [refuted, refuted, refuted, friendly, friendly], 3)).toEqual([
    0, 1, 3,
  ]);
  expect(decidingAnalyses(policy('lowest'), one, [friendly, friendly, friendly], 2)).toEqual([0, 1]);
});

test('counts add up to what was asked, within n and m', () => {
  fc.assert(
    fc.property(evidence, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 4 }), (whole, n, m) => {
      const by = { ...policy('lowest'), analysesPerProof: n, metaAnalysesPerAnalysis: m };
      const { asked, said, confirmed, metaAnalyses } = evidenceCounts(by, whole);
      expect(asked).toBe(Math.min(n, 6));
      expect(said['0'] + said['0.5'] + said['1'] + said.missing).toBe(asked);
      expect(metaAnalyses).toBe(asked * Math.min(m, 3));
      const within = whole.slice(0, n).map((one) => ({ ...one, metaScores: one.metaScores.slice(0, m) }));
      expect(confirmed['0']).toBe(tallyOf(by, within).levels.zero.valid);
    }),
  );
});

test('k as a share of n is rounded up, and a share that is whole stays whole', () => {
  expect([witnessesOf(1 / 8, 64), witnessesOf(1 / 3, 9), witnessesOf(0.1, 30), witnessesOf(0.1, 31)]).toEqual([
    8, 3, 3, 4,
  ]);
  expect([witnessesOf(1 / 100, 4), witnessesOf(3, 4)]).toEqual([1, 3]);
});

test('a labelling by name is that of the preset of this name', () => {
  for (const [name, labelling] of Object.entries(LABELLING)) {
    const asked = domains.presets[name]?.labelling;
    expect(asked).toMatchObject(labelling);
    expect(policyOf(labelling).minValidAnalyses).toBe(
      witnessesOf(asked?.minValidAnalyses ?? 0, labelling.analysesPerProof),
    );
  }
});
