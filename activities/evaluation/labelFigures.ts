import { effectiveVotes, errorCorrelation } from '../../shared/agreement.ts';
import { imitatesVerdict } from '../../shared/answers.ts';
import type { LapManifest } from '../../shared/manifest.ts';
import { mean, share } from '../../shared/measures.ts';
import { auditSetOf } from '../../shared/names.ts';
import type { ReviewRow } from '../../shared/reviews.ts';
import type { ProofRow } from '../../shared/records.ts';
import type { Figure, LabelFigures, ScoreKey } from '../../shared/report.ts';
import type { ProofScore } from '../../shared/scores.ts';
import type { LabelRow } from '../../shared/sets.ts';
import { readOutcomes } from '../inference/outcomes.ts';
import type { ArtifactStore } from '../store.ts';
import type { Notes } from './notes.ts';
import type { Truth } from './truth.ts';
import { scoreKey } from './verifierFigures.ts';

interface Labelled {
  readonly problem: string;
  readonly label: ProofScore;
  readonly truth?: ProofScore;
}

/** Phase 4: the automatic labels against the truth of their proofs. */
export async function labelFigures(store: ArtifactStore, manifest: LapManifest, truth: Truth, notes: Notes): Promise<LabelFigures> {
  const proofs = new Map((await store.readRows<ProofRow>(manifest.labels.proofs)).map((proof) => [proof.id, proof]));
  const truths = new Map<string, ProofScore>();
  let imitations = 0;
  for (const proof of proofs.values()) {
    const score = truth.checker?.proofScore(proof.problem, proof.proof);
    if (score !== undefined) truths.set(proof.id, score);
    if (imitatesVerdict(proof.proof)) imitations += 1;
  }
  const audit = await auditScores(store, manifest);
  if (truth.checker === undefined) for (const [id, score] of audit) truths.set(id, score);
  notes.imitations['labels.proofs'] = { found: imitations, of: proofs.size };

  const rows = await store.readRows<LabelRow>(manifest.labels.set.decisions);
  const labelled: Labelled[] = [];
  const byExperts: Labelled[] = [];
  const contestedReasons: Record<string, number> = {};
  let unresolved = 0;
  for (const { proofId, decision } of rows) {
    const proof = proofs.get(proofId);
    if (proof === undefined) throw new Error(`Expected labels of the proofs in ${manifest.labels.proofs.uri}, got one of ${JSON.stringify(proofId)}`);
    switch (decision.kind) {
      case 'labelled': {
        const score = truths.get(proofId);
        labelled.push({ problem: proof.problem.id, label: decision.score, ...(score === undefined ? {} : { truth: score }) });
        const audited = audit.get(proofId);
        if (audited !== undefined) byExperts.push({ problem: proof.problem.id, label: decision.score, truth: audited });
        break;
      }
      case 'unresolved':
        unresolved += 1;
        contestedReasons['unresolved'] = (contestedReasons['unresolved'] ?? 0) + 1;
        break;
      case 'contested':
        contestedReasons[decision.reason] = (contestedReasons[decision.reason] ?? 0) + 1;
        break;
    }
  }
  if (truth.checker === undefined && audit.size === 0) notes.absent('labels.precision', 'no checker knows the true score of the labelled proofs, and the recipe has no audit (labelling.auditShare)');
  const correlation = await correlationOfErrors(store, manifest.labels.set.setId, truths);
  const problemOfRow = (row: LabelRow): string => proofs.get(row.proofId)?.problem.id ?? row.proofId;
  const perProof = (count: (row: LabelRow) => number): number => (rows.length === 0 ? 0 : rows.reduce((sum, row) => sum + count(row), 0) / rows.length);
  return {
    total: rows.length,
    auto: labelled.length,
    contested: rows.length - labelled.length,
    unresolved,
    expert: manifest.labels.expert,
    contestedShare: share(rows, ({ decision }) => decision.kind !== 'labelled', problemOfRow) ?? null,
    precision: precision(labelled),
    auditedPrecision: precision(byExperts),
    precisionByScore: byScore((score) => precision(labelled.filter(({ label }) => label === score))),
    byScore: byScore((score) => labelled.filter(({ label }) => label === score).length),
    contestedReasons,
    trueScoreOfAll: mean([...truths], ([, score]) => score, ([id]) => proofs.get(id)?.problem.id ?? id) ?? null,
    analysesPerProof: perProof((row) => row.analyses),
    metaAnalysesPerProof: perProof((row) => row.metaAnalyses),
    errorCorrelation: correlation ?? null,
    effectiveAnalyses: correlation === undefined ? null : effectiveVotes(manifest.recipe.labelling.analysesPerProof, correlation),
  };
}

/** What experts said of the labels that they audited; a question without a score (flagged, expired) is none. */
async function auditScores(store: ArtifactStore, { lap, reviews }: LapManifest): Promise<Map<string, ProofScore>> {
  const audit = reviews.find(({ setId }) => setId === auditSetOf(lap));
  const rows = audit === undefined ? [] : await store.readRows<ReviewRow>(audit.results);
  return new Map(rows.flatMap(({ id, result }): [string, ProofScore][] => (result.kind === 'scored' ? [[id, result.score]] : [])));
}

/** ρ over the proofs' analyses that were asked for; early stopping leaves clear proofs with fewer of them. */
async function correlationOfErrors(store: ArtifactStore, setId: string, truths: ReadonlyMap<string, ProofScore>): Promise<number | undefined> {
  const votes = new Map<string, number[]>();
  for await (const { row, task, kind, score } of readOutcomes(store, setId)) {
    if (task !== 'verify' || kind !== 'answered' || score === undefined) continue;
    votes.set(row, [...(votes.get(row) ?? []), score]);
  }
  return errorCorrelation([...votes].flatMap(([row, given]) => {
    const truth = truths.get(row);
    return truth === undefined ? [] : [{ truth, votes: given }];
  }));
}

function precision(labelled: readonly Labelled[]): Figure {
  const known = labelled.filter(({ truth }) => truth !== undefined);
  return share(known, ({ label, truth }) => label === truth, ({ problem }) => problem) ?? null;
}

function byScore<T>(of: (score: ProofScore) => T): Record<ScoreKey, T> {
  return { '0': of(0), '0.5': of(0.5), '1': of(1) } satisfies Record<ReturnType<typeof scoreKey>, T>;
}
