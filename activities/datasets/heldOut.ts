import { parseAnswer } from '../../shared/answers.ts';
import type { Checker } from '../../shared/domain.ts';
import type { Recipe } from '../../shared/lap/recipe.ts';
import type { AnalysisRow, DatasetRef, Problem, ProofRow, ScoredAnalysis, ScoredProof } from '../../shared/records.ts';
import { balancedSample, distinctBy } from '../../shared/selection.ts';
import { SCORES } from '../../shared/scores.ts';
import type { Score } from '../../shared/scores.ts';
import { readOutcomes } from '../sets/outcomes.ts';
import { wellFormedAnalyses } from './analyses.ts';
import type { ArtifactStore } from '../store/types.ts';
import { placeOf, uri } from '../../shared/ids.ts';

/**
 * The fixed held-out sets that every model of a lap is measured on, chosen once, before any of them is measured.
 */
export interface HeldOutProofsInput {
  readonly lap: string;
  /** Held-out problems, and the `prove` set in which the base wrote proofs of them (row id = problem id). */
  readonly problems: DatasetRef;
  readonly setId: string;
  readonly proofsPerScore: number;
  readonly seed: number;
  /** The recipe's: where its checker is `none`, the set is not chosen by truth. */
  readonly domain: Recipe['domain'];
  /** Where no checker knows the truth: proofs with experts' scores (D_v's validation split); they are then the set. */
  readonly scored?: DatasetRef;
}

export interface HeldOutAnalysesInput {
  readonly lap: string;
  /** The held-out proofs, and the `verify` sets in which models analysed them. */
  readonly proofs: DatasetRef;
  readonly setIds: readonly string[];
  readonly analysesPerQuality: number;
  readonly seed: number;
  readonly domain: Recipe['domain'];
  /** Where no checker knows the truth: analyses with experts' quality scores (D_mv's validation split). */
  readonly scored?: DatasetRef;
}

/**
 * `available` and `chosen` count by true score or quality; a class that is short stays short, and the counts say so.
 */
export interface HeldOutSet {
  readonly rows: DatasetRef;
  readonly chosen: Readonly<Record<string, number>>;
  readonly available: Readonly<Record<string, number>>;
}

/**
 * ProofRows: distinct proofs of the base, `proofsPerScore` of each true score, spread over difficulties. Without a
 * checker: the experts' scored proofs as they are, or, without those too, a plain sample of 3 × `proofsPerScore`.
 */
export async function buildHeldOutProofs(
  store: ArtifactStore,
  checker: Checker | undefined,
  input: HeldOutProofsInput,
): Promise<HeldOutSet> {
  const to = uri.dataset(placeOf(input.lap, 'evaluation'), 'proofs');
  if (checker === undefined && input.scored !== undefined && input.scored.rows > 0) {
    const rows = await store.readRows<ScoredProof>(input.scored);
    return asHeldOutSet(await store.writeJsonl(to, rows), rows, rows, (row) => row.score);
  }
  const problems = new Map((await store.readRows<Problem>(input.problems)).map((problem) => [problem.id, problem]));
  const written: ProofRow[] = [];
  for await (const outcome of readOutcomes(store, input.setId)) {
    const problem = problems.get(outcome.row);
    if (problem === undefined)
      throw new Error(
        `Expected rows of set ${input.setId} to be held-out problems of ${input.problems.uri}, got ${outcome.row}`,
      );
    if (outcome.kind !== 'answered') continue;
    const answer = parseAnswer(outcome.task, outcome.text ?? '');
    if (answer.kind === 'malformed' || answer.proof === undefined) continue;
    written.push({
      id: `held-out-${problem.id}-${outcome.sample}`,
      problem,
      proof: answer.proof,
      model: outcome.model,
    });
  }
  const distinct = distinctBy(written, (row) => `${row.problem.id}\n${row.proof}`);
  if (checker === undefined) {
    const rows = balancedSample(distinct, 3 * input.proofsPerScore, ({ problem }) => gradeOf(problem), input.seed);
    return asHeldOutSet(await store.writeJsonl(to, rows), rows, distinct, () => undefined);
  }
  const truth = new Map(distinct.map((row) => [row.id, checker.proofScore(row.problem, row.proof)]));
  const truthOf = (row: ProofRow) => truth.get(row.id);
  const rows = ofEachScore(distinct, truthOf, (group) =>
    balancedSample(group, input.proofsPerScore, ({ problem }) => gradeOf(problem), input.seed),
  );
  return asHeldOutSet(await store.writeJsonl(to, rows), rows, distinct, truthOf);
}

/**
 * AnalysisRows on the held-out proofs: `analysesPerQuality` of each true quality, spread over the proofs' difficulties
 * and the models.
 */
export async function buildHeldOutAnalyses(
  store: ArtifactStore,
  checker: Checker | undefined,
  input: HeldOutAnalysesInput,
): Promise<HeldOutSet> {
  const to = uri.dataset(placeOf(input.lap, 'evaluation'), 'analyses');
  if (checker === undefined && input.scored !== undefined && input.scored.rows > 0) {
    const rows = await store.readRows<ScoredAnalysis>(input.scored);
    return asHeldOutSet(await store.writeJsonl(to, rows), rows, rows, (row) => row.quality);
  }
  const written: AnalysisRow[] = [];
  for (const setId of input.setIds)
    for await (const row of wellFormedAnalyses(store, setId, input.proofs)) written.push(row);
  const distinct = distinctBy(written, (row) => `${row.proofId}\n${row.analysis}`);
  if (checker === undefined) {
    const rows = balancedSample(distinct, 3 * input.analysesPerQuality, byGradeAndModel, input.seed);
    return asHeldOutSet(await store.writeJsonl(to, rows), rows, distinct, () => undefined);
  }
  const truth = new Map(
    distinct.map((row) => [row.id, checker.analysis(row.problem, row.proof, row.analysis).quality]),
  );
  const truthOf = (row: AnalysisRow) => truth.get(row.id);
  const rows = ofEachScore(distinct, truthOf, (rowsOfScore) =>
    balancedSample(rowsOfScore, input.analysesPerQuality, byGradeAndModel, input.seed),
  );
  return asHeldOutSet(await store.writeJsonl(to, rows), rows, distinct, truthOf);
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
  );
}

/** What a set is spread over: the difficulty, where a problem has one, else the topic. */
const gradeOf = (problem: Problem): string => String(problem.difficulty ?? problem.topic);
const byGradeAndModel = ({ problem, model }: AnalysisRow): string => `${gradeOf(problem)} ${model}`;

function ofEachScore<Row>(
  rows: readonly Row[],
  truthOf: (row: Row) => Score | undefined,
  choose: (rows: Row[]) => Row[],
): Row[] {
  return SCORES.flatMap((score) => choose(rows.filter((row) => truthOf(row) === score)));
}

function asHeldOutSet<Row>(
  ref: DatasetRef,
  chosen: readonly Row[],
  available: readonly Row[],
  truthOf: (row: Row) => Score | undefined,
): HeldOutSet {
  return { rows: ref, chosen: countBy(chosen, truthOf), available: countBy(available, truthOf) };
}

function countBy<Row>(rows: readonly Row[], truthOf: (row: Row) => Score | undefined): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rows) {
    const key = String(truthOf(row) ?? 'unknown');
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
