import type { Domain } from '../../shared/domain.ts';
import { placeOf, uri } from '../../shared/ids.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { groupProblems, whyLeftOut, type HeldBack } from '../../shared/problems/held.ts';
import type { ArtifactRef, DatasetRef, Problem } from '../../shared/records.ts';
import { splitProblems, type HeldBefore, type SplitProblems } from '../datasets/problems.ts';
import { distinctBy } from '../../shared/selection.ts';
import { problemsIn, withoutProblems } from '../datasets/withoutProblems.ts';
import type { ArtifactStore } from '../store/types.ts';
import { knownLaps } from './laps.ts';
import type { ParentLap } from './parent.ts';

/** A lap's problems by their splits, as it would have them now. Nothing is written. */
export async function splitOf(
  store: ArtifactStore,
  domain: Domain,
  lap: { readonly turn: number; readonly recipe: Recipe; readonly manifest?: LapManifest | undefined },
) {
  const { turn, recipe, manifest } = lap;
  const before = await heldOutBefore(store, domain);
  return splitProblems(store, domain, { turn, recipe, inherited: manifest?.problems, before });
}

/**
 * What laps of a domain hold out, finished or not, run by run: it is held out for ever, in all runs. Nothing of domains
 * with a key of their own, which see to it themselves.
 */
export async function heldOutBefore(store: ArtifactStore, domain: Domain): Promise<HeldBefore> {
  const problems: HeldBack[] = [];
  const read: ArtifactRef[] = [];
  if (domain.sameProblem !== undefined) return { problems, read };
  const known = new Set<string>();
  for (const { lap } of await knownLaps(store)) {
    const recipe = await store.findJson<Recipe>(uri.recipe(lap));
    const at = uri.dataset(placeOf(lap, 'open'), 'heldOut');
    // A later lap has its first one's, by reference.
    if (recipe?.domain.name !== domain.name || (await store.stat(at)) === undefined) continue;
    const ref = await store.refOf(at);
    read.push(ref);
    for await (const { id, statement } of store.readJsonl<Problem>(ref)) {
      const key = `${id}\n${statement}`;
      if (known.has(key)) continue;
      known.add(key);
      problems.push({ id, statement, why: `which ${lap} holds out` });
    }
  }
  return { problems, read };
}

/**
 * What a lap takes over of its parent, without what is near-equal to what is held back: of a chain split before
 * statements were compared, or where another run has held a problem out since. What it leaves out joins the problems
 * that are left out.
 */
export async function withoutHeldBack(
  store: ArtifactStore,
  lap: string,
  domain: Domain,
  recipe: Recipe,
  { parent, manifest, divided }: Taken & { readonly manifest: LapManifest },
): Promise<Taken> {
  const { away = [], leftOut = [] } = divided;
  if (away.length === 0) return { parent, divided };
  const { proofScores, analysisScores, labels } = parent;
  const { carried, proofs } = labels;
  const rows = [...proofScores.train, ...(analysisScores?.train ?? []), ...(carried ? [carried] : []), proofs];
  // What the chain has asked about may still come to a score.
  const trained = distinctBy([...(await problemsIn(store, rows)), ...(await askedIn(store, manifest))], keyOf);
  const { heldWith } = await groupProblems(trained, away, domain.alike?.(recipe.domain.settings));
  const why = new Map(
    trained.flatMap((each) =>
      heldWith(each)
        .slice(0, 1)
        .map((held) => [keyOf(each), held]),
    ),
  );
  if (why.size === 0) return { parent, divided };
  const isOut = (problem: Problem) => why.has(keyOf(problem));
  const { validation, heldOut } = divided;
  const because = { 'held back': [validation, heldOut].flatMap((split) => ('uri' in split ? [split] : [])) };
  const rid = (part: DatasetRef, name: string) =>
    withoutProblems(store, part, { to: uri.dataset(placeOf(lap, 'open'), name), isOut, because });
  const all = (parts: readonly DatasetRef[], name: string) =>
    Promise.all(parts.map((part, index) => rid(part, `${name}-${index}`)));
  const known = new Set(leftOut.map(({ id }) => id));
  const taken = trained.flatMap((each) => {
    const held = why.get(keyOf(each));
    return held === undefined || known.has(each.id) ? [] : [{ id: each.id, why: whyLeftOut(held) }];
  });
  return {
    parent: {
      ...parent,
      proofScores: { ...proofScores, train: await all(proofScores.train, 'proof-scores') },
      ...(analysisScores && {
        analysisScores: { ...analysisScores, train: await all(analysisScores.train, 'analysis-scores') },
      }),
      labels: {
        ...labels,
        proofs: await rid(proofs, 'labelled'),
        ...(carried && { carried: await rid(carried, 'carried') }),
      },
    },
    divided: { ...divided, leftOut: [...leftOut, ...taken] },
  };
}

/** A parent, and the problems of the lap that goes on from it. */
interface Taken {
  readonly parent: ParentLap;
  readonly divided: SplitProblems;
}

/** The problems of a lap and of those before it that were no validation or held-out ones. */
async function askedIn(store: ArtifactStore, { problems, parent }: LapManifest): Promise<Problem[]> {
  const own = await store.readRows<Problem>(...distinctBy([problems.train, problems.next], ({ sha256 }) => sha256));
  const before = parent && (await store.findJson<LapManifest>(parent.manifest.uri));
  return before === undefined ? own : [...own, ...(await askedIn(store, before))];
}

const keyOf = ({ id, statement }: Problem): string => `${id}\n${statement}`;
