import type { Domains } from '../../shared/domain.ts';
import {
  compareFigure,
  pairedSeeds,
  type Comparison,
  type LapObservations,
  type Side,
} from '../../shared/figures/comparison.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { compareJudged } from './judgedComparison.ts';
import { observe, type Observed } from './observations.ts';

interface ObservedLap {
  readonly manifest: LapManifest;
  readonly observed: readonly Observed[];
}

/**
 * Figures of the laps b less those of the laps a, from their stored artifacts.
 * @throws when they were not all measured on the same held-out problems.
 */
export async function compareLaps(
  store: ArtifactStore,
  checkers: Domains['checkerOf'],
  a: readonly LapManifest[],
  b: readonly LapManifest[],
): Promise<Comparison> {
  const heldOut = sameHeldOut([...a, ...b]);
  const read = (side: readonly LapManifest[]) =>
    Promise.all(side.map(async (manifest) => ({ manifest, observed: await observe(store, manifest, checkers) })));
  const [left, right] = [await read(a), await read(b)];
  const notCompared: { figure: string; reason: string }[] = [];
  const figures = (left[0]?.observed ?? []).flatMap(({ name, on }) => {
    if (on === 'held-out proofs' && proofsOf(a) !== proofsOf(b)) {
      notCompared.push({ figure: name, reason: `the two sides' verifiers judged different held-out proofs` });
      return [];
    }
    const compared = compareFigure(name, observationsOf(left, name), observationsOf(right, name), on !== 'own proofs');
    if (compared === undefined) notCompared.push({ figure: name, reason: 'not measured on both sides' });
    return compared ?? [];
  });
  const judged = await compareJudged(store, checkers, a, b);
  const sides = { a: sideOf(a), b: sideOf(b) };
  return {
    ...sides,
    heldOut,
    seeds: pairedSeeds(sides.a.seeds, sides.b.seeds),
    figures: [...figures, ...judged.figures],
    notCompared: [...notCompared, ...judged.notCompared],
  };
}

const sideOf = (manifests: readonly LapManifest[]): Side => ({
  laps: manifests.map(({ lap }) => lap),
  seeds: manifests.map(({ recipe }) => recipe.seed),
});

function observationsOf(laps: readonly ObservedLap[], name: string): LapObservations[] {
  return laps.map(({ manifest, observed }) => ({
    lap: manifest.lap,
    seed: manifest.recipe.seed,
    observations: observed.find((each) => each.name === name)?.observations ?? [],
  }));
}

function sameHeldOut(manifests: readonly LapManifest[]): string {
  const [first] = manifests;
  if (first === undefined) throw new Error('Expected laps to compare, got none');
  const other = manifests.find(({ problems }) => problems.heldOut.sha256 !== first.problems.heldOut.sha256);
  if (other !== undefined) {
    throw new Error(
      `Expected laps measured on the same held-out problems, got ${heldOutOf(first)} and ${heldOutOf(other)}: ` +
        `their figures cannot be compared; run one of them anew with the other's domain.settings`,
    );
  }
  return first.problems.heldOut.sha256;
}

const heldOutOf = ({ lap, problems: { heldOut } }: LapManifest): string =>
  `${lap} on ${heldOut.uri} (${heldOut.sha256.slice(0, 12)}…, ${heldOut.rows} problems)`;

/** The base's proofs of held-out problems depend on the seed: both sides must have met the same ones, equally often. */
const proofsOf = (side: readonly LapManifest[]): string =>
  side
    .map(({ evaluation }) => evaluation.proofs.sha256)
    .sort()
    .join(' ');
