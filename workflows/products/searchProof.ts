import { continueAsNew, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { AskedProblem } from '../../activities/products/solve.ts';
import type { SearchEnded } from '../../activities/products/solved.ts';
import { placeIn } from '../../shared/ids.ts';
import { addSpent, NOTHING_SPENT, spentOn, type Spent } from '../../shared/products/caps.ts';
import { endOfFailure } from '../../shared/products/ends.ts';
import type { OpenedSolve } from '../../shared/products/input.ts';
import { isFew } from '../../shared/figures/losses.ts';
import type { SetRecord } from '../../shared/lap/manifest.ts';
import { callsIn } from '../../shared/outcomes.ts';
import { endAfter } from '../../shared/products/pool.ts';
import { setsOfRound } from '../../shared/products/rounds.ts';
import type { PoolSearch } from '../../shared/products/search.ts';
import type { DatasetRef } from '../../shared/records.ts';
import { rootFailure } from '../failure.ts';
import { data } from '../proxies.ts';
import { sampler } from '../sets/sampler.ts';
import { askingOf } from './asking.ts';
import { searchTeller } from './searchTeller.ts';

export interface SearchProofInput {
  readonly opened: OpenedSolve;
  readonly search: PoolSearch;
  readonly problem: AskedProblem;
}

/** What a search carries from run to run of its workflow. */
interface SearchState {
  /** That comes next. */
  readonly round: number;
  /** Of the pool, as it is asked about. */
  readonly best?: DatasetRef;
  /** What a proof has to reach to be among them. */
  readonly leastMean?: number | null;
  readonly spent: Spent;
}

/** Times that a malformed verdict is asked for, each under a new seed; then it is missing. As labels have it. */
export const VERDICT_ATTEMPTS = 3;
/** Ours: a round has some fifty events, so that a run of a search ends below 4,096. */
const MAX_HISTORY = 4_000;

/**
 * A problem's search (paper 3.3.3): a pool of proofs, n analyses of each; round by round the best by mean score are
 * refined with analyses that report issues, until a proof passes all n or R rounds are over.
 */
export async function searchProof(
  input: SearchProofInput,
  from: SearchState = { round: 0, spent: NOTHING_SPENT },
): Promise<SearchEnded> {
  const { opened, search, problem } = input;
  const at = placeIn(opened.place, problem.id);
  const asking = askingOf(opened, at, [opened.generator, opened.verifier]);
  const [generator, verifier] = [sampler(asking, opened.generator.ref), sampler(asking, opened.verifier.ref)];
  const prices = { generator: opened.generator.price, verifier: opened.verifier.price };
  const ended = { place: opened.place, at, rows: problem.rows };
  const teller = searchTeller(problem.id, search);
  let { round, best, leastMean, spent } = from;
  try {
    for (; ; round += 1) {
      const sets = setsOfRound(round);

      // Round 0 writes proofs of the problem; later ones one refined proof of each of the pool's best.
      const rows = best ?? problem.rows;
      const how = best ? ({ task: 'refine' } as const) : ({ task: 'prove', perRow: search.proofs } as const);
      const written = await generator.sample(sets.proofs, rows, { ...how, mayFail: true });
      const proofs = await data.collectRound({ at, round, setId: written.setId, rows });

      // n analyses of each, unless the proof cannot be among the best any more.
      const judged = await verifier.sample(sets.verdicts, proofs, {
        task: 'verify',
        perRow: search.analyses,
        attempts: VERDICT_ATTEMPTS,
        ...stopping(search, leastMean),
        mayFail: true,
      });

      // The pool's best so far are what the next round refines, unless it is over.
      const took = addSpent(spentOn(written, prices.generator), spentOn(judged, prices.verifier));
      const asked = {
        round,
        proofs,
        verdicts: judged.setId,
        written: written.counts,
        judged: judged.counts,
        spent: took,
        ...fewOf(written, judged),
      };
      const ranked = await data.rankRound({ at, search, best, asked });
      const { summary } = ranked;
      const end = endAfter({ ...summary, proofs: proofs.rows, best: ranked.best.rows }, search.rounds);
      if (end) return await data.writeSolvedProblem({ ...ended, end });

      ({ best, leastMean } = ranked);
      spent = addSpent(spent, took);
      teller.tell(summary, spent);
      if (workflowInfo().historyLength > MAX_HISTORY)
        await continueAsNew<typeof searchProof>(input, { round: round + 1, best, leastMean, spent });
    }
  } catch (error) {
    // A failure that is this problem's own, and caps that are reached, end it with what there is.
    const { type, message } = rootFailure(error);
    const end = endOfFailure(type);
    if (end === undefined || isCancellation(error)) throw error;
    await data.rankSoFar({ at, search, round, rows: best ?? problem.rows, best, prices });
    return data.writeSolvedProblem({ ...ended, end, reason: message });
  }
}

/** When a proof is analysed no further. */
function stopping({ earlyStop = true, halving = false }: PoolSearch, leastMean: number | null = null) {
  if (halving) return { halves: true };
  return earlyStop && leastMean !== null ? { leastMean } : {};
}

/** Where few answers of a set can be read, what is wrong with them; that its verdicts are alike is told of all together. */
function fewOf(...sets: readonly SetRecord[]): { readonly warning?: string } {
  const few = sets.find(({ counts }) => isFew(counts.answered, callsIn(counts)));
  return few?.warning === undefined ? {} : { warning: few.warning };
}
