import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { importGraded } from '../../activities/imports/graded/graded.ts';
import { markFormat } from '../../activities/store/format.ts';
import type { SolveInput } from '../../shared/products/input.ts';
import { REFINEMENT, type IterationSummary, type RefinementSizes } from '../../shared/products/search.ts';
import { store } from '../../workers/store.ts';
import { UsageError, wholeFrom } from '../usage.ts';

/** Options of `solve` that are of sequential refinement. */
export interface RefineOptions {
  readonly refine?: boolean;
  readonly threads?: string;
  readonly iterations?: string;
  readonly verdicts?: string;
  readonly graded?: string;
}

const { threads, iterations, verdicts } = REFINEMENT;

export function withRefineOptions(command: Command): Command {
  return command
    .option('--refine', 'sequential refinement with self-verification in place of a search (paper 3.3.2)')
    .option('--threads <number>', `with --refine: threads of a problem (default: ${threads})`)
    .option('--iterations <number>', `with --refine: proofs of a thread at most (default: ${iterations})`)
    .option(
      '--verdicts <number>',
      `with --refine: analyses whose majority judges a proof (default: ${verdicts}; 0 where a checker knows)`,
    )
    .option('--graded <file>', "with --refine: people's grades of the proofs.jsonl that it wrote");
}

/** @throws UsageError naming the option. */
export async function refinementFrom(
  options: RefineOptions & { readonly search?: string | undefined },
  say: (line: string) => void,
): Promise<Pick<SolveInput, 'refine' | 'graded'>> {
  const { refine = false, search, graded } = options;
  const numbers = (['threads', 'iterations', 'verdicts'] as const).flatMap((name) => {
    const text = options[name];
    return text === undefined ? [] : [[name, wholeFrom(`--${name}`, text, name === 'verdicts' ? 0 : 1)] as const];
  });
  const [without] = [...numbers.map(([name]) => name), ...(graded === undefined ? [] : ['graded'])];
  if (!refine && without !== undefined)
    throw new UsageError(`Expected --refine with --${without}, which is of sequential refinement, got none`);
  if (refine && search !== undefined)
    throw new UsageError('Expected --refine or --search, got both: the one stands in place of the other');
  if (!refine) return {};
  const sizes: RefinementSizes = Object.fromEntries(numbers);
  return { refine: sizes, ...(graded !== undefined && { graded: await gradesFrom(graded, say) }) };
}

/** A file of grades, taken into the store; one that lies there stays as it is. */
async function gradesFrom(file: string, say: (line: string) => void): Promise<string> {
  await markFormat(store);
  if (!existsSync(file) && (await store.stat(file).catch(() => undefined)) !== undefined) return file;
  try {
    const { uri: taken, count, scale, dropped } = await importGraded(store, 'proofs', [file], {});
    const [{ where, why } = { where: '', why: '' }] = dropped;
    say(
      `${count} graded proofs, ${scale}` +
        (dropped.length > 0 ? `; ${dropped.length} left out, such as ${where}: ${why}` : ''),
    );
    return taken;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

/** `p1: 3 iterations, 5 of 32 gave themselves 1`. */
export function iterationText(problem: string, { iteration, held }: IterationSummary): string {
  const all = Object.values(held).reduce((sum, count) => sum + count, 0);
  return `${problem}: ${iteration} iterations, ${held['1']} of ${all} gave themselves 1`;
}
