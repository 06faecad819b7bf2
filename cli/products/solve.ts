import type { Command } from 'commander';
import { nameOf } from '../../activities/products/open.ts';
import { aligned, decimal, percent, whole } from '../../reports/pages/format.ts';
import { productPlace } from '../../shared/ids.ts';
import type { SolveInput } from '../../shared/products/input.ts';
import {
  SEARCHES,
  type SearchEnd,
  type SolvedProblem,
  type SolveProgress,
  type SolveResult,
} from '../../shared/products/search.ts';
import { store } from '../../workers/store.ts';
import { UsageError } from '../usage.ts';
import { modelsFrom, problemsFrom, productInput, withProductOptions, type ProductOptions } from './options.ts';
import { runProduct } from './runProduct.ts';

interface SolveOptions extends ProductOptions {
  readonly search?: string;
}

/** Problems shown on the terminal; all are in the files. */
const SHOWN = 40;

export function registerSolve(program: Command): void {
  withProductOptions(program.command('solve'), 'writes proofs, and judges them')
    .summary('prove a file of problems at test time, by search')
    .description(
      'Searches for proofs (paper 3.3.3): many proofs of each problem, many analyses of each proof, and rounds in ' +
        'which the\nbest are refined with the issues that were found, until a proof passes all its analyses. Needs ' +
        'no lap, no training and no\nPython. Ctrl-C stops it; the same command goes on.',
    )
    .argument('<problems>', 'a file: JSON, JSONL, CSV, TSV or Parquet')
    .option('--search <size>', `${Object.keys(SEARCHES).join(', ')} (default: small)`)
    .action(solve);
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
  await runProduct<SolveProgress, SolveResult>(
    {
      kind: 'solve',
      place: productPlace('solve', input.name),
      input,
      python: input.lap !== undefined,
      line: progressLine,
      tell: endOf,
    },
    options,
  );
}

const isSearch = (name: string): name is keyof typeof SEARCHES => Object.hasOwn(SEARCHES, name);

function progressLine({ problems, done, underWay, spent }: SolveProgress): string {
  const ended = Object.values(done).reduce((sum, count) => sum + count, 0);
  const rounds = underWay.slice(0, 3).map(({ problem, round, last }) => {
    const best = last?.best;
    return `${problem}: round ${round}${best === undefined || best === null ? '' : `, best ${best.toFixed(2)}`}`;
  });
  return `${ended} of ${problems} problems, ${done.passed} passed · ${whole(spent.calls)} calls · ${rounds.join(' · ')}`;
}

const ENDS: Readonly<Record<SearchEnd, string>> = {
  passed: 'passed',
  claimed: 'gave itself 1',
  exhausted: 'rounds used up',
  capped: 'caps reached',
  noProof: 'no proof',
};

async function endOf({ results, done, spent }: SolveResult) {
  const rows: string[][] = [];
  for await (const { problem, end, best, rounds } of store.readJsonl<SolvedProblem>(results)) {
    if (rows.length < SHOWN) rows.push([problem.id, ENDS[end], decimal(best?.mean ?? null), `${rounds.length}`]);
  }
  const file = await store.local(results.uri);
  const { promptTokens, completionTokens } = spent.usage;
  return {
    lines: [
      ...aligned([['problem', 'end', 'best score', 'rounds'], ...rows]),
      ...(results.rows > SHOWN ? [`… and ${results.rows - SHOWN} more, in the file`] : []),
      '',
      `${done.passed} of ${results.rows} problems passed (${percent(done.passed / results.rows)}); ` +
        `${whole(spent.calls)} calls, ${whole(promptTokens + completionTokens)} tokens` +
        (spent.cost === null ? '' : `, cost ${spent.cost.toFixed(2)}`),
      `Proofs: ${file}`,
    ],
    json: { results: file, done, spent },
  };
}
