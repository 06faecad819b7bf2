import { continueAsNew, executeChild, workflowInfo } from '@temporalio/workflow';
import type { OpenedSolve, SolveInput } from '../../shared/products/input.ts';
import type { SolveResult } from '../../shared/products/search.ts';
import { failure, inItsWords } from '../failure.ts';
import { data } from '../proxies.ts';
import { searchProof } from './searchProof.ts';
import { whileAsked } from './served.ts';
import { NOTHING_SOLVED, trackSolve, type SolveState } from './solveProgress.ts';

/** Problems of one run: about a dozen events each, and one for each round, stay below 4,096 events of history. */
const PROBLEMS_PER_RUN = 100;

/**
 * Solves a file of problems at test time (paper 3.3): a search a problem, some of them at once. Whatever is killed, the
 * same input again goes on where it was.
 */
export async function solve(
  input: SolveInput,
  from?: { readonly opened: OpenedSolve; readonly state: SolveState },
): Promise<SolveResult> {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const owner = { workflowId, runId: firstExecutionRunId };
  const opened = from?.opened ?? (await inItsWords(data.openSolve(input, owner)));
  const { place, name, problems, search, window } = opened;
  const progress = trackSolve(name, problems.rows, from?.state ?? NOTHING_SOLVED);
  const first = progress.state().next;
  const asked = [...(await data.problemsFrom({ place, problems, from: first, count: PROBLEMS_PER_RUN }))];

  const one = async (): Promise<void> => {
    for (let problem = asked.shift(); problem !== undefined; problem = asked.shift()) {
      progress.begins(problem.id);
      if (search.kind !== 'pool') throw failure('InvalidProduct', 'Sequential refinement is not there yet');
      const ended = await executeChild(searchProof, {
        workflowId: `${place}/${problem.id}`,
        args: [{ opened, search, problem }],
        staticSummary: `${search.proofs} proofs × ${search.analyses} analyses, ${search.rounds} rounds at most`,
      });
      progress.ends(problem.id, ended);
    }
  };
  await whileAsked(opened, [opened.generator, opened.verifier], async () => {
    await Promise.all(Array.from({ length: window }, one));
    const state = progress.state();
    if (state.next < problems.rows) await continueAsNew<typeof solve>(input, { opened, state });
  });
  const state = progress.state();
  const results = await data.writeSolved({ place, problems });
  return { place, results, done: state.done, spent: state.spent };
}
