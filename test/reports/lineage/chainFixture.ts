import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { checkpointDigest } from '../../../activities/store/checkpoints.ts';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import type { FileStore } from '../../../activities/store/files.ts';
import type { LapManifest, SetRecord, StageRecord } from '../../../shared/lap/manifest.ts';
import { placeOf } from '../../../shared/ids.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import type { CheckpointRef, DatasetRef, ProofRow, ScoredProof, Task } from '../../../shared/records.ts';
import type { Recipe } from '../../../shared/lap/recipe.ts';
import type { InitName, StageName } from '../../../shared/stages.ts';
import type { Score } from '../../../shared/scores.ts';
import {
  at,
  emptySet,
  labelRow,
  newStore,
  outcome,
  problem,
  proofOf,
  provedText,
  writeLap,
  writeSet,
} from '../figures/lapFixture.ts';

/**
 * Two laps without meta-verification, as small as a chain can be: a proof of the base scored by an expert, one of the
 * generator labelled by the verifier.
 */
export interface Chain {
  readonly store: FileStore;
  readonly first: LapManifest;
  readonly second: LapManifest;
  readonly base: CheckpointRef;
}

const FIRST = 'main/lap-0001';
const SECOND = 'main/lap-0002';
const stagesWith = (inits: Partial<Record<StageName, InitName>>): Recipe => {
  const stages = { ...rehearsal.stages };
  for (const [stage, init] of Object.entries(inits) as [StageName, InitName][])
    stages[stage] = { ...stages[stage], init };
  return { ...rehearsal, metaVerification: false, stages };
};

export async function writeChain(): Promise<Chain> {
  const store = await newStore();
  const base = await checkpoint(store, 'base');
  const sealed = async (
    lap: string,
    name: string,
    phase: string,
    rows: { row: string; task: Task; text: string; model: CheckpointRef; score?: Score }[],
  ): Promise<SetRecord> => {
    const setId = `${lap}/${name}`;
    await writeSet(
      store,
      setId,
      rows.map(({ row, task, text, model, score }) =>
        outcome(row, task, text, { model: model.sha256, ...(score === undefined ? {} : { score }) }),
      ),
    );
    return { ...emptySet(setId), phase, startedAt: '2026-01-01T00:00:00.000Z', wallSeconds: 1 };
  };
  const write = (lap: string, name: string, rows: readonly unknown[]): Promise<DatasetRef> =>
    store.writeJsonl(`datasets/${lap}/${name}.jsonl`, rows);

  /** A training, with the job files that its trainer leaves. */
  const train = async (
    lap: string,
    name: StageName,
    init: CheckpointRef,
    source: DatasetRef,
    task: Task,
    judges: Record<string, CheckpointRef> = {},
  ): Promise<StageRecord> => {
    const jobKey = placeOf(lap, name);
    const rows = (await store.readRows<ScoredProof & { statement?: string }>(source)).map((row) => ({
      itemId: `${task}/${row.id}`,
      task,
      prompt: [],
      meta:
        row.statement === undefined ? { problem: row.problem, proof: row.proof, score: row.score } : { problem: row },
    }));
    const dataset = await write(lap, `${jobKey.slice(lap.length + 1)}/1-${task}`, rows);
    const spec = await store.writeJson(`rewards/${jobKey}/spec.json`, {
      jobKey,
      judges: Object.fromEntries(Object.entries(judges).map(([role, model]) => [role, { role, checkpoint: model }])),
    });
    const made = await checkpoint(store, jobKey);
    await store.writeJson(`jobs/${jobKey}/training.json`, {
      jobKey,
      initCheckpoint: init,
      datasets: [{ role: task, ref: dataset, weight: 1 }],
      rewardSpecSha256: spec.sha256,
    });
    await store.writeJson(`jobs/${jobKey}/result.json`, { status: 'succeeded', jobKey, checkpoint: made });
    return {
      name,
      jobKey,
      checkpoint: made,
      datasets: [dataset],
      steps: 2,
      stopReason: 'maxSteps',
      reward: { first: 0.1, last: 0.9 },
      attempts: 1,
      trainingSeconds: 1,
      startedAt: at(1),
    };
  };

  /** The lap's proof of a problem that its generator wrote, and the verifier labelled. */
  const label = async (lap: string, generator: CheckpointRef, verifier: CheckpointRef) => {
    const about = problem(lap === FIRST ? 1 : 2);
    const proof: ProofRow = {
      id: `${about.id}-r0-0`,
      problem: about,
      proof: proofOf(1),
      model: generator.sha256,
      round: 0,
    };
    const written = await sealed(lap, 'label/proofs', 'scaleVerification', [
      { row: about.id, task: 'selfVerify', text: provedSelf(1), model: generator },
    ]);
    const verdicts = await sealed(lap, 'label/verdicts', 'scaleVerification', [
      { row: proof.id, task: 'verify', text: 'fine', model: verifier, score: 1 },
    ]);
    const proofs = await write(lap, 'label/written', [proof]);
    const decisions = await store.writeJsonl(`labels/${lap}/label/verdicts/labels.jsonl`, [
      { proofId: proof.id, ...labelRow({ kind: 'labelled', score: 1 }), order: ['4'] },
    ]);
    const grown = await write(lap, 'proof-scores/grown', [{ ...proof, score: 1, source: 'auto', lap }]);
    return {
      sets: [written, verdicts],
      labels: {
        proofs,
        writtenIn: written.setId,
        expert: 0,
        set: { ...verdicts, labels: { total: 1, auto: 1, contested: 0, unresolved: 0 }, decisions },
      },
      grown,
    };
  };

  const finish = async (manifest: LapManifest): Promise<LapManifest> => {
    const recipeSha256 = (await store.writeJson(`laps/${manifest.lap}/recipe.json`, manifest.recipe)).sha256;
    const whole = { ...manifest, recipeSha256 };
    await store.writeJson(`laps/${manifest.lap}/manifest.json`, whole);
    return whole;
  };

  // Lap 1: an expert scores a proof of the base.
  const problems = {
    train: await write(FIRST, 'problems/train', [problem(0)]),
    next: await write(FIRST, 'problems/next', [problem(1)]),
  };
  const drafts = await sealed(FIRST, 'cold-start/draft', 'coldStart', [
    { row: 'p0', task: 'prove', text: provedText(0), model: base },
  ]);
  const scored: ScoredProof = {
    id: 'p0-r0-0',
    problem: problem(0),
    proof: proofOf(0),
    model: base.sha256,
    round: 0,
    score: 0,
    source: 'expert',
    lap: FIRST,
  };
  const train0 = await write(FIRST, 'proof-scores/train', [scored]);
  const review = `${FIRST}/cold-start/experts`;
  const result = { kind: 'scored', score: 0, source: 'expert', verdicts: 1, adjudicated: false } as const;
  await new ReviewLog(store).append(review, scored.id, [
    {
      kind: 'verdict',
      id: 'v1',
      at: at(5),
      seat: 0,
      verdict: { annotator: 'ada', source: 'expert', score: 0, verdictId: 'v1' },
    },
    { kind: 'result', id: 'r1', at: at(6), result },
  ]);
  const results = await store.writeJsonl(`reviews/${review}.jsonl`, [{ id: scored.id, result }]);
  const v1 = await train(FIRST, 'verifierV1', base, train0, 'verify');
  const v2 = await train(FIRST, 'verifierV2', v1.checkpoint, train0, 'verify');
  const generator = await train(FIRST, 'generator', v2.checkpoint, problems.train, 'prove', {
    verifier: v2.checkpoint,
  });
  const final = await train(FIRST, 'selfVerification', generator.checkpoint, problems.train, 'selfVerify', {
    verifier: v2.checkpoint,
  });
  const { sets, labels, grown } = await label(FIRST, final.checkpoint, v2.checkpoint);
  const bare = await writeLap(store, { lap: FIRST, recipe: stagesWith({}), heldOut: [problem(9)] });
  const { analysisScores: _, ...ofLap1 } = bare;
  const first = await finish({
    ...ofLap1,
    base,
    problems: { ...bare.problems, ...problems },
    proofScores: { train: [train0], validation: bare.proofScores.validation, grown },
    models: { generator: final.checkpoint, verifier: v2.checkpoint },
    stages: [v1, v2, generator, final],
    sets: [drafts, ...sets],
    reviews: [{ setId: review, results, scored: 1, flagged: 0, expired: 0, verdicts: 1 }],
    labels,
  });

  // Lap 2 goes on from its generator, on the grown D_v.
  const examples = await write(SECOND, 'consolidation/examples', [
    {
      itemId: 'prove/p1-r0-0',
      task: 'prove',
      prompt: [],
      meta: { problem: problem(1), score: 1 },
      completion: provedText(1),
    },
  ]);
  const jobKey = placeOf(SECOND, 'consolidation');
  const both = await checkpoint(store, jobKey);
  await store.writeJson(`jobs/${jobKey}/training.json`, {
    jobKey,
    initCheckpoint: final.checkpoint,
    datasets: [{ role: 'examples', ref: examples, weight: 1 }],
  });
  await store.writeJson(`jobs/${jobKey}/result.json`, { status: 'succeeded', jobKey, checkpoint: both });
  const consolidation = {
    jobKey,
    init: final.checkpoint,
    checkpoint: both,
    dataset: examples,
    skills: [],
    steps: 2,
    attempts: 1,
    trainingSeconds: 1,
    startedAt: at(600),
  };
  const problems2 = {
    train: await write(SECOND, 'problems/train', [problem(3)]),
    next: await write(SECOND, 'problems/next', [problem(2)]),
  };
  const w2 = await train(SECOND, 'verifierV2', both, grown, 'verify');
  const generator2 = await train(SECOND, 'generator', w2.checkpoint, problems2.train, 'prove', {
    verifier: w2.checkpoint,
  });
  const final2 = await train(SECOND, 'selfVerification', generator2.checkpoint, problems2.train, 'selfVerify', {
    verifier: w2.checkpoint,
  });
  const labelled2 = await label(SECOND, final2.checkpoint, w2.checkpoint);
  const bare2 = await writeLap(store, { lap: SECOND, recipe: stagesWith({ verifierV2: 'consolidation' }) });
  const { analysisScores: __, ...ofLap2 } = bare2;
  const second = await finish({
    ...ofLap2,
    turn: 2,
    parent: { lap: FIRST, manifest: await store.refOf(`laps/${FIRST}/manifest.json`) },
    startedAt: at(600),
    endedAt: at(900),
    base,
    problems: { ...first.problems, ...problems2 },
    proofScores: { train: [train0, grown], validation: first.proofScores.validation, grown: labelled2.grown },
    models: { generator: final2.checkpoint, verifier: w2.checkpoint },
    consolidation,
    stages: [w2, generator2, final2],
    sets: labelled2.sets,
    labels: labelled2.labels,
    evaluation: first.evaluation,
  });
  return { store, first, second, base };
}

const provedSelf = (worth: Score): string =>
  `${provedText(worth)}\n## Self Evaluation\nHere is my evaluation of the solution:\nfine\nBased on my ` +
  'evaluation, the final overall score should be: \\boxed{1}';

/** A flat folder under its digest, as the trainer leaves it. */
async function checkpoint(store: FileStore, name: string): Promise<CheckpointRef> {
  const draft = store.path(`checkpoints/draft-${name.replaceAll('/', '-')}`);
  await mkdir(draft, { recursive: true });
  await writeFile(path.join(draft, 'config.json'), JSON.stringify({ name }));
  const sha256 = await checkpointDigest(draft);
  const uri = `checkpoints/${sha256}`;
  await mkdir(store.path(uri), { recursive: true });
  await writeFile(path.join(store.path(uri), 'config.json'), JSON.stringify({ name }));
  return { uri, sha256 };
}
