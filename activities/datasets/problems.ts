import type { Domain, Splits } from '../../shared/domain.ts';
import type { ProblemSplits } from '../../shared/lap/manifest.ts';
import type { Recipe } from '../../shared/lap/recipe.ts';
import type { DatasetRef, Made, Problem } from '../../shared/records.ts';
import { linesOf } from '../store/lines.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { placeOf, uri } from '../../shared/ids.ts';

interface ProblemsInput {
  readonly turn: number;
  readonly recipe: Recipe;
  /** The parent's splits: what is held out and what validates stay what they are in lap 1. */
  readonly inherited?: ProblemSplits | undefined;
}

/** D_p by its splits; of a later lap, those that it inherits by reference. */
type SplitProblems = Readonly<Record<keyof ProblemSplits, readonly Problem[] | DatasetRef>> & { readonly made: Made };

export async function writeProblems(store: ArtifactStore, lap: string, splits: SplitProblems): Promise<ProblemSplits> {
  const write = async (name: keyof ProblemSplits): Promise<DatasetRef> => {
    const split = splits[name];
    return 'uri' in split ? split : store.writeJsonl(uri.dataset(placeOf(lap, 'open'), name), split, splits.made);
  };
  return {
    train: await write('train'),
    validation: await write('validation'),
    heldOut: await write('heldOut'),
    next: await write('next'),
  };
}

/**
 * D_p, split by problem before anything is sampled: training, validation, held out, and the next lap's difficulty.
 * @throws when the domain has broken its promise that no problem is in two splits.
 */
export async function splitProblems(
  store: ArtifactStore,
  domain: Domain,
  { turn, recipe, inherited }: ProblemsInput,
): Promise<SplitProblems> {
  const kept = inherited && {
    validation: await store.readRows<Problem>(inherited.validation),
    heldOut: await store.readRows<Problem>(inherited.heldOut),
  };
  const files = new Set<string>();
  const splits = await domain.problems({
    settings: recipe.domain.settings,
    turn,
    curriculum: recipe.curriculum,
    seed: recipe.seed,
    ...(kept && { kept }),
    read: (uri) => {
      files.add(uri);
      return read(store, uri);
    },
  });
  refuseLeaks({ ...splits, ...kept }, domain);
  const given = await Promise.all(Array.from(files, (uri) => store.refOf(uri)));
  const made = madeBy('openLap', { given, 'held back': inherited && [inherited.validation, inherited.heldOut] });
  return { ...splits, ...(inherited && { validation: inherited.validation, heldOut: inherited.heldOut }), made };
}

function refuseLeaks({ heldOut, validation, train, next }: Splits, domain: Domain): void {
  const known = new Map<string, string>();
  for (const split of [heldOut, validation, [...new Set([...train, ...next])]]) {
    for (const { id, statement } of split) {
      const same = domain.sameProblem?.(statement) ?? statement.trim();
      const other = known.get(id) ?? known.get(same);
      if (other !== undefined)
        throw new Error(`Expected domain ${domain.name} to give each problem once, got ${id}, the same as ${other}`);
      known.set(id, id).set(same, id);
    }
  }
}

async function* read(store: ArtifactStore, uri: string): AsyncGenerator<string> {
  if ((await store.stat(uri)) === undefined)
    throw new Error(
      `Expected domain.settings to name files in the store, got ${JSON.stringify(uri)}: put it at ` +
        store.address(uri),
    );
  for await (const { bytes } of linesOf(store.read(uri))) yield bytes.toString('utf8');
}
