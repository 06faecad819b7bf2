import type { Domains } from '../../shared/domain.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import { difficultyBands } from '../../shared/figures/measures.ts';
import type { Observation } from '../../shared/figures/measures.ts';
import type { ProofRow } from '../../shared/records.ts';
import type { LabelRow } from '../../shared/sampling/sets.ts';
import { findSet } from '../figures/answers.ts';
import { attemptReader } from '../figures/generatorFigures.ts';
import type { Attempt } from '../figures/generatorFigures.ts';
import { newNotes } from '../figures/notes.ts';
import { checkerOf, truthOf } from '../../activities/datasets/truth.ts';
import type { Truth } from '../../activities/datasets/truth.ts';
import { judgedReader } from '../figures/verifierFigures.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';

/**
 * What a figure is observed on: problems or proofs that other laps may have in common with this one, or proofs of the
 * lap's own.
 */
export type ObservedOn = 'held-out problems' | 'held-out proofs' | 'own proofs';

export interface Observed {
  readonly name: string;
  readonly on: ObservedOn;
  readonly observations: readonly Observation[];
}

/**
 * The single observations behind the figures of the models that a lap ends with, at T = 1; definitions are those of
 * `shared/figures/report.ts`.
 */
export async function observe(
  store: ArtifactStore,
  manifest: LapManifest,
  checkers: Domains['checkerOf'],
): Promise<Observed[]> {
  const truth = truthOf(checkerOf(manifest.recipe.domain, checkers));
  return [
    ...(await ofGenerator(store, manifest, truth)),
    ...(await ofVerifier(store, manifest, truth)),
    await ofLabels(store, manifest, truth),
  ];
}

const trueScores = (attempts: readonly Attempt[]): Observation[] =>
  attempts.map(({ problem, truth: hits }) => ({ hits, of: 1, cluster: problem.id }));

async function ofGenerator(store: ArtifactStore, manifest: LapManifest, truth: Truth): Promise<Observed[]> {
  const { problems, attemptsOf } = await attemptReader(store, manifest, truth, 'sampled', newNotes());
  const self = (await attemptsOf('selfVerification', 'selfVerification', 'self')) ?? [];
  const plain = findSet(manifest.evaluation, 'generator', 'selfVerification', 'sampled')
    ? await attemptsOf('generator', 'selfVerification', 'plain')
    : self;
  const on = 'held-out problems';
  return [
    { name: 'generator: true score', on, observations: trueScores(plain ?? []) },
    ...difficultyBands(problems.flatMap(({ difficulty }) => difficulty ?? [])).map(
      ({ name, low, high }) =>
        ({
          name: `true score, difficulty ${name}`,
          on,
          observations: trueScores(
            (plain ?? []).filter(
              ({ problem: { difficulty } }) => difficulty !== undefined && difficulty >= low && difficulty <= high,
            ),
          ),
        }) satisfies Observed,
    ),
    {
      name: 'self-score accuracy',
      on,
      observations: self.map(({ problem, truth: score, selfScore }) => ({
        hits: selfScore === score ? 1 : 0,
        of: 1,
        cluster: problem.id,
      })),
    },
  ];
}

/** Of the verifier that the lap labelled with: its own, or its parent's where verifiers are not retrained. */
async function ofVerifier(store: ArtifactStore, manifest: LapManifest, truth: Truth): Promise<Observed[]> {
  const { judgedOf } = await judgedReader(store, manifest, truth, 'sampled', newNotes());
  const judged =
    (await judgedOf(manifest.turn === 1 || manifest.recipe.retrainVerifier ? 'verifierV2' : 'parent', 'last')) ?? [];
  const analysed = judged.flatMap(({ problem, analysis }) => (analysis ? [{ cluster: problem, ...analysis }] : []));
  const qualities = (of: typeof analysed): Observation[] =>
    of.map(({ cluster, quality }) => ({ hits: quality, of: 1, cluster }));
  const on = 'held-out proofs';
  return [
    {
      name: 'verifier: score accuracy',
      on,
      observations: judged.map(({ problem, given, truth: score }) => ({
        hits: given === score ? 1 : 0,
        of: 1,
        cluster: problem,
      })),
    },
    { name: 'verifier: analysis quality', on, observations: qualities(analysed) },
    {
      name: 'quality where issues claimed',
      on,
      observations: qualities(analysed.filter(({ claimedIssues }) => claimedIssues > 0)),
    },
  ];
}

async function ofLabels(store: ArtifactStore, manifest: LapManifest, { checker }: Truth): Promise<Observed> {
  const proofs = new Map((await store.readRows<ProofRow>(manifest.labels.proofs)).map((proof) => [proof.id, proof]));
  const observations = (await store.readRows<LabelRow>(manifest.labels.set.decisions)).flatMap(
    ({ proofId, decision }): Observation[] => {
      const proof = proofs.get(proofId);
      if (decision.kind !== 'labelled' || proof === undefined || checker === undefined) return [];
      return [
        {
          hits: checker.proofScore(proof.problem, proof.proof) === decision.score ? 1 : 0,
          of: 1,
          cluster: proof.problem.id,
        },
      ];
    },
  );
  return { name: 'label precision', on: 'own proofs', observations };
}
