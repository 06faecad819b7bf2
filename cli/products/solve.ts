import type { Command } from 'commander';
import { concurrencyAsked, nameOf, promptsAsked } from '../../activities/products/open.ts';
import { readSolve } from '../../activities/products/solve.ts';
import { promptTextsNamed } from '../../activities/store/promptSets.ts';
import { readRefinement } from '../../reports/products/readRefinement.ts';
import { productPlace, uri, type Place } from '../../shared/ids.ts';
import { addSpent, NOTHING_SPENT } from '../../shared/products/caps.ts';
import { searchCalls } from '../../shared/products/estimate.ts';
import type { SolveInput } from '../../shared/products/input.ts';
import { searchFrom } from '../../shared/products/pool.ts';
import type { RefinedProblem } from '../../shared/products/refinement.ts';
import {
  isFinal,
  NO_ENDS,
  SEARCHES,
  type SearchPolicy,
  type SolvedProblem,
  type SolveProgress,
  type SolveResult,
} from '../../shared/products/search.ts';
import type { Problem } from '../../shared/records.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import { writeSolvePage } from '../../reports/products/writeSolvePage.ts';
import { productWorld } from '../../workers/products.ts';
import { store } from '../../workers/store.ts';
import { withFields } from '../team/fieldOption.ts';
import { UsageError } from '../usage.ts';
import type { ToEstimate } from './estimate.ts';
import { modelsFrom, problemsFrom, productInput, withProductOptions, type ProductOptions } from './options.ts';
import { refinedLines } from './refinedView.ts';
import { refinementFrom, withRefineOptions, type RefineOptions } from './refining.ts';
import { pythonFor, runProduct } from './runProduct.ts';
import { solvedLines, solveLines } from './solveView.ts';

interface SolveOptions extends ProductOptions, RefineOptions {
  readonly search?: string;
  readonly field: readonly string[];
}

export function registerSolve(program: Command): void {
  const command = program
    .command('solve')
    .summary('prove a file of problems at test time, by search')
    .description(
      'Searches for proofs (paper 3.3.3): many proofs of each problem, many analyses of each proof, and rounds in ' +
        'which the best are refined with the issues that were found, until a proof passes all its analyses. Or, with ' +
        '--refine, threads of proofs that refine themselves by their own evaluations (paper 3.3.2). Needs no lap, ' +
        'no training and no Python. Says before what it would take. Ctrl-C stops it; the same command goes ' +
        'on, and shows the results once it has ended.',
    )
    .argument('<problems>', 'a file: JSON, JSONL, CSV, TSV or Parquet')
    .optionsGroup('The search:')
    .option('--search <size>', `${Object.keys(SEARCHES).join(', ')} (default: small)`);
  withRefineOptions(withFields(command).optionsGroup('Sequential refinement:'));
  withProductOptions(command, 'writes proofs, and judges them').action(solve);
}

async function solve(file: string, { search, field, ...options }: SolveOptions): Promise<void> {
  const say = (line: string): void => console.error(line);
  const { model: generator, judge: verifier } = modelsFrom(options);
  if (search !== undefined && !isSearch(search))
    throw new UsageError(`Expected --search to be one of ${Object.keys(SEARCHES).join(', ')}, got "${search}"`);
  const asked: SolveInput = {
    ...productInput(options),
    problems: await problemsFrom(file, say, field),
    ...(generator && { generator }),
    ...(verifier && { verifier }),
    ...(search !== undefined && { search }),
    ...(await refinementFrom({ search, ...options }, say)),
  };
  const input = { ...asked, name: nameOf(asked, file) };
  const place = productPlace('solve', input.name);
  const policy = searchFrom(input.search, input.refine);
  await runProduct<SolveProgress, SolveResult>(
    {
      kind: 'solve',
      place,
      input,
      python: await pythonFor(input),
      estimate: () => toEstimate(input),
      // Grades that come are put beside the proofs by the workflow.
      ended: async () => (input.graded === undefined ? endedAt(place, policy) : undefined),
      line: solveLines(policy, input.caps),
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
  const isRefined = search.kind === 'sequential';
  const { refinesAtOnce: atOnce } = await promptTextsNamed(
    store,
    promptsAsked(asked, lap),
    lap?.recipe.metaRubric,
    isRefined,
  );
  return {
    kinds: searchCalls(search, count, atOnce),
    models: { model: generator, judge: verifier },
    sampling,
    prompts: promptsAsked(asked, lap),
    rows,
    concurrency: concurrencyAsked(asked, lap),
    caps: asked.caps,
  };
}

/** What a `solve` came to in which every problem has ended for good. */
async function endedAt(place: Place, search: SearchPolicy): Promise<SolveResult | undefined> {
  const file = uri.products(place, 'results.jsonl');
  if ((await store.stat(file)) === undefined) return undefined;
  const results = await store.refOf(file);
  let rows = 0;
  let spent = NOTHING_SPENT;
  let done = NO_ENDS;
  for await (const { end, spent: by } of store.readJsonl<SolvedProblem>(results)) {
    if (!isFinal(end)) return undefined;
    done = { ...done, [end]: done[end] + 1 };
    spent = addSpent(spent, by);
    rows += 1;
  }
  return { place, search, results: { ...results, rows }, done, spent };
}

async function tellEnd(result: SolveResult) {
  const { place, search, results, done, spent } = result;
  const file = await store.local(results.uri);
  const page = await store.local(await pageOf(result));
  const json = { place, results: file, page, done, spent };
  if (search.kind === 'pool')
    return {
      lines: [
        ...(await solvedLines(result, store.readJsonl<SolvedProblem>(results))),
        `Proofs: ${file}`,
        `To read: ${page}`,
      ],
      json,
    };
  const figures = await readRefinement(store, results, search);
  const proofs = await store.local(uri.products(place, 'proofs.jsonl'));
  const lines = await refinedLines(result, store.readJsonl<RefinedProblem>(results), figures);
  return {
    lines: [...lines, `Threads: ${file}`, `Proofs for people to grade: ${proofs}`, `To read: ${page}`],
    json: { ...json, proofs, figures },
  };
}

/** The page of these results; one that is not there, or was made of others, is written. */
async function pageOf({ place, search, results: { sha256 } }: SolveResult): Promise<string> {
  const page = uri.products(place, 'report.html');
  const made = (await store.stat(page)) && (await store.readMade(page));
  if (!made?.from.some((source) => 'sha256' in source && source.sha256 === sha256))
    await writeSolvePage(store, { place, search });
  return page;
}
