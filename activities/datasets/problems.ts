import type { Domain, Splits } from '../../shared/domain.ts';
import type { ProblemSplits } from '../../shared/lap/manifest.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { alikeCounts, type HeldBack } from '../../shared/problems/held.ts';
import type { ArtifactRef, DatasetRef, Made, Problem } from '../../shared/records.ts';
import { linesOf, textOf } from '../store/lines.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { refusalOfText } from '../../shared/texts.ts';
import { placeOf, uri } from '../../shared/ids.ts';

interface ProblemsInput {
  readonly turn: number;
  readonly recipe: Recipe;
  /** The parent's splits: what is held out and what validates stay what they are in lap 1. */
  readonly inherited?: ProblemSplits | undefined;
  /** @default nothing */
  readonly before?: HeldBefore;
}

/** What other laps of the store hold out, and where it was read. */
export interface HeldBefore {
  readonly problems: readonly HeldBack[];
  readonly read: readonly ArtifactRef[];
}

type SplitName = keyof Omit<ProblemSplits, 'leftOut' | 'alike' | 'faulty'>;

/** D_p by its splits; of a later lap, those that it inherits by reference. */
export type SplitProblems = Readonly<Record<SplitName, readonly Problem[] | DatasetRef>> &
  Pick<Splits, 'leftOut' | 'alike' | 'away'> & { readonly made: Made };

export async function writeProblems(store: ArtifactStore, lap: string, splits: SplitProblems): Promise<ProblemSplits> {
  const written = (name: string, rows: Iterable<unknown>): Promise<DatasetRef> =>
    store.writeJsonl(uri.dataset(placeOf(lap, 'open'), name), rows, splits.made);
  const write = async (name: SplitName): Promise<DatasetRef> => {
    const split = splits[name];
    return 'uri' in split ? split : written(name, split);
  };
  const { leftOut = [], alike = [] } = splits;
  return {
    train: await write('train'),
    validation: await write('validation'),
    heldOut: await write('heldOut'),
    next: await write('next'),
    ...(leftOut.length > 0 && { leftOut: await written('left-out', leftOut) }),
    ...(alike.length > 0 && { alike: { ...alikeCounts(alike), pairs: await written('near-equal', alike) } }),
  };
}

/**
 * D_p, split by problem before anything is sampled: training, validation, held out, and the next lap's difficulty.
 * @throws when the domain has broken its promise that no problem is in two splits, or a statement cannot be asked
 * about.
 */
export async function splitProblems(
  store: ArtifactStore,
  domain: Domain,
  { turn, recipe, inherited, before }: ProblemsInput,
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
    ...(before && before.problems.length > 0 && { heldBefore: before.problems }),
    read: (uri) => {
      files.add(uri);
      return read(store, uri, recipe.domain.settings);
    },
  });
  refuseUnfit({ ...splits, ...kept }, domain);
  const given = await Promise.all(Array.from(files, (uri) => store.refOf(uri)));
  const made = madeBy('openLap', {
    given,
    'held back': inherited && [inherited.validation, inherited.heldOut],
    'held out before': before?.read,
  });
  return { ...splits, ...(inherited && { validation: inherited.validation, heldOut: inherited.heldOut }), made };
}

function refuseUnfit({ heldOut, validation, train, next }: Splits, domain: Domain): void {
  const known = new Map<string, string>();
  for (const split of [heldOut, validation, [...new Set([...train, ...next])]]) {
    for (const { id, statement } of split) {
      const refusal = refusalOfText(statement);
      if (refusal !== undefined) throw new Error(`Domain ${domain.name}, problem ${id}: statement: ${refusal}`);
      const same = domain.sameProblem?.(statement) ?? statement.trim();
      const other = known.get(id) ?? known.get(same);
      if (other !== undefined)
        throw new Error(`Expected domain ${domain.name} to give each problem once, got ${id}, the same as ${other}`);
      known.set(id, id).set(same, id);
    }
  }
}

async function* read(
  store: ArtifactStore,
  uri: string,
  settings: Recipe['domain']['settings'],
): AsyncGenerator<string> {
  const found = await store.stat(uri).catch(() => undefined); // a path that is none of the store's
  if (found === undefined) {
    const [field] = Object.entries(settings).find(([, value]) => [value].flat().includes(uri)) ?? [];
    throw new Error(
      `Invalid lap input: domain.settings${field === undefined ? '' : `.${field}`}: expected a file of problems in ` +
        `the store, got ${JSON.stringify(uri)}, which is not there: \`flywheel import problems FILE\` takes a file ` +
        'of yours in, and prints what to say here',
    );
  }
  for await (const { bytes, number } of linesOf(store.read(uri))) yield textOf(bytes, `${uri} line ${number}`);
}
