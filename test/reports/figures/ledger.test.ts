import { measureLap } from '../../../reports/figures/measureLap.ts';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import { lapTable } from '../../../reports/pages/lapTable.ts';
import { NOTHING } from '../../../shared/lap/amounts.ts';
import { planLap } from '../../../shared/cost/plan.ts';
import { domains } from '../../../domains/index.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import type { LapManifest } from '../../../shared/lap/manifest.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import type { ReviewSetResult } from '../../../shared/review/reviews.ts';
import { at, emptySet, newStore, toyChecker, writeLap } from './lapFixture.ts';

const recipe: Recipe = {
  ...rehearsal,
  domain: { ...rehearsal.domain, experts: 'people' },
  training: { ...rehearsal.training, nodes: 2, gpusPerNode: 8 },
  prices: { perMillionPromptTokens: 10, perMillionCompletionTokens: 100, perGpuHour: 3, perExpertHour: 60 },
};
const LAP = 'main/lap-0001';

/** A lap with one training of 60 s, one set of ten calls, and two questions that two people answered. */
async function measured() {
  const store = await newStore();
  const set = {
    ...emptySet(`${LAP}/cold-start/draft`),
    phase: 'coldStart',
    task: 'prove',
    counts: { answered: 8, unparseable: 1, truncated: 1, failed: 0 },
    usage: { promptTokens: 2000, completionTokens: 500 },
    startedAt: at(0),
    wallSeconds: 36,
  } as const;
  const manifest = await writeLap(store, { recipe, records: [set], rewards: { generator: [0.2, 0.4] } });
  await store.writeJsonl(`rewards/${LAP}/generator/rewards.jsonl`, [
    {
      answer: { status: 'scored', imitatesVerdict: false },
      judge: { calls: 3, promptTokens: 300, completionTokens: 30 },
    },
  ]);
  await store.writeJson(`jobs/${LAP}/generator/result.json`, {
    status: 'succeeded',
    jobKey: `${LAP}/generator`,
    attempt: 1,
    checkpoint: { uri: 'x', sha256: 'a'.repeat(64) },
    steps: 2,
    stopReason: 'maxSteps',
    reward: { first: 0, last: 1 },
    tokens: 2560,
    seconds: 60,
  });
  const setId = `${LAP}/cold-start/experts`;
  const log = new ReviewLog(store);
  for (const [index, id] of ['q1', 'q2'].entries()) {
    for (const annotator of ['ada', 'emmy']) {
      const at = new Date(Date.UTC(2026, 0, 1, 9, index * (annotator === 'ada' ? 6 : 10))).toISOString();
      await log.append(setId, id, [
        {
          kind: 'verdict',
          id: `${annotator} on ${id}`,
          at,
          seat: 1,
          verdict: { annotator, source: 'expert', score: 1, verdictId: `${annotator} on ${id}` },
        },
      ]);
    }
  }
  const results = await store.writeJsonl(
    `reviews/${setId}.jsonl`,
    ['q1', 'q2'].map((id) => ({ id, result: { kind: 'expired' } })),
  );
  return {
    store,
    manifest: { ...manifest, reviews: [{ setId, results, scored: 2, flagged: 0, expired: 0, verdicts: 4 }] },
  };
}

test(
  'what was used is counted by phase: calls and tokens of sets and judges, GPU-hours, people’s minutes, and their ' +
    'price',
  async () => {
    const { store, manifest } = await measured();
    const { ledger, ledgerTotal, rates } = await measureLap(manifest, store, () => toyChecker);
    const used = (phase: string) => ledger.find((row) => row.phase === phase)?.used;
    // Ada took 6 minutes for her second answer, Emmy 10; their first ones count as the median, 8.
    expect(used('coldStart')).toMatchObject({
      calls: 10,
      tokens: 2500,
      inferenceHours: 0.01,
      verdicts: 4,
      expertMinutes: 32,
      gpuHours: 0,
      cost: 0.02 + 0.05 + 32,
    });
    expect(used('generator')).toMatchObject({
      calls: 3,
      promptTokens: 300,
      completionTokens: 30,
      trainingTokens: 2560,
      tokens: 2890,
      gpuHours: 16 / 60,
      verdicts: 0,
    });
    expect(used('verifierV1')).toEqual(NOTHING);
    expect(ledgerTotal).toMatchObject({ used: { calls: 13, tokens: 5390, expertMinutes: 32 } });
    expect(rates).toMatchObject({
      tokens: {
        prove: { prompt: 200, completion: 50 },
        'coldStart/prove': { prompt: 200, completion: 50 },
        generator: { prompt: 100, completion: 10 },
      },
      trainings: {
        generator: {
          tokensPerSample: 10,
          stepsShare: 2 / 12,
          judgedShare: 3 / 256,
          startSeconds: 56,
          secondsPerSample: 2 / 128,
        },
      },
      minutesPerVerdict: { coldStart: 8 },
    });
  },
);

test('beside what was used stands what was planned, and the ratio', async () => {
  const { store, manifest } = await measured();
  const plan = planLap(recipe, 1, domains.of('rehearsal'));
  const { ledger, ledgerTotal, rates, ...rest } = await measureLap(
    { ...manifest, plan: await store.writeJson(`laps/${LAP}/plan.json`, plan) },
    store,
    () => toyChecker,
  );
  expect(ledger.map(({ phase }) => phase)).toEqual(plan.phases.map(({ phase }) => phase));
  expect(ledger.map(({ planned }) => planned)).toEqual(plan.phases.map(({ expected }) => expected));
  expect(ledger.find(({ phase }) => phase === 'coldStart')?.ratio?.calls).toBe(10 / 2000);
  expect(ledger.find(({ phase }) => phase === 'open')?.ratio?.calls).toBeNull();
  expect(ledgerTotal.ratio?.calls).toBe(13 / plan.total.expected.calls);
  expect(lapTable({ ledger, ledgerTotal, rates, ...rest })).toMatch(
    /^cold start +10 \/ 2 k +2\.5 k \/ 1\d\d k .* 32 \/ 20\.2 k/m,
  );
});

test('what people say after a lap is the next lap’s use, and changes no report of the lap', async () => {
  const { store, manifest } = await measured();
  const [review] = manifest.reviews as [ReviewSetResult];
  const setId = `${LAP}/label/experts`;
  const open = {
    ...review,
    setId,
    results: await store.writeJsonl(`reviews/${setId}.jsonl`, [{ id: 'q', result: { kind: 'open' } }]),
  };
  const first: LapManifest = { ...manifest, reviews: [open] };
  const parent = { lap: LAP, manifest: await store.writeJson(`laps/${LAP}/manifest.json`, first) };
  const before = await measureLap(first, store, () => toyChecker);
  await new ReviewLog(store).append(setId, 'q', [
    {
      kind: 'verdict',
      id: 'late',
      at: '2026-01-02T00:00:00.000Z',
      seat: 1,
      verdict: { annotator: 'ada', source: 'expert', score: 1, verdictId: 'late' },
    },
  ]);
  expect(await measureLap(first, store, () => toyChecker)).toEqual(before);
  const standing = await store.writeJsonl('datasets/standing.jsonl', [{ setId, id: 'q', answers: 1 }]);
  const late = { standing, proofs: 0, analyses: 0, heldBack: 0, open: 1, halfAnswered: 1 };
  const next = { ...manifest, turn: 2, parent, late, reviews: [], endedAt: '2026-01-03T00:00:00.000Z' };
  const report = await measureLap(next, store, () => toyChecker);
  expect(report.ledger.find(({ phase }) => phase === 'late')?.used.verdicts).toBe(1);
  expect(report.late).toMatchObject({ open: 1, halfAnswered: 1 });
});
