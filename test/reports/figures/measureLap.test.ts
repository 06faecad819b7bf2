import { measureLap } from '../../../reports/figures/measureLap.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import type { AnalysisRow } from '../../../shared/records.ts';
import {
  analysisText,
  at,
  emptySet,
  failed,
  labelRow,
  malformed,
  metaText,
  newStore,
  outcome,
  problem,
  proofRow,
  provedText,
  selfVerifiedText,
  toyChecker,
  writeLap,
  type LapParts,
} from './lapFixture.ts';

const measure = async (parts: LapParts) => {
  const store = await newStore();
  return measureLap(await writeLap(store, parts), store, () => toyChecker);
};

describe('a verifier on the held-out proofs', () => {
  const proofs = [proofRow(0, 0), proofRow(1, 0.5), proofRow(2, 1), proofRow(3, 1)];
  const v2 = [
    outcome('proof-0', 'verify', analysisText(0, { quality: 1, claimed: 2, real: 2, found: 2 })),
    outcome('proof-1', 'verify', analysisText(0, { quality: 0.5, claimed: 2, real: 1, found: 1, falselyRemarked: 1 })),
    outcome('proof-2', 'verify', analysisText(1, { quality: 1, remarked: 1 })),
    malformed('proof-3', 'verify'),
  ];

  test('is right where its score is the true one; a malformed answer is wrong, a failed call no answer', async () => {
    const { verifier } = await measure({
      proofs,
      sets: { 'verifier verifierV2 sampled': [...v2, { ...failed('proof-3', 'verify'), sample: 1 }] },
    });
    expect(verifier.v2?.scoreAccuracy).toMatchObject({ value: 0.5, n: 4 });
    expect(verifier.v2?.malformedShare).toMatchObject({ value: 0.25, n: 4 });
    expect(verifier.v2?.confusion).toEqual({
      '0': { '0': 1, '0.5': 0, '1': 0, malformed: 0 },
      '0.5': { '0': 1, '0.5': 0, '1': 0, malformed: 0 },
      '1': { '0': 0, '0.5': 0, '1': 1, malformed: 1 },
    });
  });

  test('has the quality, the recalls and the inventions of its well-formed analyses', async () => {
    const { verifier } = await measure({ proofs, sets: { 'verifier verifierV2 sampled': v2 } });
    expect(verifier.v2?.analysisQuality).toMatchObject({ value: 2.5 / 3, n: 3 });
    expect(verifier.v2?.qualityWhereIssuesClaimed).toMatchObject({ value: 0.75, n: 2 });
    expect(verifier.v2?.issueRecall).toMatchObject({ value: 0.75, n: 4 });
    expect(verifier.v2?.remarkRecall).toMatchObject({ value: 1 / 3, n: 3 });
    expect(verifier.v2?.falseIssueShare).toMatchObject({ value: 0.25, n: 4 });
    expect(verifier.v2?.claimShare).toMatchObject({ value: 2 / 3, n: 3 });
    expect(verifier.v2?.falseRemarksPerAnalysis).toBeCloseTo(1 / 3);
  });

  test('stands beside the best constant score', async () => {
    const { verifier } = await measure({ proofs });
    expect(verifier.heldOutProofs).toEqual({ '0': 1, '0.5': 1, '1': 2 });
    expect(verifier.constantBaseline).toEqual({ score: 1, accuracy: 0.5 });
  });

  test('that was not asked is not measured, and the report says so', async () => {
    const report = await measure({ proofs, sets: { 'verifier verifierV2 greedy': v2 } });
    expect(report.verifier.v2).toBeNull();
    expect(report.greedy?.verifier.v2?.scoreAccuracy?.value).toBe(0.5);
    expect(report.notMeasured).toContainEqual({
      figure: 'verifier.v2',
      reason: 'no sampled evaluation of verifierV2 as verifier in this lap',
    });
  });

  test('asked about other proofs than the manifest names is refused', async () => {
    const strange = {
      proofs,
      sets: { 'verifier verifierV2 sampled': [outcome('elsewhere', 'verify', analysisText(1))] },
    };
    await expect(measure(strange)).rejects.toThrow(
      /Expected set .*\/verifier-verifierV2-sampled to ask about rows of .*proofs.jsonl, got row "elsewhere"/,
    );
  });
});

const analysisRow = (index: number, quality: 0 | 1): AnalysisRow => ({
  ...proofRow(index, 0),
  id: `analysis-${index}`,
  proofId: `proof-${index}`,
  analysis: analysisText(0, { quality }),
  analysisScore: 0,
});

test(
  'a meta-verifier is right where it gives an analysis its true quality; before is the model it started ' + 'from',
  async () => {
    const { metaVerifier } = await measure({
      analyses: [analysisRow(0, 0), analysisRow(1, 1)],
      sets: {
        'metaVerifier verifierV1 sampled': [
          outcome('analysis-0', 'metaVerify', metaText(1)),
          outcome('analysis-1', 'metaVerify', metaText(1)),
        ],
        'metaVerifier metaVerifier sampled': [
          outcome('analysis-0', 'metaVerify', metaText(0)),
          outcome('analysis-1', 'metaVerify', metaText(1)),
        ],
      },
    });
    expect(metaVerifier.accuracyBefore?.value).toBe(0.5);
    expect(metaVerifier.accuracyAfter?.value).toBe(1);
    expect(metaVerifier.accuracyOfVerifierV2).toBeNull();
    expect(metaVerifier.constantBaseline?.accuracy).toBe(0.5);
  },
);

test('a generator is worth the mean true score of its answers, by difficulty too; no proof is worth 0', async () => {
  const { generator } = await measure({
    heldOut: [problem(0, 2), problem(1, 5), problem(2, 8)],
    sets: {
      'generator base sampled': [
        outcome('p0', 'prove', provedText(1)),
        outcome('p1', 'prove', provedText(0.5)),
        malformed('p2', 'prove'),
      ],
      'generator generator sampled': ['p0', 'p1', 'p2'].map((row) => outcome(row, 'prove', provedText(1))),
    },
  });
  expect(generator.trueScoreBefore).toMatchObject({ value: 0.5, n: 3 });
  expect(generator.trueScoreAfterPhase2?.value).toBe(1);
  expect(generator.malformedBefore?.value).toBeCloseTo(1 / 3);
  expect(generator.byDifficulty.map(({ difficulty, trueScoreBefore }) => [difficulty, trueScoreBefore?.value])).toEqual(
    [
      ['2', 1],
      ['5', 0.5],
      ['8', 0],
    ],
  );
});

test("a self-score is honest where it is the proof's true score; a claim of 1 is false where it is not", async () => {
  const { selfVerification, generator } = await measure({
    heldOut: [problem(0), problem(1), problem(2), problem(3)],
    sets: {
      'selfVerification generator sampled': [
        outcome('p0', 'selfVerify', selfVerifiedText(1, 1)),
        outcome('p1', 'selfVerify', selfVerifiedText(0, 1)),
        outcome('p2', 'selfVerify', selfVerifiedText(0.5, 0.5)),
        malformed('p3', 'selfVerify'),
      ],
      'selfVerification selfVerification sampled': ['p0', 'p1', 'p2', 'p3'].map((row) =>
        outcome(row, 'selfVerify', selfVerifiedText(1, 1)),
      ),
    },
  });
  expect(selfVerification.selfScoreAccuracyBefore).toMatchObject({ value: 0.5, n: 4 });
  expect(selfVerification.falseClaimsBefore).toMatchObject({ value: 0.5, n: 2 });
  expect(selfVerification.falseClaimsWhereFlawedBefore).toMatchObject({ value: 0.5, n: 2 });
  expect(selfVerification.claimsBefore).toEqual({
    trueClaimsOf1: 1,
    falseClaimsOf1: 1,
    rightBelow1: 1,
    wrongBelow1: 0,
    malformed: 1,
  });
  expect(selfVerification.falseClaimsAfter).toMatchObject({ value: 0, n: 4 });
  // Its proofs are the final generator's, where that was not asked for plain proofs.
  expect(generator.trueScoreAfter).toMatchObject({ value: 1, n: 4 });
});

test('labels add up, and are precise where they are the truth', async () => {
  const { labels } = await measure({
    labelled: [
      { proof: proofRow(0, 1), row: labelRow({ kind: 'labelled', score: 1 }) },
      { proof: proofRow(1, 0), row: labelRow({ kind: 'labelled', score: 1 }) },
      { proof: proofRow(2, 0), row: labelRow({ kind: 'labelled', score: 0 }) },
      { proof: proofRow(3, 0), row: labelRow({ kind: 'contested', reason: 'too few valid' }) },
      { proof: proofRow(4, 0), row: labelRow({ kind: 'unresolved', reason: 'missing verdicts' }) },
    ],
    // The verifier errs alike on a proof, and differently on another: two votes of one are worth one.
    verdicts: ['proof-0', 'proof-1'].flatMap((row) =>
      [0, 1].map((sample) => outcome(row, 'verify', analysisText(1), { sample, score: 1 })),
    ),
    expert: 1,
  });
  expect(labels.verdictAccuracy).toMatchObject({ value: 0.5, n: 2 });
  expect(labels.constantBaseline).toEqual({ score: 0, accuracy: 0.8 });
  expect(labels.errorCorrelation).toBeCloseTo(1);
  expect(labels.effectiveAnalyses).toBeCloseTo(1);
  expect(labels).toMatchObject({
    total: 5,
    auto: 3,
    contested: 2,
    unresolved: 1,
    expert: 1,
    byScore: { '0': 1, '0.5': 0, '1': 2 },
  });
  expect(labels.precision?.value).toBeCloseTo(2 / 3);
  expect(labels.precisionByScore['1']?.value).toBe(0.5);
  expect(labels.precisionByScore['0.5']).toBeNull();
  expect(labels.contestedReasons).toEqual({ 'too few valid': 1, unresolved: 1 });
});

test('of a step that was written twice, the last line counts; a line torn by a kill is none', async () => {
  const store = await newStore();
  const manifest = await writeLap(store, { rewards: { verifierV1: [0.2, 0.4] } });
  const uri = 'jobs/main/lap-0001/verifierV1/metrics.jsonl';
  const lines = await store.readText(uri);
  await store.write(uri, `${lines}${lines.split('\n')[1]?.replace('"reward":0.4', '"reward":0.6')}\n{"step":3,"rew`);
  const [training] = (await measureLap(manifest, store, () => toyChecker)).trainings;
  expect(training?.curve.map(({ step, reward }) => [step, reward])).toEqual([
    [1, 0.2],
    [2, 0.6],
  ]);
  expect(training).toMatchObject({ firstReward: 0.2, lastReward: 0.6, flatGroupShareOfLastFive: 0.25 });
});

test('a training has what its engine says of its steps, its bounds, and what struck', async () => {
  const store = await newStore();
  const watches = [{ metric: 'entropy', below: 0.1, policy: 'stop' }] as const;
  const { verifierV1 } = rehearsal.stages;
  const recipe = {
    ...rehearsal,
    stages: { ...rehearsal.stages, verifierV1: { ...verifierV1, watches: [...watches] } },
  };
  const manifest = await writeLap(store, { recipe, rewards: { verifierV1: [0.2, 0.4], generator: [0.1] } });
  await store.writeJsonl('jobs/main/lap-0001/verifierV1/metrics.jsonl', [
    { step: 1, reward: 0.2, stepSeconds: 1, entropy: 0.5, gradientNorm: 2 },
    { step: 2, reward: 0.4, stepSeconds: 1, entropy: 0.05 },
  ]);
  await store.writeJsonl('jobs/main/lap-0001/generator/metrics.jsonl', [{ step: 1, reward: 0.1, stepSeconds: 1 }]);
  const stages = manifest.stages.map((stage) =>
    stage.name === 'verifierV1' ? { ...stage, stopReason: 'watch' as const, watched: ['entropy 0.05'] } : stage,
  );
  const report = await measureLap({ ...manifest, stages }, store, () => toyChecker);
  const [first, second] = report.trainings;
  expect(first).toMatchObject({ stopReason: 'watch', watched: ['entropy 0.05'], watches });
  expect(first?.course).toEqual([
    { step: 1, entropy: 0.5, gradientNorm: 2 },
    { step: 2, entropy: 0.05 },
  ]);
  expect(second).not.toHaveProperty('course');
  expect(report.watch.warnings).toContainEqual({ kind: 'watch', about: 'verifierV1', text: 'entropy 0.05' });
});

const record = (phase: string, startedAt: number, wallSeconds: number) => ({
  ...emptySet(`main/lap-0001/${phase}`),
  phase,
  startedAt: at(startedAt),
  wallSeconds,
  counts: { answered: 9, unparseable: 1, truncated: 0, failed: 0 },
  usage: { promptTokens: 100, completionTokens: 50 },
});

test('time in which neither a training nor an inference was under way is neither, however they overlap', async () => {
  const { time, stages, wallSeconds } = await measure({
    rewards: { verifierV1: [0.5], metaVerifier: [0.5] }, // 20–80 and 100–160 s
    records: [record('coldStart', 0, 10), record('evaluation', 70, 50)], // 0–10 and 70–120 s
    phases: [
      { name: 'coldStart', startedAt: at(0), endedAt: at(20) },
      { name: 'verifierV1', startedAt: at(20), endedAt: at(90) },
      { name: 'metaVerifier', startedAt: at(90), endedAt: at(160) },
      { name: 'evaluation', startedAt: at(160), endedAt: at(500) },
    ],
  });
  expect(wallSeconds).toBe(500);
  expect(time).toMatchObject({ trainingSeconds: 120, inferenceSeconds: 60, neitherSeconds: 350, neitherShare: 0.7 });
  expect(
    stages.map(({ name, wallSeconds: wall, trainingSeconds, inferenceSeconds, calls, tokens }) => [
      name,
      wall,
      trainingSeconds,
      inferenceSeconds,
      calls,
      tokens,
    ]),
  ).toEqual([
    ['coldStart', 20, 0, 10, 10, 150],
    ['verifierV1', 70, 60, 0, 0, 0],
    ['metaVerifier', 70, 60, 0, 0, 0],
    ['scaleVerification', 0, 0, 0, 0, 0],
    ['evaluation', 340, 0, 50, 10, 150],
  ]);
});

test('what a training waited in a queue is neither its time nor a GPU-hour, and is told', async () => {
  const parts = { rewards: { verifierV1: [0.5], metaVerifier: [0.5] } }; // each a minute
  const { time, trainings, ledgerTotal } = await measure(parts);
  const queued = await measure({ ...parts, queuedSeconds: 200 });
  expect(queued.time.trainingSeconds).toBe(time.trainingSeconds);
  expect(queued.ledgerTotal.used).toEqual({ ...ledgerTotal.used, queuedHours: expect.closeTo(400 / 3600) });
  expect(queued.ledgerTotal.ratio?.queuedHours).toBeNull(); // its plan is of before there was such an amount
  expect(queued.time.queuedSeconds).toBe(400);
  expect(trainings[0]).not.toHaveProperty('queuedSeconds');
  expect(queued.trainings[0]).toMatchObject({ trainingSeconds: 60, queuedSeconds: 200 });
});

describe('where no checker knows the truth', () => {
  const recipe = { ...rehearsal, domain: { ...rehearsal.domain, checker: 'none' as const } };

  test('labels are as precise as the blind sample that experts audited; what they left open says nothing', async () => {
    const store = await newStore();
    const manifest = await writeLap(store, {
      recipe,
      labelled: [0, 1, 2, 3].map((index) => ({
        proof: proofRow(index, 1),
        row: labelRow({ kind: 'labelled', score: 1 }),
      })),
    });
    const scored = (score: number) => ({ kind: 'scored', score, source: 'expert', verdicts: 2, adjudicated: false });
    const results = await store.writeJsonl('reviews/audit.jsonl', [
      { id: 'proof-0', result: scored(1) },
      { id: 'proof-1', result: scored(0.5) },
      { id: 'proof-2', result: { kind: 'expired' } },
    ]);
    const reviews = [{ setId: 'main/lap-0001/label/audit', results, scored: 2, flagged: 0, expired: 1, verdicts: 4 }];
    const { labels, notMeasured } = await measureLap({ ...manifest, reviews }, store, () => toyChecker);
    expect(labels.auditedPrecision).toMatchObject({ value: 0.5, n: 2 });
    expect(labels.precision).toMatchObject({ value: 0.5, n: 2 });
    expect(labels.precisionByScore['1']).toMatchObject({ value: 0.5, n: 2 });
    expect(notMeasured.map(({ figure }) => figure)).not.toContain('labels.precision');
  });

  test("verifiers are measured against experts' scores, and what experts did not say is null", async () => {
    const scored = { ...proofRow(0, 1), score: 0.5 as const, source: 'expert' as const, lap: 'main/lap-0001' };
    const report = await measure({
      recipe,
      proofs: [scored],
      heldOut: [problem(0)],
      sets: {
        'verifier verifierV1 sampled': [outcome('proof-0', 'verify', analysisText(0.5))],
        'generator base sampled': [outcome('p0', 'prove', provedText(1))],
      },
    });
    expect(report.truth).toBe('experts');
    expect(report.verifier.v1?.scoreAccuracy?.value).toBe(1);
    expect(report.verifier.v1?.analysisQuality).toBeNull();
    expect(report.generator.trueScoreBefore).toBeNull();
    expect(report.notMeasured).toContainEqual({
      figure: 'generator.trueScoreBefore',
      reason: 'no checker knows the true score of newly written proofs',
    });
  });

  test('a recipe that names a checker is not measured without it', async () => {
    const store = await newStore();
    await expect(measureLap(await writeLap(store), store, () => undefined)).rejects.toThrow(
      /Expected domain rehearsal to have a checker, as the recipe says, got none/,
    );
  });
});
