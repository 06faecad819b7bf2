import { measureLap } from '../../../reports/figures/measureLap.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import type { RewardMeta, Task } from '../../../shared/records.ts';
import type { RewardComponents } from '../../../shared/reward/protocol.ts';
import type { StageName } from '../../../shared/stages.ts';
import type { Score } from '../../../shared/scores.ts';
import {
  analysisText,
  newStore,
  problem,
  proofOf,
  provedText,
  selfVerifiedText,
  toyChecker,
  writeLap,
} from './lapFixture.ts';

interface Sample {
  readonly meta: RewardMeta;
  readonly response?: string;
  readonly reward: number;
  readonly components?: RewardComponents;
  readonly step?: number;
}

/** A lap whose one training was rewarded like this. */
async function watched(
  stage: StageName,
  task: Task,
  samples: readonly Sample[],
  spec: Readonly<Record<string, unknown>> = {},
  recipe: Recipe = rehearsal,
) {
  const store = await newStore();
  const manifest = await writeLap(store, { recipe, rewards: { [stage]: [0.5, 0.9] } });
  const record = manifest.stages[0] as (typeof manifest.stages)[0];
  const dataset = await store.writeJsonl(
    `datasets/${record.jobKey}/1-${task}.jsonl`,
    samples.map(({ meta }, index) => ({ itemId: `${task}/${index}`, task, prompt: [], meta })),
  );
  await store.writeJson(`rewards/${record.jobKey}/spec.json`, {
    useMetaReward: false,
    proofWeight: 0.76,
    selfAnalysisWeight: 0.24,
    maxRevisions: 2,
    ...spec,
  });
  await store.writeJsonl(
    `rewards/${record.jobKey}/rewards.jsonl`,
    samples.map(({ response, reward, components, step }, index) => ({
      task,
      ...(step !== undefined && { step }),
      ...(response !== undefined && { response }),
      answer: {
        itemId: `${task}/${index}`,
        status: 'scored',
        reward,
        components: components ?? { format: 1 },
        imitatesVerdict: response?.includes('boxed') ?? false,
      },
      judge: { calls: 1, promptTokens: 1, completionTokens: 1 },
    })),
  );
  const { watch, notMeasured } = await measureLap(
    { ...manifest, stages: [{ ...record, datasets: [dataset] }] },
    store,
    () => toyChecker,
  );
  return { stage: watch.stages[0], warnings: watch.warnings, notMeasured };
}

const asked = (index: number): RewardMeta => ({ problem: problem(index) });
const analysed = (index: number, worth: Score, score: Score): RewardMeta => ({
  problem: problem(index),
  proof: proofOf(worth),
  score,
});

test(
  'proofs that a judge takes for right are audited by what they are worth; those without a text are left ' + 'out',
  async () => {
    const fooled = Array.from({ length: 20 }, (_, index): Sample => ({
      meta: asked(index),
      response: provedText(index < 10 ? 1 : 0),
      reward: 1,
    }));
    const { stage, warnings } = await watched('generator', 'prove', [...fooled, { meta: asked(99), reward: 0 }]);
    expect(stage?.audit).toMatchObject({ b: { value: 1, n: 20 }, a: { value: 0.5, n: 20 } });
    expect(warnings).toContainEqual({
      kind: 'fooledJudge',
      about: 'generator',
      text: expect.stringContaining('reward 1.00, audited 0.50') as string,
    });
  },
);

test('an analysis is worth its score against the true one, not against its label', async () => {
  const samples = [
    { meta: analysed(0, 0, 1), response: analysisText(1), reward: 1 }, // a wrong automatic label, learned
    { meta: analysed(1, 0, 0), response: analysisText(0), reward: 1 },
  ];
  expect((await watched('verifierV1', 'verify', samples)).stage?.audit).toMatchObject({
    b: { value: 1 },
    a: { value: 0.5 },
  });
});

test('with R_meta an analysis is worth its true quality as well', async () => {
  const samples = [{ meta: analysed(0, 0, 0), response: analysisText(0, { quality: 0.5 }), reward: 1 }];
  expect((await watched('verifierV2', 'verify', samples, { useMetaReward: true })).stage?.audit?.a.value).toBe(0.5);
  expect((await watched('verifierV2', 'verify', samples)).stage?.audit?.a.value).toBe(1);
});

test(
  'a proof with its self-analysis is worth α times the one and β times the other; a malformed answer ' + 'nothing',
  async () => {
    const samples = [
      { meta: asked(0), response: selfVerifiedText(1, 0), reward: 0.9 },
      { meta: asked(1), response: 'no idea', reward: 0, components: { format: 0 as const } },
    ];
    const { stage } = await watched('selfVerification', 'selfVerify', samples);
    expect(stage?.audit?.a.value).toBeCloseTo(0.76 / 2); // R_score is 0, whatever the analysis
  },
);

test('reward and flat groups are those of the window in which saturation is looked for', async () => {
  const { stage, notMeasured } = await watched('generator', 'prove', [{ meta: asked(0), reward: 1 }]);
  expect(stage).toMatchObject({
    reward: 0.7,
    flatGroupShare: 0.25,
    steps: 2,
    saturationReward: rehearsal.stages.generator.saturationReward,
    audit: null,
  });
  expect(notMeasured).toContainEqual({
    figure: 'watch.generator.audit',
    reason: 'no rewarded sample was kept with its text',
  });
});

test('a collapse in the last steps is not diluted by what distinct samples were rewarded before', async () => {
  const { saturationWindow } = rehearsal.stages.generator;
  const sample = (step: number, worth: Score): Sample => ({
    meta: asked(step),
    response: provedText(worth),
    reward: 1,
    step,
  });
  const steps = Array.from({ length: 40 }, (_, index) => index + 1);
  const { stage } = await watched(
    'generator',
    'prove',
    steps.flatMap((step) => [0, 1].map(() => sample(step, step > 40 - saturationWindow ? 0 : 1))),
  );
  expect(stage?.audit).toMatchObject({ a: { value: 0, n: 2 * saturationWindow }, b: { value: 1 } });
});

test('where audits decide, texts are watched at both ends of a stage, whoever was asked; else not', async () => {
  const early = Array.from({ length: 20 }, (_, step): Sample => ({
    meta: asked(step),
    response: 'x',
    reward: 1,
    step: 1,
  }));
  const late = early.map((sample) => ({ ...sample, response: 'x'.repeat(9) + ' boxed', step: 40 }));
  const audited = { ...rehearsal, audit: { minPrecision: 0.95 } };
  const { stage, warnings } = await watched('generator', 'prove', [...early, ...late], {}, audited);
  expect(stage?.people).toMatchObject({ rewards: null, imitations: { first: { value: 0 }, last: { value: 1 } } });
  expect(warnings.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['imitation', 'length']));
  expect((await watched('generator', 'prove', late)).stage).not.toHaveProperty('people');
});
