import type { Outcome } from '../../shared/outcomes.ts';
import type { DatasetRef, ProofRow, ShownAnalysis } from '../../shared/records.ts';
import type { QualityScore } from '../../shared/scores.ts';
import type { SubjectRow } from '../reviews/subjectRows.ts';
import { analysisId } from '../sets/labelShard.ts';
import { labelsById, readOutcomes } from '../sets/outcomes.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { writeQuestions, type GoldAsked } from './given/gold.ts';
import { proofsToTeach } from './teaching.ts';

/** Analyses that people are shown of a proof. Ours: more is not read. */
const SHOWN = 8;

/**
 * Contested and unresolved proofs, hard-to-verify ones first: what an expert's time is best spent on.
 * @param input.teaching the label set whose analyses predict a score: then as even over these and topics as there are
 * proofs, and hard-to-verify ones first among equals.
 * @param input.shown for assisted annotation (paper 2.3): the label set whose analyses go with each proof. There is no
 * gold among them: analyses of another proof would tell it.
 */
export async function contestedProofs(
  store: ArtifactStore,
  input: {
    to: string;
    proofs: DatasetRef;
    decisions: DatasetRef;
    teaching?: string;
    shown?: { readonly setId: string; readonly confirmingMetaScore: QualityScore };
    gold?: GoldAsked | undefined;
    seed?: number;
  },
): Promise<DatasetRef> {
  const { to, proofs, decisions: labels, teaching, shown, gold, seed = 0 } = input;
  const decisions = await labelsById(store, labels);
  const others = await store.readRows<ProofRow>(proofs);
  const contested = others.filter((proof) => {
    const label = decisions.get(proof.id);
    return label !== undefined && label.decision.kind !== 'labelled';
  });
  const hardFirst = (proof: ProofRow) => (decisions.get(proof.id)?.hardToVerify ? 0 : 1);
  const rows =
    teaching === undefined
      ? contested.sort((a, b) => hardFirst(a) - hardFirst(b))
      : await proofsToTeach(store, contested, [teaching], (proof) => -hardFirst(proof));
  const made = madeBy('contestedProofs', { proofs, decisions: labels, verdicts: teaching });
  if (shown === undefined) return writeQuestions(store, to, { questions: rows, others, seed }, made, gold);
  const analyses = await analysesOf(store, shown, new Set(rows.map(({ id }) => id)));
  return store.writeJsonl(
    to,
    rows.map((row): ProofRow & SubjectRow => ({ ...row, analyses: analyses.get(row.id) ?? [] })),
    madeBy('contestedProofs', { proofs, decisions: labels, verdicts: shown.setId }),
  );
}

async function analysesOf(
  store: ArtifactStore,
  { setId, confirmingMetaScore }: { readonly setId: string; readonly confirmingMetaScore: QualityScore },
  proofs: ReadonlySet<string>,
): Promise<Map<string, readonly ShownAnalysis[]>> {
  const shown = new Map<string, readonly ShownAnalysis[]>();
  let here = '';
  let analyses: Outcome[] = [];
  let assessments: Outcome[] = [];
  const next = (proof: string): void => {
    if (analyses.length > 0) shown.set(here, mostTelling(analyses.map(withAssessments)));
    [here, analyses, assessments] = [proof, [], []];
  };
  const withAssessments = ({ sample, text = '', score = 0 }: Outcome): ShownAnalysis => {
    const scores = assessments.flatMap((one) =>
      one.row === analysisId(here, sample) && one.score !== undefined ? [one.score] : [],
    );
    const confirmed = scores.filter((one) => one >= confirmingMetaScore).length;
    return { analysis: text, score, assessed: scores.length, confirmed };
  };
  // They come proof by proof.
  for await (const outcome of readOutcomes(store, setId)) {
    const { task, kind, row, score } = outcome;
    if (kind !== 'answered' || score === undefined) continue;
    if (task === 'metaVerify' && row.startsWith(analysisId(here, 0).slice(0, -1))) assessments.push(outcome);
    if (task === 'verify' && proofs.has(row)) {
      if (row !== here) next(row);
      analyses.push(outcome);
    }
  }
  next('');
  return shown;
}

/**
 * At most eight analyses: those whose issues most meta-assessments confirm, then the others that report one, the lowest
 * scores first, and one place for an analysis that finds none, where there is any: people shall see both sides. Ours.
 */
export function mostTelling(analyses: readonly ShownAnalysis[]): ShownAnalysis[] {
  const share = ({ assessed, confirmed }: ShownAnalysis) => (assessed === 0 ? 0 : confirmed / assessed);
  const critical = analyses
    .filter(({ score }) => score < 1)
    .sort((a, b) => share(b) - share(a) || b.confirmed - a.confirmed || a.score - b.score);
  const friendly = analyses.filter(({ score }) => score === 1);
  const places = friendly.length === 0 ? SHOWN : SHOWN - 1;
  return [...critical.slice(0, places), ...friendly].slice(0, SHOWN);
}
