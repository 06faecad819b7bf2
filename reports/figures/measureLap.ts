import type { Domains } from '../../shared/domain.ts';
import { warningsOf, type LapManifest } from '../../shared/lap/manifest.ts';
import type { DecodingFigures, LapReport } from '../../shared/figures/report.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { agreementFigures } from './agreementFigures.ts';
import type { Decoding } from './answers.ts';
import { trendOf } from './contestedTrend.ts';
import { expertFigures } from './expertFigures.ts';
import { generatorFigures } from './generatorFigures.ts';
import { goldFigures } from './goldFigures.ts';
import { judgedFigures } from './judgedFigures.ts';
import { labelFigures } from './labelFigures.ts';
import { lateFigures } from './lateFigures.ts';
import { ledgerFigures } from './ledgerFigures.ts';
import { lossFigures } from './lossFigures.ts';
import { measuredRates } from './measuredRates.ts';
import { uri } from '../../shared/ids.ts';
import { mendedFigures } from './mendedFigures.ts';
import { measuring, type Measuring } from './notes.ts';
import { watchRewards } from './rewardAudit.ts';
import { scoreCounts } from './scoreCounts.ts';
import { testTimeFigures } from './testTimeFigures.ts';
import { searchedSets, type SearchedSet } from './testTimeSets.ts';
import { timeFigures, workOf } from './timeFigures.ts';
import { trainingFigures, usedTrainings } from './trainingFigures.ts';
import { metaVerifierFigures, verifierFigures } from './verifierFigures.ts';

/**
 * Every figure of a lap, from its manifest and the artifacts that it names: held-out sets, ledgers, labels, metrics.
 * Nothing that was measured before is read, so that equal artifacts give equal reports. Definitions are in
 * `shared/figures/report.ts`.
 *
 * @throws when an artifact is missing or is not what its reference says.
 */
export async function measureLap(
  manifest: LapManifest,
  store: ArtifactStore,
  checkers: Domains['checkerOf'],
): Promise<LapReport> {
  const measured = measuring(store, manifest, checkers);
  const { truth, notes } = measured;
  const sampled = await decodingFigures(measured, 'sampled');
  const hasGreedy = manifest.evaluation.sets.some(({ decoding }) => decoding === 'greedy');
  const greedy = hasGreedy
    ? await decodingFigures(measured, 'greedy')
    : notes.absent('greedy', 'the recipe did not ask for greedy evaluations');
  const judged = await judgedFigures(measured);
  const labels = await labelFigures(measured);
  const trend = await trendOf(measured, labels);
  const trainings = await trainingFigures(measured);
  const used = await usedTrainings(measured);
  const searched = new Map<string, readonly SearchedSet[]>();
  for (const record of manifest.evaluation.testTime ?? []) searched.set(record.name, await searchedSets(store, record));
  const testTime = await testTimeFigures(measured, ({ name }) => searched.get(name) ?? []);
  /** With the sets that are too many for a manifest. */
  const whole = { ...manifest, sets: [...manifest.sets, ...[...searched.values()].flat()] };
  const work = workOf(whole, used);
  const times = timeFigures(manifest, work);
  const experts = await expertFigures(measured);
  const agreement = await agreementFigures(measured);
  await identityNote(measured);
  const warnings = warningsOf(manifest);
  const late = lateFigures(manifest);
  const { lap, parent, turn, recipe, recipeSha256, startedAt, endedAt } = manifest;
  return {
    lap,
    parent: parent?.lap ?? null,
    turn,
    preset: recipe.preset,
    seed: recipe.seed,
    recipeSha256,
    startedAt,
    endedAt,
    truth: truth.kind,
    truthBy: truth.by,
    ...sampled,
    greedy,
    ...(judged && { judged }),
    ...(testTime.length > 0 && { testTime }),
    labels,
    ...(trend && { contestedTrend: trend }),
    proofScores: await scoreCounts(measured),
    ...(recipe.experts.gold && { gold: await goldFigures(store, lap) }),
    ...(agreement && { agreement }),
    consolidation: manifest.consolidation?.skills ?? null,
    trainings,
    ...times,
    ...(await ledgerFigures(measured, work, experts, times.stages)),
    ...(manifest.mended && { mended: mendedFigures(whole, manifest.mended, used) }),
    rates: measuredRates(whole, used, experts, { ...times, trainings, verifier: sampled.verifier }),
    watch: await watchRewards(measured, { trainings, labels, generator: sampled.generator }),
    losses: await lossFigures(measured),
    ...(late && { late }),
    ...(warnings.length > 0 && { warnings }),
    imitations: notes.imitations,
    notMeasured: notes.notMeasured,
  };
}

/** Whose answers are known to be of their checkpoint by the server's word alone. */
async function identityNote({ store, manifest, notes }: Measuring): Promise<void> {
  const byName: string[] = [];
  for (const { name, digest } of [
    { name: 'base', digest: manifest.base.sha256 },
    ...manifest.stages.map((stage) => ({ name: stage.name, digest: stage.checkpoint.sha256 })),
  ])
    if (!(await store.exists(uri.probe(digest)))) byName.push(name);
  if (byName.length > 0)
    notes.absent(
      'identity',
      `${byName.join(', ')}: identity by name. Their servers gave no log-probabilities by which a checkpoint is told ` +
        'from another one under its name',
    );
}

async function decodingFigures(lap: Measuring, decoding: Decoding): Promise<DecodingFigures> {
  return {
    verifier: await verifierFigures(lap, decoding),
    metaVerifier: await metaVerifierFigures(lap, decoding),
    ...(await generatorFigures(lap, decoding)),
  };
}
