import { CancellationScope, continueAsNew, executeChild, workflowInfo } from '@temporalio/workflow';
import type { AskedProblem } from '../../activities/products/solve.ts';
import type { SearchEnded } from '../../activities/products/solved.ts';
import { placeIn } from '../../shared/ids.ts';
import { NOTHING_SPENT } from '../../shared/products/caps.ts';
import { isOfAll } from '../../shared/products/ends.ts';
import type { OpenedSolve, SolveInput } from '../../shared/products/input.ts';
import type { SolveResult } from '../../shared/products/search.ts';
import { inItsWords, rootFailure } from '../failure.ts';
import { data } from '../proxies.ts';
import { inTurn } from '../inTurn.ts';
import { toTheirEnds } from '../toTheirEnds.ts';
import { refineProof } from './refineProof.ts';
import { searchProof } from './searchProof.ts';
import { whileAsked } from './served.ts';
import { NOTHING_SOLVED, trackSolve, type SolveState } from './solveProgress.ts';

/** Ours: problems that one activity reads. */
const READ_AT_ONCE = 100;
/**
 * Ours: a run of the workflow begins no further problem then; those under way add some thousand events, and Temporal
 * warns above 10,240. They come to their ends before the next run, which costs time, so that it should be seldom.
 */
const MAX_HISTORY = 5_000;

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
  const { problems, search, window } = opened;
  const progress = trackSolve(opened, from?.state ?? NOTHING_SOLVED);
  const next = problemReader(opened, progress.state().next);
  const isFull = () => workflowInfo().historyLength > MAX_HISTORY;
  const isCapped = () => progress.state().done.capped > 0;

  // What has ended for good before is taken over; caps that one problem reaches, all of them have.
  const one = async (): Promise<void> => {
    while (!isFull() && !isCapped()) {
      const problem = await next();
      if (problem === undefined) return;
      progress.begins(problem.id);
      progress.ends(problem.id, problem.ended ?? (await searched(opened, problem)));
    }
  };
  await whileAsked(opened, [opened.generator, opened.verifier], async () => {
    const underWay: Promise<void>[] = [];
    await toTheirEnds(underWay, async () => {
      underWay.push(...Array.from({ length: window }, one));
      await Promise.all(underWay);
    });
    const state = progress.state();
    if (state.next < problems.rows && !isCapped()) await continueAsNew<typeof solve>(input, { opened, state });
  });
  const result = await (search.kind === 'pool' ? data.writeSolved(opened) : data.writeRefined(opened));
  await data.writeSolvePage({ place: result.place, search });
  return { ...result, ...progress.warnings() };
}

/** A problem's search, which may fail alone: where others have hope, they go on. */
async function searched(opened: OpenedSolve, problem: AskedProblem): Promise<SearchEnded> {
  const { place, search, refining = { atOnce: false } } = opened;
  const at = placeIn(place, problem.id);
  try {
    if (search.kind === 'pool')
      return await executeChild(searchProof, {
        workflowId: at,
        args: [{ opened, search, problem }],
        staticSummary: `${search.proofs} proofs × ${search.analyses} analyses, ${search.rounds} rounds at most`,
        priority: inTurn(place),
      });
    return await executeChild(refineProof, {
      workflowId: at,
      args: [{ opened, refinement: search, refining, problem }],
      staticSummary: `${search.threads} threads, ${search.iterations} iterations at most`,
      priority: inTurn(place),
    });
  } catch (error) {
    const { type, message } = rootFailure(error);
    if (CancellationScope.current().consideredCancelled || isOfAll(type)) throw error;
    const reason = `Its search ended early: ${message}. The same command goes on with it`;
    const failed = { place, end: 'failed', reason } as const;
    if (search.kind === 'pool') return data.writeSolvedProblem({ ...failed, at, rows: problem.rows });
    const nothing = { attempts: [], summaries: [], spent: NOTHING_SPENT };
    return data.writeRefinedProblem({ ...failed, ...nothing, problem: problem.rows, threads: search.threads });
  }
}

/** Gives the problems from one on in their order, and reads some of them at once. */
function problemReader({ place, problems }: OpenedSolve, from: number): () => Promise<AskedProblem | undefined> {
  const ahead: AskedProblem[] = [];
  let read = from;
  let reading: Promise<void> | undefined;
  const readMore = async (): Promise<void> => {
    ahead.push(...(await data.problemsFrom({ place, problems, from: read, count: READ_AT_ONCE })));
    read += READ_AT_ONCE;
    reading = undefined;
  };
  return async () => {
    while (ahead.length === 0 && read < problems.rows) await (reading ??= readMore());
    return ahead.shift();
  };
}
