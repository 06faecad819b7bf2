import type { DatasetRef, Problem } from '../../shared/records.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';

interface OfProblem {
  readonly problem: Problem;
}
/** A problem, or what is about one. */
type Row = Problem | OfProblem;
const problemOf = (row: Row): Problem => ('problem' in row ? row.problem : row);

/** The problems that rows of datasets are about, each once. */
export async function problemsIn(store: ArtifactStore, parts: readonly DatasetRef[]): Promise<Problem[]> {
  const problems = new Map<string, Problem>();
  for (const part of parts)
    for await (const { problem } of store.readJsonl<OfProblem>(part))
      problems.set(`${problem.id}\n${problem.statement}`, problem);
  return [...problems.values()];
}

/**
 * A dataset without some problems, or the rows about them: itself where it has none, else a copy.
 * @param input.because what says so, for the lineage.
 */
export async function withoutProblems(
  store: ArtifactStore,
  part: DatasetRef,
  input: {
    readonly to: string;
    readonly isOut: (problem: Problem) => boolean;
    readonly because: Readonly<Record<string, DatasetRef | readonly DatasetRef[] | undefined>>;
  },
): Promise<DatasetRef> {
  const { to, isOut, because } = input;
  let out = 0;
  for await (const row of store.readJsonl<Row>(part)) if (isOut(problemOf(row))) out += 1;
  if (out === 0) return part;
  async function* rows() {
    for await (const row of store.readJsonl<Row>(part)) if (!isOut(problemOf(row))) yield row;
  }
  return store.writeJsonl(to, rows(), madeBy('withoutProblems', { rows: part, ...because }));
}
