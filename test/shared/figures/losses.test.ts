import * as fc from 'fast-check';
import {
  countedIn,
  lossShare,
  meanVerdict,
  NO_VERDICTS,
  NO_VERDICTS_BY_TASK,
  tooManyLost,
  type VerdictCounts,
} from '../../../shared/figures/losses.ts';
import { labelBounds } from '../../../shared/figures/labelBounds.ts';
import type { Outcome } from '../../../shared/outcomes.ts';
import type { AutoLabelPolicy } from '../../../shared/sampling/sets.ts';
import cases from '../selection.json' with { type: 'json' };

const outcome = (more: Partial<Outcome>): Outcome => ({
  key: 'k',
  row: 'r',
  sample: 0,
  kind: 'answered',
  task: 'verify',
  model: 'm',
  seed: 1,
  latencyMs: 5,
  requests: 1,
  ...more,
});
const counted = (...outcomes: Partial<Outcome>[]) => outcomes.map(outcome).reduce(countedIn, NO_VERDICTS_BY_TASK);

test('the first attempt at each verdict counts, by task and by how it was lost; an outage says nothing', () => {
  const { verify, metaVerify } = counted(
    { score: 0.5 },
    { kind: 'truncated' },
    { score: 1, attempt: 1 },
    { kind: 'unparseable', task: 'metaVerify' },
    { kind: 'failed', status: 400, cause: 'overflow' },
    { kind: 'failed', status: 413 }, // of a ledger that says no cause
    { kind: 'failed', status: 400, cause: 'wrong model' },
    { kind: 'failed', status: 503 },
    { kind: 'failed', cause: 'cut' },
    { task: 'prove', kind: 'truncated' },
  );
  expect(verify).toEqual({ asked: 4, unparseable: 0, truncated: 1, refused: 2, scores: 0.5 });
  expect(metaVerify).toEqual({ ...NO_VERDICTS, asked: 1, unparseable: 1 });
  expect(lossShare(verify)).toBeCloseTo(3 / 4);
});

describe('a mean of verdicts', () => {
  test('is bounded by every lost verdict being 0, and every one being 1', () => {
    expect(meanVerdict({ asked: 10, unparseable: 1, truncated: 1, refused: 0, scores: 4 })).toEqual({
      value: 0.5,
      low: 0.4,
      high: 0.6,
    });
    expect(meanVerdict({ ...NO_VERDICTS, asked: 2, truncated: 2 })).toBeNull();
  });

  /** A judge that says 1 in a share of its answers, else 0, and loses of each kind a share, asked so many times. */
  function askedAgain({ friendlyShare: q, criticalLost: a, friendlyLost: b, attempts }: (typeof cases)[number]) {
    const lost = q * b + (1 - q) * a;
    return { meanOfScored: (q * (1 - b)) / (1 - lost), unscorable: lost ** attempts };
  }

  test.each(cases)(
    'of $friendlyShare with $criticalLost of the critical and $friendlyLost of the friendly ones lost is not what is ' +
      'left after asking again, and lies within the bounds',
    (judge) => {
      const { meanOfScored, unscorable } = askedAgain(judge);
      expect(meanOfScored).toBeCloseTo(judge.meanOfScored, 5);
      expect(unscorable).toBeCloseTo(judge.unscorable, 5);
      const n = 1000;
      const { friendlyShare: q, criticalLost: a, friendlyLost: b } = judge;
      const first = { ...NO_VERDICTS, asked: n, truncated: n * (q * b + (1 - q) * a), scores: n * q * (1 - b) };
      const { value, low, high } = meanVerdict(first) as NonNullable<ReturnType<typeof meanVerdict>>;
      expect(value).toBeCloseTo(meanOfScored, 5);
      expect(low).toBeLessThanOrEqual(judge.unbiased + 1e-9);
      expect(high).toBeGreaterThanOrEqual(judge.unbiased - 1e-9);
    },
  );
});

describe('a stage', () => {
  const lost = (asked: number, truncated: number): VerdictCounts => ({ ...NO_VERDICTS, asked, truncated });
  const over = (counts: VerdictCounts, max: number, when?: 'atEnd') =>
    tooManyLost('main/lap-0001/label/verdicts', { verify: NO_VERDICTS, metaVerify: counts }, max, when);

  test('stops when it certainly loses more verdicts than the recipe allows, and at its end by the share itself', () => {
    expect(over(lost(1000, 300), 0.2)).toMatch(/lost 30 %/);
    expect(over(lost(1000, 210), 0.2)).toBeUndefined();
    expect(over(lost(1000, 210), 0.2, 'atEnd')).toMatch(/lost 21 %/);
    expect(over(lost(1000, 200), 0.2, 'atEnd')).toBeUndefined();
  });

  test('does not stop for a few that are lost by chance', () => {
    expect(over(lost(90, 90), 0.2)).toBeUndefined();
    expect(over(lost(10, 4), 0.2, 'atEnd')).toBeUndefined();
    expect(over(lost(10, 6), 0.2, 'atEnd')).toMatch(/lost 60 %/);
    expect(over(lost(3, 3), 0.2, 'atEnd')).toBeUndefined();
    expect(over(NO_VERDICTS, 0, 'atEnd')).toBeUndefined();
    expect(over(lost(100, 100), 1, 'atEnd')).toBeUndefined();
  });

  test('says who loses how much, what is allowed, and what to do', () => {
    expect(over(lost(400, 100), 0.05)).toBe(
      'Expected the meta-verifier of main/lap-0001/label/verdicts to lose at most 5 % of its verdicts ' +
        '(rewards.maxLossShare), lost 25 % of 400 at the first attempt (100 truncated): to ask again favours the ' +
        'others. `flywheel ledger show main/lap-0001/label/verdicts --task metaVerify --kind truncated` shows them; ' +
        'give them room (sampling.metaVerify.maxTokens), mend the prompt or how thinking is told apart, or allow more',
    );
  });
});

describe('labels', () => {
  const policy: AutoLabelPolicy = {
    analysesPerProof: 3,
    metaAnalysesPerAnalysis: 1,
    minValidAnalyses: 1,
    confirmingMetaScore: 1,
  };
  const one = { score: 1, metaScores: [] } as const;
  const validZero = { score: 0, metaScores: [1] } as const;
  const lost = { score: undefined, metaScores: [] } as const;
  const lostMeta = { score: 0, metaScores: [undefined] } as const;

  test('are bounded by what any value of the verdicts lost at first would make of them', () => {
    const bounds = labelBounds(
      policy,
      [
        ['sound', [one, one, one]],
        ['sound, a verdict lost', [one, one, lost]],
        ['flawed', [validZero, one, lost]],
        ['flawed or not', [lostMeta, one, one]],
        ['unresolved', [lost, lost, lost]],
      ],
      (id) => id !== 'unresolved',
    );
    expect(bounds).toEqual({
      proofs: 5,
      mayDiffer: 2,
      byLabel: {
        '0': { least: 1, most: 4 },
        '0.5': { least: 0, most: 2 },
        '1': { least: 1, most: 4 },
        contested: { least: 0, most: 1 },
      },
    });
  });

  test('that are the same by every bound lose nothing, and none is surer for a lost verdict', () => {
    const score = fc.constantFrom(0, 0.5, 1, undefined);
    const analysis = fc.record({ score, metaScores: fc.array(score, { minLength: 1, maxLength: 1 }) });
    fc.assert(
      fc.property(fc.array(analysis, { minLength: 3, maxLength: 3 }), fc.nat(2), (evidence, index) => {
        const spread = (of: typeof evidence) => {
          const { byLabel } = labelBounds(policy, [['p', of]], () => true);
          return Object.values(byLabel).reduce((sum, { most }) => sum + most, 0);
        };
        const fewer = evidence.map((each, at) => (at === index ? { ...each, score: undefined } : each));
        return spread(evidence) >= 1 && spread(fewer) >= spread(evidence);
      }),
    );
  });
});
