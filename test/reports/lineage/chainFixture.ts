import { importCheckpoint } from '../../../activities/store/checkpoints.ts';
import type { FileStore } from '../../../activities/store/files.ts';
import { promptSetNamed } from '../../../activities/store/promptSets.ts';
import { uri } from '../../../shared/ids.ts';
import type { LapManifest } from '../../../shared/lap/manifest.ts';
import type { CheckpointRef } from '../../../shared/records.ts';
import { newStore, writeLap } from '../figures/lapFixture.ts';
import { checkpointFolder, FakeLaps, FIRST, recipe, SECOND } from './fakeLaps.ts';

/**
 * Two laps without meta-verification, as small as a chain can be: a proof of the base scored by an expert, one of the
 * generator labelled by the verifier. What models, experts and trainers give is made up; all else is written by those
 * who write it in a lap.
 */
export interface Chain {
  readonly store: FileStore;
  readonly first: LapManifest;
  readonly second: LapManifest;
  readonly base: CheckpointRef;
}

export async function writeChain(): Promise<Chain> {
  const store = await newStore();
  const prompts = await promptSetNamed(store, 'rehearsal');
  const lap = new FakeLaps(store, prompts);
  const base = await importCheckpoint(store, await checkpointFolder('base'));

  // Lap 1: an expert scores a proof of the base.
  const blank = await writeLap(store, { lap: FIRST, recipe });
  const problems = await lap.problems(FIRST, 0);
  const cold = await lap.coldStart(problems, base);
  const { train } = cold.proofScores;
  const v1 = await lap.train(FIRST, 'verifierV1', base, train, 'verify');
  const v2 = await lap.train(FIRST, 'verifierV2', v1.checkpoint, train, 'verify');
  const generators = await lap.generators(FIRST, v2.checkpoint, problems.train);
  const labelled = await lap.label(FIRST, 1, problems.next, generators[1].checkpoint, v2.checkpoint);
  const { analysisScores: _, ...bare } = blank;
  const first = await lap.finish({
    ...bare,
    prompts,
    base,
    problems,
    proofScores: { ...cold.proofScores, train: [train], grown: labelled.grown },
    models: { generator: generators[1].checkpoint, verifier: v2.checkpoint },
    stages: [v1, v2, ...generators],
    sets: [cold.drafts, ...labelled.sets],
    reviews: [cold.review],
    labels: labelled.labels,
  });

  // Lap 2 goes on from its generator, on the grown D_v.
  const blank2 = await writeLap(store, { lap: SECOND, recipe });
  const problems2 = await lap.problems(SECOND, 2);
  const consolidation = await lap.consolidate(first, train);
  const w2 = await lap.train(SECOND, 'verifierV2', consolidation.checkpoint, first.proofScores.grown, 'verify');
  const generators2 = await lap.generators(SECOND, w2.checkpoint, problems2.train);
  const labelled2 = await lap.label(SECOND, 2, problems2.next, generators2[1].checkpoint, w2.checkpoint);
  const { analysisScores: __, ...bare2 } = blank2;
  const second = await lap.finish({
    ...bare2,
    prompts,
    turn: 2,
    parent: { lap: FIRST, manifest: await store.refOf(uri.manifest(FIRST)) },
    base,
    problems: problems2,
    proofScores: { ...first.proofScores, train: [train, first.proofScores.grown], grown: labelled2.grown },
    models: { generator: generators2[1].checkpoint, verifier: w2.checkpoint },
    consolidation,
    stages: [w2, ...generators2],
    sets: labelled2.sets,
    labels: labelled2.labels,
  });
  return { store, first, second, base };
}
