import { uri, type Place } from '../../shared/ids.ts';
import type { OpenedSolve, SolveInput } from '../../shared/products/input.ts';
import { searchFrom } from '../../shared/products/pool.ts';
import { solveSchema } from '../../shared/products/schema.ts';
import type { SolvedProblem } from '../../shared/products/search.ts';
import type { DatasetRef, Problem } from '../../shared/records.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import {
  lapAsked,
  modelAsked,
  openProduct,
  readInput,
  refuseUnpriced,
  refusing,
  RELEASED_SAMPLING,
  samplingAsked,
  SMALL_SAMPLING,
  type ProductOwner,
  type ProductWorld,
} from './open.ts';

/**
 * Reads the input of a `solve`, refuses what cannot run, names it and lays out its problems.
 * @throws `InvalidProduct` or `ProductOpen`: the same would be refused again.
 */
export function openSolve(world: ProductWorld, input: SolveInput, owner: ProductOwner): Promise<OpenedSolve> {
  const { store } = world;
  return refusing(async () => {
    const { asked, lap, generator, verifier, search, sampling } = await readSolve(world, input);
    const rows = await problemsIn(store, asked.problems);
    const opened = await openProduct(world, {
      kind: 'solve',
      input: asked,
      file: asked.problems,
      lap,
      sampling,
      owner,
    });
    const problems = await store.writeJsonl(
      uri.dataset(opened.place, 'problems'),
      rows,
      madeBy('openSolve', { problems: await store.refOf(asked.problems) }),
    );
    const first = search.kind === 'pool' ? search.proofs : search.threads;
    const window = Math.min(32, Math.max(1, Math.ceil((2 * opened.engine.maxConcurrency) / first)), rows.length);
    return { ...opened, problems, generator, verifier, search, window };
  });
}

/** What an input asks for, before anything of it is done. @throws what is wrong with it. */
export async function readSolve(world: ProductWorld, input: SolveInput) {
  const asked = readInput('solve', solveSchema, input);
  const lap = await lapAsked(world.store, asked);
  const generator = await modelAsked(world, 'generator', asked.generator, lap);
  const judge = asked.verifier ?? (lap === undefined ? asked.generator : undefined);
  const verifier = await modelAsked(world, 'verifier', judge, lap);
  refuseUnpriced(asked, [generator, verifier]);
  const search = searchFrom(asked.search, asked.refine);
  const isLong = typeof asked.search === 'string' && asked.search !== 'small';
  const sampling = samplingAsked(asked, lap, isLong ? RELEASED_SAMPLING : SMALL_SAMPLING);
  return { asked, lap, generator, verifier, search, sampling };
}

async function problemsIn(store: ArtifactStore, file: string): Promise<SetRow[]> {
  if ((await store.stat(file).catch(() => undefined)) === undefined)
    throw new Error(
      `problems: expected a file of the store such as imports/problems/0123456789ab.jsonl, got ` +
        `${JSON.stringify(file)}, which is not there: \`flywheel import problems\` puts one into it`,
    );
  const rows: SetRow[] = [];
  for await (const problem of store.readJsonl<Problem>(await store.refOf(file))) rows.push({ id: problem.id, problem });
  if (rows.length === 0) throw new Error(`problems: expected at least one problem, got none in ${file}`);
  return rows;
}

/** Of the problems that a `solve` is about, those of a range, each as a dataset of its own. */
export async function problemsFrom(
  store: ArtifactStore,
  { place, problems, from, count }: { place: Place; problems: DatasetRef; from: number; count: number },
): Promise<readonly AskedProblem[]> {
  const asked: AskedProblem[] = [];
  let index = 0;
  for await (const row of store.readJsonl<SetRow>(problems)) {
    if (index >= from + count) break;
    if (index >= from) {
      const at = problemPlace(place, row.id);
      const made = madeBy('problemsFrom', { problems });
      asked.push({ id: row.id, rows: await store.writeJsonl(uri.dataset(at, 'asked'), [row], made) });
    }
    index += 1;
  }
  return asked;
}

export interface AskedProblem {
  readonly id: string;
  /** One SetRow. */
  readonly rows: DatasetRef;
}

/** Where a problem of a product keeps what it makes. */
export const problemPlace = (place: Place, problem: string): Place => `${place}/${problem}` as Place;

/** All problems of a `solve` as one file, in their order. */
export async function writeSolved(
  store: ArtifactStore,
  { place, problems }: Pick<OpenedSolve, 'place' | 'problems'>,
): Promise<DatasetRef> {
  async function* solved(): AsyncGenerator<SolvedProblem> {
    for await (const { id } of store.readJsonl<SetRow>(problems))
      yield await store.readJson<SolvedProblem>(uri.products(place, `problems/${id}.json`));
  }
  return store.writeJsonl(uri.products(place, 'results.jsonl'), solved(), madeBy('writeSolved', { problems }));
}
