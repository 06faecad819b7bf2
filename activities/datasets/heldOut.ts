import type { Checker } from '../../shared/domain.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { AnalysisRow, DatasetRef, Problem, ProofRow } from '../../shared/records.ts';
import { balancedSample, distinctBy } from '../../shared/selection.ts';
import { SCORES, type Score } from '../../shared/scores.ts';
import { readOutcomes } from '../sets/outcomes.ts';
import { wellFormedAnalyses } from './analyses.ts';
import { proofIn } from './proofs.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { placeOf, uri } from '../../shared/ids.ts';

/**
 * The fixed held-out sets that every model of a lap is measured on, chosen by truth, once, before any of them is
 * measured. Where no checker knows the truth, the sets are what experts scored.
 */
interface HeldOutInput {
  readonly lap: string;
  readonly seed: number;
  /** The recipe's: whose checker it is, and by what rubric. */
  readonly domain: Recipe['domain'];
  readonly metaRubric?: Recipe['metaRubric'] | undefined;
}

export interface HeldOutProofsInput extends HeldOutInput {
  /** Held-out problems, and the `prove` set in which the base wrote proofs of them (row id = problem id). */
  readonly problems: DatasetRef;
  readonly setId: string;
  readonly proofsPerScore: number;
}

export interface HeldOutAnalysesInput extends HeldOutInput {
  /** The held-out proofs, and the `verify` sets in which models analysed them. */
  readonly proofs: DatasetRef;
  readonly setIds: readonly string[];
  readonly analysesPerQuality: number;
}

/**
 * ProofRows: distinct proofs of the base, `proofsPerScore` of each true score, spread over difficulties. A score of
 * which there are too few stays short.
 */
export async function buildHeldOutProofs(
  store: ArtifactStore,
  checker: Checker,
  { lap, problems: heldOut, setId, proofsPerScore, seed }: HeldOutProofsInput,
): Promise<{ rows: DatasetRef }> {
  const problems = await store.rowsById<Problem>(heldOut);
  const written: ProofRow[] = [];
  for await (const outcome of readOutcomes(store, setId)) {
    const { row, sample, model } = outcome;
    const problem = problems.get(row);
    if (problem === undefined)
      throw new Error(`Expected rows of set ${setId} to be held-out problems of ${heldOut.uri}, got ${row}`);
    const answer = proofIn(outcome);
    if (answer === undefined) continue;
    written.push({ id: heldOutProofId(problem, sample), problem, proof: answer.proof, model });
  }
  const rows = ofEachScore(
    distinctBy(written, (row) => `${row.problem.id}\n${row.proof}`),
    (row) => checker.proofScore(row.problem, row.proof),
    (group) => balancedSample(group, proofsPerScore, ({ problem }) => gradeOf(problem), seed),
  );
  const made = madeBy('buildHeldOutProofs', { problems: heldOut, drafts: setId });
  return { rows: await store.writeJsonl(uri.dataset(placeOf(lap, 'evaluation'), 'proofs'), rows, made) };
}

/**
 * AnalysisRows on the held-out proofs: `analysesPerQuality` of each true quality, spread over the proofs' difficulties
 * and the models.
 */
export async function buildHeldOutAnalyses(
  store: ArtifactStore,
  checker: Checker,
  { lap, proofs, setIds, analysesPerQuality, seed }: HeldOutAnalysesInput,
): Promise<{ rows: DatasetRef }> {
  const written: AnalysisRow[] = [];
  for (const setId of setIds) for await (const row of wellFormedAnalyses(store, setId, proofs)) written.push(row);
  const rows = ofEachScore(
    distinctBy(written, (row) => `${row.proofId}\n${row.analysis}`),
    (row) => checker.analysis(row.problem, row.proof, row.analysis).quality,
    (group) => balancedSample(group, analysesPerQuality, ({ problem, model }) => `${gradeOf(problem)} ${model}`, seed),
  );
  const made = madeBy('buildHeldOutAnalyses', { proofs, analyses: setIds });
  return { rows: await store.writeJsonl(uri.dataset(placeOf(lap, 'evaluation'), 'analyses'), rows, made) };
}

/** Rows that ask a `prove` or `selfVerify` of every problem; the row's id is the problem's. */
export async function buildProblemRows(
  store: ArtifactStore,
  input: { readonly lap: string; readonly problems: DatasetRef },
): Promise<DatasetRef> {
  const problems = await store.readRows<Problem>(input.problems);
  return store.writeJsonl(
    uri.dataset(placeOf(input.lap, 'evaluation'), 'problems'),
    problems.map((problem) => ({ id: problem.id, problem })),
    madeBy('buildProblemRows', { problems: input.problems }),
  );
}

export const heldOutProofId = ({ id }: Problem, sample: number) => `held-out-${id}-${sample}`;

/** What a set is spread over: the difficulty, where a problem has one, else the topic. */
const gradeOf = (problem: Problem): string => String(problem.difficulty ?? problem.topic);

function ofEachScore<Row>(rows: readonly Row[], truthOf: (row: Row) => Score, choose: (rows: Row[]) => Row[]): Row[] {
  const truths = rows.map(truthOf);
  return SCORES.flatMap((score) => choose(rows.filter((_, index) => truths[index] === score)));
}
