import * as fc from 'fast-check';
import { autoLabel } from '../../../shared/label/autoLabel.ts';
import { labelGrid } from '../../../shared/products/evaluationGrid.ts';
import { SCORES } from '../../../shared/scores.ts';

const POLICY = {
  analysesPerProof: 8,
  metaAnalysesPerAnalysis: 4,
  minValidAnalyses: 2,
  confirmingMetaScore: 1,
} as const;

const verdict = fc.constantFrom(...SCORES, undefined);
const analysis = fc.record({ score: verdict, metaScores: fc.array(verdict, { minLength: 4, maxLength: 4 }) });
const proofs = fc.array(
  fc.record({
    problem: fc.constantFrom('p', 'q', 'r'),
    truth: fc.constantFrom(...SCORES),
    evidence: fc.array(analysis, { minLength: 8, maxLength: 8 }),
  }),
  { minLength: 1, maxLength: 8 },
);

test('each row of the grid is what the rule gives by the first n analyses and m meta-analyses of each', () => {
  fc.assert(
    fc.property(proofs, (set) => {
      for (const { rule, n, m, k, precision, contested, unresolved } of labelGrid(set, POLICY, { isBinary: false })) {
        const policy = { ...POLICY, rule, analysesPerProof: n, metaAnalysesPerAnalysis: m, minValidAnalyses: k };
        const decisions = set.map(({ evidence, truth }) => ({ truth, decision: autoLabel(policy, evidence) }));
        const labelled = decisions.flatMap(({ truth, decision }) =>
          decision.kind === 'labelled' ? [decision.score === truth] : [],
        );
        const share = (kind: string) => decisions.filter(({ decision }) => decision.kind === kind).length / set.length;
        expect(precision?.n ?? 0).toBe(labelled.length);
        expect(precision?.value ?? 0).toBeCloseTo(labelled.filter(Boolean).length / Math.max(1, labelled.length));
        expect(contested?.value).toBeCloseTo(share('contested'));
        expect(unresolved?.value).toBeCloseTo(share('unresolved'));
      }
    }),
    { numRuns: 20 },
  );
});

test('the grid has both rules, n and m with their halves, and no k that n cannot have', () => {
  const rows = labelGrid([], POLICY, { isBinary: false });
  const [, ...distinct] = ['', ...new Set(rows.map(({ n, m }) => `${n}×${m}`))];
  expect(distinct).toEqual(['8×4', '8×2', '4×4', '4×2']);
  expect(new Set(rows.filter(({ n }) => n === 4).map(({ k }) => k))).toEqual(new Set([1, 2]));
  expect(new Set(rows.map(({ rule }) => rule))).toEqual(new Set(['lowest', 'cumulative']));
  expect(rows.every(({ precision, contested }) => precision === null && contested === null)).toBe(true);
});

test('a label of 0.5 is right of a wrong proof where the truth is binary', () => {
  const half = { score: 0.5, metaScores: [1, 1, 1, 1] } as const;
  const set = [{ problem: 'p', truth: 0, evidence: Array.from({ length: 8 }, () => half) }] as const;
  const best = (isBinary: boolean) => labelGrid(set, POLICY, { isBinary })[0]?.precision?.value;
  expect([best(false), best(true)]).toEqual([0, 1]);
});
