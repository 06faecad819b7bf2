import { uri } from '../../shared/ids.ts';
import type { EvaluatedModel, EvaluateResult, OpenedEvaluation } from '../../shared/products/evaluationInput.ts';
import { madeBy } from '../../activities/store/made.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { evaluationPage } from './evaluationPage.ts';
import { evaluatedGenerators, evaluatedVerifiers, gradedGenerators, type Evaluated } from './evaluationReport.ts';

/**
 * Reads what an evaluation's models said and writes `report.json` (all figures), `outcomes.jsonl` (a line a proof) and
 * `report.html` (for people) into its place. Repeated, it writes the same bytes.
 */
export async function writeEvaluation(
  store: ArtifactStore,
  { opened, models }: { readonly opened: OpenedEvaluation; readonly models: readonly EvaluatedModel[] },
): Promise<EvaluateResult> {
  const { place } = opened;
  const { report, lines } = await evaluated(store, opened, models);
  const made = madeBy('writeEvaluation', {
    rows: opened.rows,
    answers: models.flatMap(({ answers }) => answers?.setId ?? []),
    verdicts: models.map(({ verdicts }) => verdicts),
  });
  const at = (file: string): string => uri.products(place, file);
  await store.writeJsonl(at('outcomes.jsonl'), lines, made);
  await store.write(at('report.html'), evaluationPage(report), made);
  // Last: where it is, the others are.
  await store.writeJson(at('report.json'), report, made);
  return {
    place,
    report: at('report.json'),
    page: at('report.html'),
    outcomes: at('outcomes.jsonl'),
    notes: report.notes,
  };
}

function evaluated(
  store: ArtifactStore,
  opened: OpenedEvaluation,
  models: readonly EvaluatedModel[],
): Promise<Evaluated> {
  const { subject, truth } = opened;
  if (truth === undefined) return evaluatedGenerators(store, opened, models);
  return subject === 'verifier'
    ? evaluatedVerifiers(store, { ...opened, truth }, models)
    : gradedGenerators(store, { ...opened, truth });
}
