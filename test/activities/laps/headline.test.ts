import { lapOutcome } from '../../../activities/laps/flywheel.ts';
import type { Measured } from '../../../shared/statistics/figure.ts';
import type { LapReport } from '../../../shared/figures/report.ts';
import { newStore } from '../../reports/figures/lapFixture.ts';

const figure = (value: number): Measured => ({ value, low: value, high: value, n: 1 });

/** A report with no more than these figures. */
async function outcomeOf(found: {
  truth?: number;
  people?: number;
  eyes?: readonly [before: number, after: number];
  accuracy?: number;
}) {
  const store = await newStore();
  const of = (value?: number) => (value === undefined ? null : figure(value));
  const [before, after] = found.eyes ?? [];
  const report = {
    generator: { trueScoreAfter: of(found.truth) },
    verifier: { v2: { scoreAccuracy: of(found.accuracy) } },
    judged: { verifier: found.eyes && { before: of(before), after: of(after) }, people: { score: of(found.people) } },
    ledgerTotal: { used: {} },
  } as unknown as LapReport;
  await store.writeJson('laps/main/lap-0001/report.json', report);
  const { headline, by, before: from } = await lapOutcome(store, { lap: 'main/lap-0001' });
  return { headline, by, from };
}

test.each([
  ["the checker's", { truth: 0.4, people: 0.5, eyes: [0.2, 0.9], accuracy: 0.7 }, { headline: 0.4 }],
  ["else people's", { people: 0.5, eyes: [0.2, 0.9], accuracy: 0.7 }, { headline: 0.5, by: 'people' }],
  ["else the verifier's", { eyes: [0.2, 0.9], accuracy: 0.7 }, { headline: 0.9, by: 'verifier', from: 0.2 }],
  ["else the verifier's accuracy against experts", { accuracy: 0.7 }, { headline: 0.7 }],
  ['none where nothing was measured', {}, { headline: null }],
] as const)("a lap's headline figure is %s", async (_, found, expected) => {
  expect(await outcomeOf(found)).toEqual({ by: undefined, from: undefined, ...expected });
});
