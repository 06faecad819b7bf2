import type { Command } from 'commander';
import { concurrencyAsked, nameOf, promptsAsked } from '../../activities/products/open.ts';
import { readSolve } from '../../activities/products/solve.ts';
import { productPlace, uri, type Place } from '../../shared/ids.ts';
import { addSpent, NOTHING_SPENT } from '../../shared/products/caps.ts';
import { searchCalls } from '../../shared/products/estimate.ts';
import type { SolveInput } from '../../shared/products/input.ts';
import { searchFrom } from '../../shared/products/pool.ts';
import {
  isFinal,
  SEARCH_ENDS,
  SEARCHES,
  type SearchEnd,
  type SolvedProblem,
  type SolveProgress,
  type SolveResult,
} from '../../shared/products/search.ts';
import type { Problem } from '../../shared/records.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import { productWorld } from '../../workers/products.ts';
import { store } from '../../workers/store.ts';
import { UsageError } from '../usage.ts';
import type { ToEstimate } from './estimate.ts';
import { modelsFrom, problemsFrom, productInput, withProductOptions, type ProductOptions } from './options.ts';
import { pythonFor, runProduct } from './runProduct.ts';
import { solvedLines, solveLines } from './solveView.ts';

interface SolveOptions extends ProductOptions {
  readonly search?: string;
}

export function registerSolve(program: Command): void {
  const command = program
    .command('solve')
    .summary('prove a file of problems at test time, by search')
    .description(
      'Searches for proofs (paper 3.3.3): many proofs of each problem, many analyses of each proof, and rounds in ' +
        'which the best are refined with the issues that were found, until a proof passes all its analyses. Needs ' +
        'no lap, no training and no Python. Says before what it would take. Ctrl-C stops it; the same command goes ' +
        'on, and shows the results once it has ended.',
    )
    .argument('<problems>', 'a file: JSON, JSONL, CSV, TSV or Parquet')
    .optionsGroup('The search:')
    .option('--search <size>', `${Object.keys(SEARCHES).join(', ')} (default: small)`);
  withProductOptions(command, 'writes proofs, and judges them').action(solve);
}

async function solve(file: string, { search, ...options }: SolveOptions): Promise<void> {
  const { model: generator, judge: verifier } = modelsFrom(options);
  if (search !== undefined && !isSearch(search))
    throw new UsageError(`Expected --search to be one of ${Object.keys(SEARCHES).join(', ')}, got "${search}"`);
  const asked: SolveInput = {
    ...productInput(options),
    problems: await problemsFrom(file, (line) => console.error(line)),
    ...(generator && { generator }),
    ...(verifier && { verifier }),
    ...(search !== undefined && { search }),
  };
  const input = { ...asked, name: nameOf(asked, file) };
  const place = productPlace('solve', input.name);
  await runProduct<SolveProgress, SolveResult>(
    {
      kind: 'solve',
      place,
      input,
      python: await pythonFor(input),
      estimate: () => toEstimate(input),
      ended: () => endedAt(place),
      line: solveLines(searchFrom(input.search, input.refine), input.caps),
      tell: tellEnd,
    },
    options,
  );
}

const isSearch = (name: string): name is keyof typeof SEARCHES => Object.hasOwn(SEARCHES, name);

async function toEstimate(input: SolveInput): Promise<ToEstimate> {
  const { asked, lap, generator, verifier, search, sampling } = await readSolve(productWorld(), input);
  const problems = await store.refOf(asked.problems);
  async function* rows(): AsyncGenerator<SetRow> {
    for await (const problem of store.readJsonl<Problem>(problems)) yield { id: problem.id, problem };
  }
  let count = 0;
  for await (const _ of rows()) count += 1;
  return {
    kinds: searchCalls(search, count),
    models: { model: generator, judge: verifier },
    sampling,
    prompts: promptsAsked(asked, lap),
    rows,
    concurrency: concurrencyAsked(asked, lap),
    caps: asked.caps,
  };
}

/** What a `solve` came to in which every problem has ended for good. */
async function endedAt(place: Place): Promise<SolveResult | undefined> {
  const file = uri.products(place, 'results.jsonl');
  if ((await store.stat(file)) === undefined) return undefined;
  const results = await store.refOf(file);
  let rows = 0;
  let spent = NOTHING_SPENT;
  const done = Object.fromEntries(SEARCH_ENDS.map((end) => [end, 0])) as Record<SearchEnd, number>;
  for await (const { end, spent: by } of store.readJsonl<SolvedProblem>(results)) {
    if (!isFinal(end)) return undefined;
    done[end] += 1;
    spent = addSpent(spent, by);
    rows += 1;
  }
  return { place, results: { ...results, rows }, done, spent };
}

async function tellEnd(result: SolveResult) {
  const { place, results, done, spent } = result;
  const file = await store.local(results.uri);
  return {
    lines: [...(await solvedLines(result, store.readJsonl<SolvedProblem>(results))), `Proofs: ${file}`],
    json: { place, results: file, done, spent },
  };
}
