import type { Checker } from '../../shared/domain.ts';
import type { Place } from '../../shared/ids.ts';
import type { RoundRecord } from '../../shared/products/rounds.ts';
import { isFinal, type SolvedProblem } from '../../shared/products/search.ts';
import type { PoolProof, SearchedProblem } from '../../shared/products/searchFigures.ts';
import type { DatasetRef } from '../../shared/records.ts';
import type { ProofScore } from '../../shared/scores.ts';
import { roundUri, type ScoredProof, type WrittenProof } from '../../activities/products/search.ts';
import { problemPlace } from '../../activities/products/solve.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';

/** Where a search lies, and what it came to. */
interface Searched {
  readonly place: Place;
  readonly results: DatasetRef;
}

/**
 * The problems of a search by the records of their rounds: each proof by what it is worth, without its text.
 * @param checker of the domain. @default nobody knows what proofs are worth
 */
export async function readSearch(
  store: ArtifactStore,
  { place, results }: Searched,
  checker?: Checker,
): Promise<SearchedProblem[]> {
  const problems: SearchedProblem[] = [];
  for await (const { problem, end, rounds } of store.readJsonl<SolvedProblem>(results)) {
    const proofs: PoolProof[][] = [];
    for (const { round } of rounds) {
      const record = await store.readJson<RoundRecord>(roundUri(problemPlace(place, problem.id), round));
      proofs.push(await poolProofs(store, record, checker));
    }
    const { id, difficulty } = problem;
    problems.push({ problem: id, difficulty, isFinal: isFinal(end), rounds: proofs });
  }
  return problems;
}

async function poolProofs(
  store: ArtifactStore,
  { proofs, scored }: RoundRecord,
  checker?: Checker,
): Promise<PoolProof[]> {
  const truths = new Map<string, ProofScore>();
  if (checker !== undefined)
    for await (const { id, problem, proof } of store.readJsonl<WrittenProof>(proofs))
      truths.set(id, checker.proofScore(problem, proof));
  const found: PoolProof[] = [];
  for await (const { id, round, mean, verdicts } of store.readJsonl<ScoredProof>(scored)) {
    const truth = truths.get(id);
    found.push({ id, round, mean, verdicts, ...(truth !== undefined && { truth }) });
  }
  return found;
}
