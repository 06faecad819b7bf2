import { contestedTrend, type ContestedTrend } from '../../shared/figures/contestedTrend.ts';
import { difference } from '../../shared/statistics/differences.ts';
import { valued, type Observation } from '../../shared/statistics/measures.ts';
import type { LabelFigures } from '../../shared/figures/report.ts';
import { uri } from '../../shared/ids.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { ProofRow } from '../../shared/records.ts';
import { labelsById } from '../../activities/sets/outcomes.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { labelFigures } from './labelFigures.ts';
import type { Measuring } from './notes.ts';

/** Ours, where the recipe has no `audit.minPrecision`: the label rule's goal (docs/method.md, "Labels"). */
const GOAL = 0.95;

/** What a smaller share of contested proofs than in the lap before means; undefined where it is not smaller. */
export async function trendOf(
  lap: Measuring,
  { precision, precisionByScore }: LabelFigures,
): Promise<ContestedTrend | undefined> {
  const { store, manifest, truth } = lap;
  if (manifest.parent === undefined) return undefined;
  const before = await store.findJson<LapManifest>(uri.manifest(manifest.parent.lap));
  if (before === undefined) return undefined;
  // Two laps label proofs of other problems.
  const contested = difference(await contestedIn(store, before), await contestedIn(store, manifest), false);
  if (contested === null || contested.high >= 0) return undefined;
  const notes = { notMeasured: [], imitations: {}, absent: () => null };
  return contestedTrend(contested, {
    by: truth.checker?.name ?? (manifest.recipe.domain.experts === 'program' ? 'the program' : 'people'),
    precision,
    precisionOf1: precisionByScore['1'],
    precisionBefore: (await labelFigures({ ...lap, manifest: before, notes })).precision,
    goal: manifest.recipe.audit?.minPrecision ?? GOAL,
  });
}

async function contestedIn(store: ArtifactStore, { labels }: LapManifest): Promise<Observation[]> {
  const decisions = await labelsById(store, labels.set.decisions);
  const proofs = (await store.readRows<ProofRow>(labels.proofs)).map(({ id, problem }) => ({
    problem: problem.id,
    contested: decisions.get(id)?.decision.kind !== 'labelled',
  }));
  return valued(proofs, ({ contested }) => Number(contested));
}
