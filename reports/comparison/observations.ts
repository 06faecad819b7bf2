import { hasOwnVerifier } from '../../shared/lap/orders.ts';
import type { Domains } from '../../shared/domain.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import { difficultyBands, valued, within, type Observation } from '../../shared/statistics/measures.ts';
import type { ProofRow } from '../../shared/records.ts';
import type { LabelRow } from '../../shared/sampling/sets.ts';
import { attemptReader, type Attempt } from '../figures/generatorFigures.ts';
import { measuring, type Measuring } from '../figures/notes.ts';
import { judgedReader } from '../figures/verifierFigures.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';

/**
 * What a figure is observed on: problems or proofs that other laps may have in common with this one, or proofs of the
 * lap's own.
 */
type ObservedOn = 'held-out problems' | 'held-out proofs' | 'own proofs';

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
  const lap = measuring(store, manifest, checkers);
  return [...(await ofGenerator(lap)), ...(await ofVerifier(lap)), await ofLabels(lap)];
}

const trueScores = (attempts: readonly Attempt[]) => valued(attempts, ({ truth }) => truth);

async function ofGenerator(lap: Measuring): Promise<Observed[]> {
  const { problems, attemptsOf } = await attemptReader(lap, 'sampled');
  const self = (await attemptsOf('selfVerification', 'selfVerification', 'self')) ?? [];
  const on = 'held-out problems';
  return [
    { name: 'generator: true score', on, observations: trueScores(self) },
    ...difficultyBands(problems).map((band): Observed => ({
      name: `true score, difficulty ${band.name}`,
      on,
      observations: trueScores(within(band, self)),
    })),
    { name: 'self-score accuracy', on, observations: valued(self, ({ truth, selfScore }) => +(selfScore === truth)) },
  ];
}

/** Of the verifier that the lap labelled with: its own, or its parent's where verifiers are not retrained. */
async function ofVerifier(lap: Measuring): Promise<Observed[]> {
  const { judgedOf } = await judgedReader(lap, 'sampled');
  const judged = (await judgedOf(hasOwnVerifier(lap.manifest) ? 'verifierV2' : 'parent', 'last')) ?? [];
  const analysed = judged.flatMap(({ problem, analysis }) => (analysis ? [{ problem, ...analysis }] : []));
  const qualities = (of: typeof analysed) => valued(of, ({ quality }) => quality);
  const on = 'held-out proofs';
  return [
    { name: 'verifier: score accuracy', on, observations: valued(judged, ({ given, truth }) => +(given === truth)) },
    { name: 'verifier: analysis quality', on, observations: qualities(analysed) },
    {
      name: 'quality where issues claimed',
      on,
      observations: qualities(analysed.filter(({ claimedIssues }) => claimedIssues > 0)),
    },
  ];
}

async function ofLabels({ store, manifest, truth: { checker } }: Measuring): Promise<Observed> {
  const { proofs: written, set } = manifest.labels;
  const proofs = await store.rowsById<ProofRow>(written);
  const labelled = (await store.readRows<LabelRow>(set.decisions)).flatMap(({ proofId, decision }) => {
    const proof = proofs.get(proofId);
    if (decision.kind !== 'labelled' || proof === undefined || checker === undefined) return [];
    const isRight = checker.proofScore(proof.problem, proof.proof) === decision.score;
    return [{ problem: proof.problem.id, isRight }];
  });
  return { name: 'label precision', on: 'own proofs', observations: valued(labelled, ({ isRight }) => +isRight) };
}
