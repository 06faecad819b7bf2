import { isCancellation } from '@temporalio/workflow';
import type { AskedThreads, IterationSets } from '../../activities/products/refine.ts';
import type { AskedProblem } from '../../activities/products/solve.ts';
import type { SearchEnded } from '../../activities/products/solved.ts';
import { placeIn, setIdOf } from '../../shared/ids.ts';
import { addSpent, NOTHING_SPENT, spentOn, type Price } from '../../shared/products/caps.ts';
import { endOfFailure } from '../../shared/products/ends.ts';
import type { OpenedSolve, Refining } from '../../shared/products/input.ts';
import { endOfRefinement, setOfIteration } from '../../shared/products/refinement.ts';
import type { IterationSummary, SequentialRefinement } from '../../shared/products/search.ts';
import type { DatasetRef } from '../../shared/records.ts';
import { rootFailure } from '../failure.ts';
import { data } from '../proxies.ts';
import { sampler, type SampleOptions } from '../sets/sampler.ts';
import { askingOf } from './asking.ts';
import { VERDICT_ATTEMPTS } from './searchProof.ts';
import { refinementTeller } from './searchTeller.ts';

export interface RefineProofInput {
  readonly opened: OpenedSolve;
  readonly refinement: SequentialRefinement;
  readonly refining: Refining;
  readonly problem: AskedProblem;
}

/**
 * A problem's sequential refinement (paper 3.3.2): T threads, each of which writes a proof with its own evaluation and
 * refines it by that, until it gives itself 1 or I iterations are over. Then all proofs that were held are judged.
 */
export async function refineProof(input: RefineProofInput): Promise<SearchEnded> {
  const { opened, refinement, refining, problem } = input;
  const { threads, iterations, verdicts: perProof } = refinement;
  const at = placeIn(opened.place, problem.id);
  const asking = askingOf(opened, at, [opened.generator, opened.verifier]);
  const teller = refinementTeller(problem.id, refinement);
  const attempts: DatasetRef[] = [];
  const summaries: IterationSummary[] = [];
  let verdicts: string | undefined;
  let spent = NOTHING_SPENT;
  let underWay: { readonly setId: string; readonly price?: Price | undefined } | undefined;

  async function ask(role: 'generator' | 'verifier', set: string, rows: DatasetRef, how: SampleOptions) {
    const { ref, price } = opened[role];
    underWay = { setId: setIdOf(at, set), price };
    const answers = await sampler(asking, ref).sample(set, rows, { ...how, mayFail: true });
    underWay = undefined;
    spent = addSpent(spent, spentOn(answers, price));
    return answers.setId;
  }

  /** Iteration 1: T proofs, each with its own evaluation. */
  async function firstProofs(): Promise<IterationSets> {
    const how = { task: 'selfVerify', perRow: threads } as const;
    return { anew: await ask('generator', setOfIteration(1).anew, problem.rows, how) };
  }

  /**
   * Later ones: each thread's proof, shown its own evaluation, refined and evaluated anew; in one answer where the
   * prompts have a text for it, else in two. A thread without a proof writes one.
   */
  async function refined(iteration: number, { anew, again }: AskedThreads): Promise<IterationSets> {
    const sets = setOfIteration(iteration);
    const first = anew.rows > 0 ? { anew: await ask('generator', sets.anew, anew, { task: 'selfVerify' }) } : {};
    if (again.rows === 0) return first;
    const task = refining.atOnce ? 'selfVerify' : 'refine';
    const both = { ...first, again: await ask('generator', sets.again, again, { task }) };
    if (refining.atOnce) return both;
    const rows = await data.proofsToEvaluate({ at, iteration, asked: again, setId: both.again });
    if (rows.rows === 0) return both;
    return { ...both, evaluations: await ask('generator', sets.evaluations, rows, { task: 'verify' }) };
  }

  const ended = () => {
    const { place } = opened;
    const { checkedBy } = refining;
    return { place, problem: problem.rows, threads, attempts, summaries, verdicts, checkedBy, spent };
  };
  try {
    let asked: AskedThreads | undefined;
    for (let iteration = 1; iteration <= iterations; iteration += 1) {
      const sets = asked === undefined ? await firstProofs() : await refined(iteration, asked);
      const before = summaries.at(-1);
      const advanced = await data.advanceThreads({ at, iteration, problem: problem.rows, asked, sets, before });
      attempts.push(advanced.attempts);
      summaries.push(advanced.summary);
      teller.tell(advanced.summary, spent);
      // A thread that has given itself 1 has ended.
      asked = advanced.next;
      if (asked.anew.rows + asked.again.rows === 0) break;
    }

    // The majority of the verifier's analyses judges each distinct proof.
    const proofs = await data.heldProofs({ at, problem: problem.rows, attempts });
    const how = { task: 'verify', perRow: perProof, attempts: VERDICT_ATTEMPTS } as const;
    if (perProof > 0 && proofs.rows > 0) verdicts = await ask('verifier', 'verdicts', proofs, how);
    return await data.writeRefinedProblem({ ...ended(), end: endOfRefinement(summaries) });
  } catch (error) {
    // A failure that is this problem's own, and caps that are reached, end it with what there is.
    const { type, message } = rootFailure(error);
    const end = endOfFailure(type);
    if (end === undefined || isCancellation(error)) throw error;
    return data.writeRefinedProblem({ ...ended(), end, reason: message, underWay });
  }
}
