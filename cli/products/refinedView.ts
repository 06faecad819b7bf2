import { aligned, decimal, whole } from '../../reports/pages/format.ts';
import { refinementLines } from '../../reports/products/refinementSection.ts';
import type { RefinedProblem } from '../../shared/products/refinement.ts';
import type { RefinementFigures } from '../../shared/products/refinementFigures.ts';
import type { SolveResult } from '../../shared/products/search.ts';
import { ENDS, spentLines } from './solveView.ts';

/** Problems in the table; all are in the file. */
const SHOWN = 40;

/** What a finished sequential refinement came to: a line a problem, and the curves by who judged. */
export async function refinedLines(
  result: SolveResult,
  problems: AsyncIterable<RefinedProblem>,
  figures: RefinementFigures,
): Promise<string[]> {
  const rows: string[][] = [];
  for await (const { problem, end, best, threads, iterations, spent } of problems) {
    if (rows.length === SHOWN) break;
    const claiming = threads.filter(({ steps }) => steps.some(({ selfScore }) => selfScore === 1)).length;
    const claims = `${claiming} of ${threads.length}`;
    rows.push([problem.id, ENDS[end], `${iterations.length}`, claims, decimal(best?.selfScore), whole(spent.calls)]);
  }
  const left = result.results.rows - rows.length;
  return [
    ...aligned([['problem', 'end', 'iterations', 'gave themselves 1', 'best self-score', 'calls'], ...rows]),
    ...(left > 0 ? [`… and ${whole(left)} more, in the file`] : []),
    '',
    ...refinementLines(figures),
    ...spentLines(result),
  ];
}
