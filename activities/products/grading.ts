import { uri } from '../../shared/ids.ts';
import { NOTHING_SPENT } from '../../shared/products/caps.ts';
import type { OpenedSolve } from '../../shared/products/input.ts';
import { heldAfter, type JudgedProof, type RefinedProblem } from '../../shared/products/refinement.ts';
import type { SolveResult } from '../../shared/products/search.ts';
import type { DatasetRef, ScoredProof } from '../../shared/records.ts';
import { longTextIn } from '../imports/graded/fields.ts';
import { idOfGraded } from '../imports/graded/reader.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { NOT_BEGUN, writeResults } from './solve.ts';

/** What people are asked to grade of a sequential refinement, and what they said of it. */

type Grades = ReadonlyMap<string, ScoredProof['score']>;

/**
 * All RefinedProblems of a `solve` as one file, in their order, each proof with what people said of it; beside it
 * `proofs.jsonl`, for people to grade.
 */
export async function writeRefined(
  store: ArtifactStore,
  solved: Pick<OpenedSolve, 'place' | 'problems' | 'search' | 'refining'>,
): Promise<SolveResult> {
  const { place, search, refining } = solved;
  const said = refining?.graded === undefined ? undefined : await gradesIn(store, refining.graded);
  const threads = search.kind === 'sequential' ? search.threads : 0;
  const result = await writeResults<RefinedProblem>(store, solved, 'writeRefined', ({ problem }, found) => {
    const refined = found ?? notBegun(problem, threads);
    return said === undefined ? refined : withPeople(refined, said);
  });
  const made = madeBy('writeRefined', { results: result.results });
  await store.writeJsonl(uri.products(place, 'proofs.jsonl'), proofsToGrade(store, result.results), made);
  return result;
}

const notBegun = (problem: RefinedProblem['problem'], threads: number): RefinedProblem => ({
  problem,
  end: 'capped',
  reason: NOT_BEGUN,
  best: null,
  threads: Array.from({ length: threads }, () => ({ steps: [] })),
  proofs: [],
  iterations: [],
  spent: NOTHING_SPENT,
});

/** By what `flywheel import proofs` calls a proof: equal texts of one problem are one. */
async function gradesIn(store: ArtifactStore, file: string): Promise<Grades> {
  const grades = new Map<string, ScoredProof['score']>();
  for await (const { id, score } of store.readJsonl<ScoredProof>(await store.refOf(file))) grades.set(id, score);
  return grades;
}

function withPeople(refined: RefinedProblem, said: Grades): RefinedProblem {
  const { statement } = refined.problem;
  const graded = <Proof extends JudgedProof>(proof: Proof): Proof => {
    const people = said.get(idOfGraded(asRead(statement), asRead(proof.proof)));
    return people === undefined ? proof : { ...proof, people };
  };
  return { ...refined, best: refined.best && graded(refined.best), proofs: refined.proofs.map(graded) };
}

const asRead = (text: string): string => longTextIn(text) ?? text;

/**
 * A row as `flywheel import proofs` reads it once people have added a `grade`: nothing that says what anybody thinks of
 * the proof. Those that threads hold at the end come first, each part in an order that tells nothing.
 */
async function* proofsToGrade(store: ArtifactStore, results: DatasetRef): AsyncGenerator<object> {
  for await (const { problem, threads, proofs } of store.readJsonl<RefinedProblem>(results)) {
    const last = new Set(threads.map(({ steps }) => heldAfter(steps)?.proof));
    const inOrder = [...proofs].sort(
      (a, b) => Number(last.has(b.id)) - Number(last.has(a.id)) || (a.id < b.id ? -1 : 1),
    );
    for (const { id, proof } of inOrder)
      yield { problem_id: problem.id, topic: problem.topic, problem: problem.statement, proof_id: id, proof };
  }
}
