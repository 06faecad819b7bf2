import { setCurrentDetails } from '@temporalio/workflow';
import type { AskedProblem } from '../../activities/products/solve.ts';
import type { Place } from '../../shared/ids.ts';
import { addSpent, NOTHING_SPENT, spentOn } from '../../shared/products/caps.ts';
import type { OpenedSolve } from '../../shared/products/input.ts';
import type { ScoredRound } from '../../shared/products/rounds.ts';
import type { PoolSearch, RoundSummary, SearchEnd } from '../../shared/products/search.ts';
import type { Spent } from '../../shared/products/caps.ts';
import { data } from '../proxies.ts';
import { sampler } from '../sets/sampler.ts';
import { askingOf } from './asking.ts';
import { roundsText, tellRound } from './solveProgress.ts';

export interface SearchProofInput {
  readonly opened: OpenedSolve;
  readonly search: PoolSearch;
  readonly problem: AskedProblem;
}

export interface SearchProofResult {
  readonly end: SearchEnd;
  readonly spent: Spent;
}

/**
 * A problem's search (paper 3.3.3): a pool of proofs, n analyses of each; round by round the best by mean score are
 * refined with analyses that report issues, until a proof passes all n or R rounds are over.
 */
export async function searchProof({ opened, search, problem }: SearchProofInput): Promise<SearchProofResult> {
  const at = `${opened.place}/${problem.id}` as Place;
  const generator = sampler(askingOf(opened, at), opened.generator.ref);
  const verifier = sampler(askingOf(opened, at), opened.verifier.ref);
  const rounds: ScoredRound[] = [];
  const summaries: RoundSummary[] = [];
  let spent = NOTHING_SPENT;
  let asked = problem.rows;

  for (let round = 0; ; round += 1) {
    // Round 0 writes proofs of the problem; later ones one refined proof of each of the best.
    const written = await generator.sample(
      `round-${round}/proofs`,
      asked,
      round === 0 ? { task: 'prove', perRow: search.proofs, mayFail: true } : { task: 'refine', mayFail: true },
    );
    const proofs = await data.collectRound({ at, round, setId: written.setId, rows: asked });

    // n analyses of each.
    const verdicts = await verifier.sample(`round-${round}/verdicts`, proofs, {
      task: 'verify',
      perRow: search.analyses,
      mayFail: true,
    });
    const record = { proofs, verdicts: verdicts.setId, written: written.counts, judged: verdicts.counts };
    const { scored, next, summary } = await data.rankRound({ at, search, round, earlier: rounds, record });
    rounds.push({ proofs, scored });
    summaries.push(summary);
    spent = addSpent(
      spent,
      addSpent(spentOn(written, opened.generator.price), spentOn(verdicts, opened.verifier.price)),
    );
    setCurrentDetails(roundsText(problem.id, summaries, search));
    await tellRound({ problem: problem.id, summary, spent });

    // The best of the pool are what the next round refines.
    const end = summary.passed > 0 ? 'passed' : next.rows === 0 ? 'noProof' : 'exhausted';
    if (end !== 'exhausted' || round === search.rounds) {
      await data.writeSolvedProblem({ place: opened.place, rows: problem.rows, end, rounds, summaries, spent });
      return { end, spent };
    }
    asked = next;
  }
}
