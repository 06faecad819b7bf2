import type { Checker, Domains } from '../../shared/domain.ts';
import { setIdOf, type Place } from '../../shared/ids.ts';
import type { MaybeScore } from '../../shared/label/autoLabel.ts';
import { addSpent, spentOn, type Price, type Spent } from '../../shared/products/caps.ts';
import { countVerdicts, issuesFirst, meanScore } from '../../shared/products/pool.ts';
import {
  chosenAmong,
  heldAfter,
  setOfIteration,
  type JudgedProof,
  type RefinedProblem,
  type ThreadStep,
} from '../../shared/products/refinement.ts';
import type { Evidence, IterationSummary, SearchEnd } from '../../shared/products/search.ts';
import type { DatasetRef, Problem } from '../../shared/records.ts';
import { readOutcomes, scoresByRow, setInWords } from '../sets/outcomes.ts';
import { readSoFar } from '../sets/soFar.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { onlyProblem, type AttemptRow } from './refine.ts';
import { problemPlace } from './solve.ts';
import { solvedUri, type SearchEnded } from './solved.ts';

/** What the sequential refinement of a problem came to (paper 3.3.2). */

/** Analyses of the best proof that its result carries, as a search's. */
const EVIDENCE = 8;

export interface EndedRefinement {
  readonly place: Place;
  /** One SetRow. */
  readonly problem: DatasetRef;
  readonly threads: number;
  /** Iterations, the first first, and what became of the threads in each. */
  readonly attempts: readonly DatasetRef[];
  readonly summaries: readonly IterationSummary[];
  /** Set of the verifier's analyses. @default it was not asked */
  readonly verdicts?: string | undefined;
  readonly checkedBy?: string | undefined;
  readonly end: SearchEnd;
  /** Where its answers do not say it. */
  readonly reason?: string | undefined;
  readonly spent: Spent;
  /** A set that was ended early: what it has taken. */
  readonly underWay?: { readonly setId: string; readonly price?: Price | undefined } | undefined;
}

/** A problem's result: its threads with all that they wrote, what that is worth, and the best proof with evidence. */
export async function writeRefinedProblem(
  store: ArtifactStore,
  checkers: Domains['checkerOf'],
  input: EndedRefinement,
): Promise<SearchEnded> {
  const { place, attempts, summaries, end, underWay } = input;
  const problem = await onlyProblem(store, input.problem);
  const threads = Array.from({ length: input.threads }, () => ({ steps: [] as ThreadStep[] }));
  const texts = new Map<string, string>();
  for (const part of attempts)
    for await (const { thread, iteration, outcome, wrote } of store.readJsonl<AttemptRow>(part)) {
      const step = { iteration, outcome, proof: wrote?.id ?? null, selfScore: wrote?.selfScore ?? null };
      threads[thread]?.steps.push(step);
      if (wrote) texts.set(wrote.id, wrote.proof);
    }
  const checker = input.checkedBy === undefined ? undefined : checkers(input.checkedBy);
  const scores = input.verdicts === undefined ? undefined : await scoresByRow(store, input.verdicts);
  const proofs = Array.from(texts, ([id, proof]): JudgedProof => judged(problem, id, proof, scores?.get(id), checker));
  const spent = underWay
    ? addSpent(input.spent, spentOn(await readSoFar(store, underWay.setId), underWay.price))
    : input.spent;
  // Why it came to nothing: what is wrong with its first answers.
  const nothing = input.reason === undefined && (end === 'noProof' || end === 'failed');
  const first = setIdOf(problemPlace(place, problem.id), setOfIteration(1).anew);
  const reason = nothing ? await setInWords(store, first) : input.reason;
  const refined: RefinedProblem = {
    problem,
    end,
    ...(reason !== undefined && { reason }),
    best: await bestOf(store, input, threads, proofs),
    threads,
    proofs,
    iterations: summaries,
    spent,
  };
  const made = madeBy('writeRefinedProblem', { problem: input.problem, attempts, verdicts: input.verdicts });
  await store.writeJson(solvedUri(place, problem.id), refined, made);
  return { end, spent };
}

async function bestOf(
  store: ArtifactStore,
  { attempts, verdicts }: EndedRefinement,
  threads: RefinedProblem['threads'],
  proofs: readonly JudgedProof[],
): Promise<RefinedProblem['best']> {
  const byId = new Map(proofs.map((proof) => [proof.id, proof]));
  const chosen = chosenAmong(
    threads.flatMap(({ steps }, thread) => {
      const held = heldAfter(steps);
      const proof = held && byId.get(held.proof);
      return held && proof ? [{ ...held, thread, judged: proof, mean: meanScore(proof.verdicts) }] : [];
    }),
  );
  if (chosen === undefined) return null;
  const { thread, iteration, selfScore } = chosen;
  const selfAnalysis = await selfAnalysisOf(store, attempts[iteration - 1], thread);
  const evidence = verdicts === undefined ? [] : await evidenceOf(store, verdicts, chosen.proof);
  return { ...chosen.judged, thread, iteration, selfScore, selfAnalysis, evidence };
}

function judged(
  problem: Problem,
  id: string,
  proof: string,
  scores: readonly MaybeScore[] = [],
  checker?: Checker,
): JudgedProof {
  return {
    id,
    proof,
    verdicts: countVerdicts(scores),
    ...(checker && { checker: checker.proofScore(problem, proof) }),
  };
}

async function selfAnalysisOf(store: ArtifactStore, attempts: DatasetRef | undefined, of: number): Promise<string> {
  if (attempts !== undefined)
    for await (const { thread, wrote } of store.readJsonl<AttemptRow>(attempts))
      if (thread === of && wrote) return wrote.selfAnalysis;
  throw new Error(`Expected thread ${of} to have a proof in ${attempts?.uri ?? 'an iteration'}, got none`);
}

/** Those that report issues first. */
async function evidenceOf(store: ArtifactStore, setId: string, proof: string): Promise<Evidence[]> {
  const found: Evidence[] = [];
  for await (const { row, kind, score, text = '' } of readOutcomes(store, setId))
    if (row === proof && kind === 'answered' && score !== undefined) found.push({ score, analysis: text });
  return issuesFirst(found, EVIDENCE);
}
