import { answerIn } from '../../shared/answers.ts';
import type { AnalysisRow, DatasetRef, ProofRow } from '../../shared/records.ts';
import { balancedSample, distinctBy } from '../../shared/selection.ts';
import { readOutcomes } from '../sets/outcomes.ts';
import { madeBy } from '../store/made.ts';
import { analysesToTeach } from './teaching.ts';
import type { ArtifactStore } from '../store/types.ts';

/** The well-formed analyses among a verify set's answers, in the set's order. @throws as `analysesOf` does. */
export async function* wellFormedAnalyses(...asked: Parameters<typeof analysesOf>): AsyncGenerator<AnalysisRow> {
  for await (const { row } of analysesOf(...asked)) yield row;
}

/**
 * The same, each with the thinking before it.
 * @param mark tells them apart from those of another set that the same model wrote.
 * @throws when the set is not about these proofs.
 */
export async function* analysesOf(
  store: ArtifactStore,
  setId: string,
  proofs: DatasetRef,
  mark?: string,
): AsyncGenerator<{ readonly row: AnalysisRow; readonly thinking: string | undefined }> {
  const rows = await store.rowsById<ProofRow>(proofs);
  for await (const outcome of readOutcomes(store, setId)) {
    if (outcome.task !== 'verify') continue;
    const proof = rows.get(outcome.row);
    if (proof === undefined)
      throw new Error(`Expected rows of set ${setId} to be proofs of ${proofs.uri}, got ${outcome.row}`);
    if (outcome.kind !== 'answered') continue;
    const answer = answerIn(outcome);
    if (answer.kind === 'malformed' || answer.score === undefined) continue;
    const row: AnalysisRow = {
      id: [proof.id, outcome.model.slice(0, 8), ...(mark === undefined ? [] : [mark]), outcome.sample].join('-'),
      problem: proof.problem,
      proof: proof.proof,
      proofId: proof.id,
      analysis: answer.text,
      analysisScore: answer.score,
      model: outcome.model,
    };
    yield { row, thinking: outcome.thinking };
  }
}

/** The same as a dataset. */
export async function collectAnalyses(
  store: ArtifactStore,
  input: { to: string; setId: string; proofs: DatasetRef; mark?: string },
): Promise<DatasetRef> {
  const { to, setId, proofs, mark } = input;
  const made = madeBy('collectAnalyses', { proofs, answers: setId });
  return store.writeJsonl(to, wellFormedAnalyses(store, setId, proofs, mark), made);
}

/**
 * The analyses whose quality experts score: of v1's and the base's as the share says, distinct, balanced over the
 * scores they give. A meta-verifier that sees v1's analyses only learns their distribution (ours).
 * @param input.teaching whether the most telling come first.
 */
export async function chooseAnalysesForExperts(
  store: ArtifactStore,
  input: {
    to: string;
    ofVerifier: DatasetRef;
    ofBase?: DatasetRef;
    baseShare: number;
    count: number;
    seed: number;
    teaching?: boolean;
  },
): Promise<DatasetRef> {
  const fromBase = input.ofBase?.rows ? Math.round(input.count * input.baseShare) : 0;
  const textOf = (row: AnalysisRow): string => `${row.proofId}\n${row.analysis}`;
  const choose = async (ref: DatasetRef | undefined, count: number, before: readonly AnalysisRow[] = []) => {
    if (ref === undefined || count === 0) return [];
    // A training that taught nothing leaves the base's own model, whose texts may be the same.
    const known = new Set(before.map((row) => `${row.model}\n${textOf(row)}`));
    const rows = (await store.readRows<AnalysisRow>(ref)).filter((row) => !known.has(`${row.model}\n${textOf(row)}`));
    return balancedSample(distinctBy(rows, textOf), count, (row) => String(row.analysisScore), input.seed);
  };
  const ofVerifier = await choose(input.ofVerifier, input.count - fromBase);
  const chosen = [...ofVerifier, ...(await choose(input.ofBase, fromBase, ofVerifier))];
  return store.writeJsonl(
    input.to,
    input.teaching ? analysesToTeach(chosen) : chosen,
    madeBy('chooseAnalysesForExperts', {
      'of the verifier': input.ofVerifier,
      'of the base': fromBase > 0 ? input.ofBase : undefined,
    }),
  );
}
