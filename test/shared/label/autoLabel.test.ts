import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  autoLabel,
  CONTESTED,
  UNRESOLVED,
  validityOf,
  votesToAsk,
  type AnalysisEvidence,
  type MaybeScore,
} from '../../../shared/label/autoLabel.ts';
import {
  LABEL_RULES,
  type AutoLabelPolicy,
  type LabelDecision,
  type LabelRule,
} from '../../../shared/sampling/sets.ts';
import type { Score } from '../../../shared/scores.ts';

const policy = (
  n: number,
  m: number,
  k: number,
  confirmingMetaScore: 0.5 | 1 = 1,
  rule: LabelRule = 'lowest',
): AutoLabelPolicy => ({
  analysesPerProof: n,
  metaAnalysesPerAnalysis: m,
  minValidAnalyses: k,
  confirmingMetaScore,
  rule,
});
const cumulative = (n: number, m: number, k: number) => policy(n, m, k, 1, 'cumulative');
const says = (score: Score | undefined, ...metaScores: (Score | undefined)[]): AnalysisEvidence => ({
  score,
  metaScores,
});
const label = (score: Score): LabelDecision => ({ kind: 'labelled', score });

test.each([
  ['no issue in any analysis: 1', policy(2, 2, 1), [says(1), says(1)], label(1)],
  ['k valid zeros: 0', policy(3, 2, 2), [says(0, 1, 1), says(0, 1, 1), says(1)], label(0)],
  ['one zero fewer than k is contested', policy(3, 2, 2), [says(0, 1, 1), says(0, 1, 0), says(1)], CONTESTED],
  ['a tie among meta-analyses is not a majority', policy(1, 2, 1), [says(0, 1, 0)], label(1)],
  ['a meta score of 0.5 does not confirm', policy(1, 1, 1), [says(0, 0.5)], label(1)],
  ['a meta score of 0.5 confirms where the recipe says so', policy(1, 1, 1, 0.5), [says(0, 0.5)], label(0)],
  ['k valid halves, none lower: 0.5', policy(2, 1, 2), [says(0.5, 1), says(0.5, 1)], label(0.5)],
  [
    'a higher score confirmed, the lowest not: contested, never 1',
    policy(2, 1, 1),
    [says(0, 0), says(0.5, 1)],
    CONTESTED,
  ],
  ['every issue refuted: 1', policy(2, 1, 1), [says(0, 0), says(0.5, 0)], label(1)],
  [
    'k valid zeros decide, whatever else is missing',
    policy(4, 1, 2),
    [says(0, 1), says(0, 1), says(undefined), says(0, undefined)],
    label(0),
  ],
  ['a missing analysis is never taken for a good one', policy(2, 1, 1), [says(1), says(undefined)], UNRESOLVED],
  ['a missing meta-analysis that could change the label', policy(1, 3, 1), [says(0, 1, 0, undefined)], UNRESOLVED],
  ['a missing meta-analysis that cannot', policy(1, 3, 1), [says(0, 1, 1, undefined)], label(0)],
  ['a majority is of m, not of the survivors', policy(1, 4, 1), [says(0, 1, 1, undefined, undefined)], UNRESOLVED],
  ['without meta-analyses every reported issue counts', policy(2, 0, 1), [says(0.5), says(1)], label(0.5)],
  [
    'without meta-analyses one zero fewer than k is contested',
    policy(3, 0, 2),
    [says(0), says(0.5), says(0.5)],
    CONTESTED,
  ],
  [
    'cumulative: a lone zero among k witnesses of a flaw is a 0.5',
    cumulative(4, 1, 3),
    [says(0, 1), says(0.5, 1), says(0.5, 1), says(1)],
    label(0.5),
  ],
  [
    'cumulative: k valid zeros are a 0, whatever halves say',
    cumulative(4, 1, 2),
    [says(0, 1), says(0, 1), says(0.5, 1), says(0.5, 1)],
    label(0),
  ],
  [
    'cumulative: fewer witnesses than k are contested',
    cumulative(3, 1, 3),
    [says(0, 1), says(0.5, 1), says(1)],
    CONTESTED,
  ],
  ['cumulative: no valid witness is a 1', cumulative(2, 1, 1), [says(0, 0), says(0.5, 0)], label(1)],
  [
    'cumulative: a missing analysis that could be the k-th zero',
    cumulative(4, 1, 2),
    [says(0, 1), says(0.5, 1), says(0.5, 1), says(undefined)],
    UNRESOLVED,
  ],
  [
    'one lucky verdict does not solve a problem',
    policy(4, 1, 1),
    [says(1), says(undefined), says(undefined), says(undefined)],
    UNRESOLVED,
  ],
] as const)('%s', (_, rule, analyses, expected) => {
  expect(autoLabel(rule, analyses)).toEqual(expected);
});

/** The rule by its words, for complete outcomes. */
function ruleInWords(
  { minValidAnalyses, confirmingMetaScore, metaAnalysesPerAnalysis, rule }: AutoLabelPolicy,
  analyses: readonly { score: Score; metaScores: readonly Score[] }[],
): LabelDecision {
  const isValid = ({ metaScores }: { metaScores: readonly Score[] }) =>
    metaScores.filter((score) => score >= confirmingMetaScore).length > metaAnalysesPerAnalysis / 2 ||
    metaAnalysesPerAnalysis === 0;
  const lowest = Math.min(...analyses.map(({ score }) => score)) as Score;
  const withIssues = analyses.filter(({ score }) => score < 1);
  if (rule === 'cumulative') {
    const witnesses = (most: Score) => withIssues.filter((one) => one.score <= most && isValid(one)).length;
    if (witnesses(0) >= minValidAnalyses) return label(0);
    if (witnesses(0.5) >= minValidAnalyses) return label(0.5);
    return withIssues.some(isValid) ? CONTESTED : label(1);
  }
  if (withIssues.filter((analysis) => analysis.score === lowest && isValid(analysis)).length >= minValidAnalyses)
    return label(lowest);
  return withIssues.some(isValid) ? CONTESTED : label(1);
}

/** All completions of what is missing; an analysis without a score may be of any. */
function* completions(
  m: number,
  analyses: readonly AnalysisEvidence[],
): Generator<{ score: Score; metaScores: readonly Score[] }[]> {
  const [first, ...rest] = analyses;
  if (first === undefined) {
    yield [];
    return;
  }
  const metas = function* (known: readonly (Score | undefined)[], at = 0): Generator<Score[]> {
    if (at === m) {
      yield [];
      return;
    }
    const value = known[at];
    for (const score of value === undefined ? ([0, 1] as const) : [value])
      for (const others of metas(known, at + 1)) yield [score, ...others];
  };
  for (const score of first.score === undefined ? ([0, 0.5, 1] as const) : [first.score]) {
    for (const metaScores of score === 1 ? [[]] : metas(first.score === undefined ? [] : first.metaScores)) {
      for (const others of completions(m, rest)) yield [{ score, metaScores }, ...others];
    }
  }
}

test('the label is what every completion of the missing verdicts gives, and unresolved where they differ', () => {
  const score = fc.option(fc.constantFrom<Score>(0, 0.5, 1), { nil: undefined, freq: 4 });
  const proofs = fc
    .record({
      n: fc.integer({ min: 1, max: 3 }),
      m: fc.integer({ min: 0, max: 3 }),
      k: fc.integer({ min: 1, max: 3 }),
      confirming: fc.constantFrom<0.5 | 1>(0.5, 1),
      rule: fc.constantFrom(...LABEL_RULES),
    })
    .chain(({ n, m, k, confirming, rule }) =>
      fc.tuple(
        fc.constant(policy(n, m, k, confirming, rule)),
        fc.array(fc.record({ score, metaScores: fc.array(score, { minLength: m, maxLength: m }) }), {
          minLength: n,
          maxLength: n,
        }),
      ),
    );
  fc.assert(
    fc.property(proofs, ([rule, analyses]) => {
      const labels = new Set<string>();
      for (const completion of completions(rule.metaAnalysesPerAnalysis, analyses))
        labels.add(JSON.stringify(ruleInWords(rule, completion)));
      const expected = labels.size === 1 ? (JSON.parse([...labels][0] as string) as LabelDecision) : UNRESOLVED;
      // The metas of an analysis without a score say nothing.
      expect(
        autoLabel(
          rule,
          analyses.map((analysis) => (analysis.score === undefined ? { ...analysis, metaScores: [] } : analysis)),
        ),
      ).toEqual(expected);
    }),
    { numRuns: 2_000 },
  );
});

interface Counts extends Record<LabelRule, Score | 'contested'> {
  readonly n: number;
  readonly k: number;
  readonly validZeros: number;
  readonly invalidZeros: number;
  readonly validHalves: number;
  readonly invalidHalves: number;
  readonly ones: number;
}
const counted = JSON.parse(readFileSync('test/shared/label/labels.json', 'utf8')) as Counts[];

test.each(counted)(
  'n = $n, k = $k: $validZeros valid zeros, $validHalves valid halves are $lowest by the lowest, $cumulative by ours',
  ({ n, k, validZeros, invalidZeros, validHalves, invalidHalves, ones, ...expected }) => {
    const times = (count: number, said: AnalysisEvidence) => Array.from({ length: count }, () => said);
    const analyses = [
      ...times(validZeros, says(0, 1)),
      ...times(invalidZeros, says(0, 0)),
      ...times(validHalves, says(0.5, 1)),
      ...times(invalidHalves, says(0.5, 0)),
      ...times(ones, says(1)),
    ];
    for (const rule of LABEL_RULES)
      expect(autoLabel(policy(n, 1, k, 1, rule), analyses)).toEqual(
        expected[rule] === 'contested' ? CONTESTED : label(expected[rule]),
      );
  },
);

test('a majority that is asked for only until it is decided is the one of all votes, lost ones among them', () => {
  const votes = fc.array(fc.option(fc.constantFrom<Score>(0, 0.5, 1), { nil: undefined, freq: 6 }), {
    minLength: 16,
    maxLength: 16,
  });
  fc.assert(
    fc.property(votes, fc.integer({ min: 1, max: 16 }), fc.constantFrom<0.5 | 1>(0.5, 1), (all, m, confirming) => {
      const rule = policy(1, m, 1, confirming);
      const asked: MaybeScore[] = [];
      for (let more = votesToAsk(rule, asked); more > 0; more = votesToAsk(rule, asked))
        asked.push(...all.slice(asked.length, asked.length + more));
      expect(asked.length).toBeLessThanOrEqual(m);
      expect(validityOf(rule, asked) === 'valid').toBe(validityOf(rule, all.slice(0, m)) === 'valid');
    }),
    { numRuns: 2_000 },
  );
});

test('of 16 votes that all confirm 9 are asked for, and of none any', () => {
  expect(votesToAsk(policy(1, 16, 1), [])).toBe(8);
  expect(votesToAsk(policy(1, 16, 1), Array<Score>(8).fill(1))).toBe(1);
  expect(votesToAsk(policy(1, 16, 1), Array<Score>(9).fill(1))).toBe(0);
  expect(votesToAsk(policy(1, 0, 1), [])).toBe(0);
});

test('an analysis is valid by a majority, and known to be invalid when one is out of reach', () => {
  const rule = policy(1, 5, 1);
  expect(validityOf(rule, [1, 1, 1])).toBe('valid');
  expect(validityOf(rule, [1, 1, 0, 0])).toBe('open');
  expect(validityOf(rule, [0, 0.5, 0])).toBe('invalid');
  expect(validityOf(rule, [0, 0, undefined, undefined, 1])).toBe('open');
});
