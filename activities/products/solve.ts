import { isPath, uri, type Place } from '../../shared/ids.ts';
import type { OpenedProduct, OpenedSolve, SolveInput } from '../../shared/products/input.ts';
import { addSpent, NOTHING_SPENT } from '../../shared/products/caps.ts';
import { searchFrom } from '../../shared/products/pool.ts';
import { solveSchema } from '../../shared/products/schema.ts';
import {
  isFinal,
  NO_ENDS,
  type SearchPolicy,
  type SolvedProblem,
  type SolveResult,
} from '../../shared/products/search.ts';
import type { ArtifactRef, DatasetRef, Problem } from '../../shared/records.ts';
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
import { checkerAsked, openRefining, refinementAsked } from './openRefining.ts';
import { solvedUri, type SearchEnded } from './solved.ts';

/**
 * Reads the input of a `solve`, refuses what cannot run, names it and lays out its problems.
 * @throws `InvalidProduct` or `ProductOpen`: the same would be refused again.
 */
export function openSolve(world: ProductWorld, input: SolveInput, owner: ProductOwner): Promise<OpenedSolve> {
  const { store } = world;
  return refusing(async () => {
    const { asked, lap, generator, verifier, search, sampling, checkedBy } = await readSolve(world, input);
    const rows = await problemsIn(store, asked.problems);
    const opened = await openProduct(world, {
      kind: 'solve',
      input: asked,
      file: asked.problems,
      lap,
      sampling,
      refines: search.kind === 'sequential',
      owner,
    });
    const problems = await store.writeJsonl(
      uri.dataset(opened.place, 'problems'),
      rows,
      madeBy('openSolve', { problems: await store.refOf(asked.problems) }),
    );
    const window = Math.min(rows.length, problemsAtOnce(search, opened));
    const refining = search.kind === 'sequential' && (await openRefining(store, opened, asked, checkedBy));
    return { ...opened, problems, generator, verifier, search, window, ...(refining && { refining }) };
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
  if (asked.search !== undefined && asked.refine !== undefined)
    throw new Error('search: expected it to be left out beside refine, which stands in its place, got both');
  if (asked.graded !== undefined && asked.refine === undefined)
    throw new Error('graded: expected grades of a sequential refinement, refine, got them for a search');
  const checkedBy = checkerAsked(world, asked, lap);
  const search = searchFrom(asked.search, asked.refine && refinementAsked(asked.refine, checkedBy));
  const isLong = typeof asked.search === 'string' && asked.search !== 'small';
  const sampling = samplingAsked(asked, lap, isLong ? RELEASED_SAMPLING : SMALL_SAMPLING);
  return { asked, lap, generator, verifier, search, sampling, checkedBy };
}

export async function problemsIn(store: ArtifactStore, file: string): Promise<SetRow[]> {
  if ((await store.stat(file).catch(() => undefined)) === undefined)
    throw new Error(
      `problems: expected a file of the store such as imports/problems/0123456789ab.jsonl, got ` +
        `${JSON.stringify(file)}, which is not there: \`flywheel import problems\` puts one into it`,
    );
  const rows: SetRow[] = [];
  for await (const problem of store.readJsonl<Problem>(await store.refOf(file))) rows.push({ id: problem.id, problem });
  if (rows.length === 0) throw new Error(`problems: expected at least one problem, got none in ${file}`);
  const wrong = rows.find(({ id }) => !isPath(id));
  if (wrong) throw new Error(`problems: expected ids that can be names of files, got ${JSON.stringify(wrong.id)}`);
  return rows;
}

/** Ours: what one worker has activities for. */
const MOST_AT_ONCE = 32;

/**
 * Problems that are worked on at once: so many that their first proofs alone are twice the calls in flight, for some
 * wait for their slowest call; and no more than the cap of calls has whole rounds for, so that it ends in proofs that
 * were judged.
 */
export function problemsAtOnce(search: SearchPolicy, { engine, caps }: Pick<OpenedProduct, 'engine' | 'caps'>): number {
  const first = search.kind === 'pool' ? search.proofs : search.threads;
  const round = search.kind === 'pool' ? search.proofs * (1 + search.analyses) : search.threads;
  const wanted = Math.min(MOST_AT_ONCE, Math.ceil((2 * engine.maxConcurrency) / first));
  return Math.max(1, caps?.calls === undefined ? wanted : Math.min(wanted, Math.floor(caps.calls / round)));
}

export interface AskedProblem {
  readonly id: string;
  /** One SetRow. */
  readonly rows: DatasetRef;
  /** Where it was solved before, or given up for good: it is taken over. */
  readonly ended?: SearchEnded;
}

/** Where a problem of a product keeps what it makes. */
export const problemPlace = (place: Place, problem: string): Place => `${place}/${problem}` as Place;

/** Of the problems that a `solve` is about, those of a range, each as a dataset of its own. */
export async function problemsFrom(
  store: ArtifactStore,
  { place, problems, from, count }: { place: Place; problems: DatasetRef; from: number; count: number },
): Promise<readonly AskedProblem[]> {
  const asked: AskedProblem[] = [];
  let index = 0;
  for await (const row of store.readJsonl<SetRow>(problems)) {
    index += 1;
    if (index <= from || index > from + count) continue;
    const made = madeBy('problemsFrom', { problems });
    const rows = await store.writeJsonl(uri.dataset(problemPlace(place, row.id), 'asked'), [row], made);
    const solved = await store.findJson<SolvedProblem>(solvedUri(place, row.id));
    const ended = solved && isFinal(solved.end) && { end: solved.end, spent: solved.spent };
    asked.push({ id: row.id, rows, ...(ended && { ended }) });
  }
  return asked;
}

type Solved = Pick<OpenedSolve, 'place' | 'problems' | 'search'>;

/** All problems of a `solve` as one file, in their order. One that was not begun is capped. */
export const writeSolved = (store: ArtifactStore, solved: Solved): Promise<SolveResult> =>
  writeResults<SolvedProblem>(store, solved, 'writeSolved', ({ problem }, found = notBegun(problem)) => found);

/** The same of lines of any kind. @param lineOf the line of a problem, by what was found of it. */
export async function writeResults<Line extends Pick<SolvedProblem, 'end' | 'spent'>>(
  store: ArtifactStore,
  { place, problems, search }: Solved,
  by: string,
  lineOf: (row: SetRow, found?: Line) => Line,
): Promise<SolveResult> {
  let [done, spent] = [NO_ENDS, NOTHING_SPENT];
  async function* lines(): AsyncGenerator<Line> {
    for await (const row of store.readJsonl<SetRow>(problems)) {
      const line = lineOf(row, await store.findJson<Line>(solvedUri(place, row.id)));
      done = { ...done, [line.end]: done[line.end] + 1 };
      spent = addSpent(spent, line.spent);
      yield line;
    }
  }
  const made = madeBy(by, { problems, ended: await endedOf(store, place, problems) });
  const results = await store.writeJsonl(uri.products(place, 'results.jsonl'), lines(), made);
  return { place, search, results, done, spent };
}

/** The problems' own results, so far as they are there. */
async function endedOf(store: ArtifactStore, place: Place, problems: DatasetRef): Promise<ArtifactRef[]> {
  const ended: ArtifactRef[] = [];
  for await (const { id } of store.readJsonl<SetRow>(problems)) {
    const made = await store.readMade(solvedUri(place, id));
    if (made !== undefined) ended.push({ uri: solvedUri(place, id), sha256: made.sha256 });
  }
  return ended;
}

export const NOT_BEGUN = 'The caps were reached before it was begun';
const notBegun = (problem: Problem): SolvedProblem => ({
  problem,
  end: 'capped',
  reason: NOT_BEGUN,
  best: null,
  ancestry: [],
  rounds: [],
  spent: NOTHING_SPENT,
});
