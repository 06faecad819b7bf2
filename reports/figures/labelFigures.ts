import { effectiveVotes, errorCorrelation } from '../../shared/statistics/agreement.ts';
import { imitatesVerdict } from '../../shared/answers.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import { mean, meanOf, share } from '../../shared/statistics/measures.ts';
import { stratifiedMean } from '../../shared/statistics/stratified.ts';
import type { Outcome } from '../../shared/outcomes.ts';
import { auditSetOf } from '../../shared/ids.ts';
import type { ReviewRow } from '../../shared/review/reviews.ts';
import type { ProofRow } from '../../shared/records.ts';
import { byScore, type Figure } from '../../shared/statistics/figure.ts';
import type { LabelFigures } from '../../shared/figures/report.ts';
import type { ProofScore } from '../../shared/scores.ts';
import type { LabelRow } from '../../shared/sampling/sets.ts';
import { scoresByRow } from '../../activities/sets/outcomes.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import type { Measuring } from './notes.ts';
import { constantBaseline } from './verifierFigures.ts';

/** True scores of proofs by their ids, as far as they are known. */
type Truths = ReadonlyMap<string, ProofScore>;

/** Phase 4: the automatic labels against the truth of their proofs. */
export async function labelFigures({ store, manifest, truth, notes }: Measuring): Promise<LabelFigures> {
  const { labels, recipe } = manifest;
  const proofs = await store.rowsById<ProofRow>(labels.proofs);
  const audit = await auditScores(store, manifest);
  const { checker } = truth;
  const truths: Truths = checker
    ? new Map(Array.from(proofs.values(), ({ id, problem, proof }) => [id, checker.proofScore(problem, proof)]))
    : audit;
  notes.imitations['labels.proofs'] = {
    found: [...proofs.values()].filter(({ proof }) => imitatesVerdict(proof)).length,
    of: proofs.size,
  };
  if (checker === undefined && audit.size === 0)
    notes.absent(
      'labels.precision',
      'no checker knows the true score of the labelled proofs, and the recipe has no audit (labelling.auditShare)',
    );

  const rows = (await store.readRows<LabelRow>(labels.set.decisions)).map((row) => {
    const proof = proofs.get(row.proofId);
    if (proof === undefined)
      throw new Error(
        `Expected labels of the proofs in ${labels.proofs.uri}, got one of ${JSON.stringify(row.proofId)}`,
      );
    return { ...row, problem: proof.problem.id };
  });
  const labelled = rows.flatMap(({ proofId, problem, decision }) =>
    decision.kind === 'labelled' ? [{ proofId, problem, label: decision.score }] : [],
  );
  const precision = (of: typeof labelled, known: Truths): Figure =>
    share(
      of.filter(({ proofId }) => known.has(proofId)),
      ({ proofId, label }) => label === known.get(proofId),
    );
  /** Of all labelled proofs, from as many audited ones of each label, however many there are of it. */
  const fromAudit = (valueOf: (row: (typeof labelled)[0], said: ProofScore) => number | undefined): Figure =>
    stratifiedMean(
      labelled.map((row) => {
        const said = audit.get(row.proofId);
        const value = said === undefined ? undefined : valueOf(row, said);
        return { stratum: String(row.label), predicted: row.label, cluster: row.problem, weight: 1, value };
      }),
    );
  const isByLabel = labels.audits !== undefined;
  const audited = isByLabel ? fromAudit(({ label }, said) => Number(label === said)) : precision(labelled, audit);
  const isFromAudit = isByLabel && checker === undefined;
  const contestedReasons: Record<string, number> = {};
  for (const { decision } of rows) {
    if (decision.kind === 'labelled') continue;
    const reason = decision.kind === 'contested' ? decision.reason : decision.kind;
    contestedReasons[reason] = (contestedReasons[reason] ?? 0) + 1;
  }

  const isVerdict = ({ task, kind }: Outcome) => task === 'verify' && kind !== 'failed';
  const verdicts = await scoresByRow(store, labels.set.setId, isVerdict);
  const known = Array.from(truths, ([id, score]) => ({
    problem: proofs.get(id)?.problem.id ?? id,
    truth: score,
    verdicts: verdicts.get(id) ?? [],
  }));
  // Early stopping leaves clear proofs with fewer analyses.
  const correlation = errorCorrelation(
    known.map((proof) => ({ ...proof, votes: proof.verdicts.filter((score) => score !== undefined) })),
  );
  return {
    total: rows.length,
    auto: labelled.length,
    contested: rows.length - labelled.length,
    unresolved: rows.filter(({ decision }) => decision.kind === 'unresolved').length,
    expert: labels.expert,
    contestedShare: share(rows, ({ decision }) => decision.kind !== 'labelled'),
    precision: isFromAudit ? audited : precision(labelled, truths),
    auditedPrecision: audited,
    ...(labels.audits && { audits: labels.audits }),
    ...(labels.corrected !== undefined && { corrected: labels.corrected }),
    precisionByScore: byScore((score) =>
      precision(
        labelled.filter(({ label }) => label === score),
        truths,
      ),
    ),
    byScore: byScore((score) => labelled.filter(({ label }) => label === score).length),
    contestedReasons,
    trueScoreOfAll: isFromAudit ? fromAudit((_, said) => said) : mean(known, (proof) => proof.truth),
    verdictAccuracy: isFromAudit
      ? fromAudit(({ proofId }, said) => {
          const [first] = verdicts.get(proofId) ?? [null];
          return first === null ? undefined : Number(first === said);
        })
      : share(
          known.filter((proof) => proof.verdicts.length > 0),
          (proof) => proof.verdicts[0] === proof.truth,
        ),
    constantBaseline: constantBaseline([...truths.values()]),
    analysesPerProof: meanOf(rows.map((row) => row.analyses)) ?? 0,
    metaAnalysesPerProof: meanOf(rows.map((row) => row.metaAnalyses)) ?? 0,
    errorCorrelation: correlation ?? null,
    effectiveAnalyses:
      correlation === undefined ? null : effectiveVotes(recipe.labelling.analysesPerProof, correlation),
  };
}

/** What experts said of the labels that they audited; a question without a score (flagged, expired) is none. */
async function auditScores(store: ArtifactStore, { lap, reviews }: LapManifest): Promise<Truths> {
  const audit = reviews.filter(({ setId }) => setId === auditSetOf(lap));
  const rows = await store.readRows<ReviewRow>(...audit.map(({ results }) => results));
  return new Map(
    rows.flatMap(({ id, result }): [string, ProofScore][] => (result.kind === 'scored' ? [[id, result.score]] : [])),
  );
}
