import { effectiveVotes, errorCorrelation } from '../../shared/figures/agreement.ts';
import { imitatesVerdict } from '../../shared/answers.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import { mean, share, type OfProblem } from '../../shared/figures/measures.ts';
import { auditSetOf } from '../../shared/ids.ts';
import type { ReviewRow } from '../../shared/review/reviews.ts';
import type { ProofRow } from '../../shared/records.ts';
import type { Figure, ScoreKey } from '../../shared/figures/figure.ts';
import type { LabelFigures } from '../../shared/figures/report.ts';
import type { ProofScore, Score } from '../../shared/scores.ts';
import type { LabelRow } from '../../shared/sampling/sets.ts';
import { readOutcomes } from '../../activities/sets/outcomes.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import type { Measuring } from './notes.ts';
import { constantBaseline, scoreKey } from './verifierFigures.ts';

interface Labelled extends OfProblem {
  readonly label: ProofScore;
  readonly truth?: ProofScore;
}

/** Phase 4: the automatic labels against the truth of their proofs. */
export async function labelFigures({ store, manifest, truth, notes }: Measuring): Promise<LabelFigures> {
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
    if (proof === undefined)
      throw new Error(
        `Expected labels of the proofs in ${manifest.labels.proofs.uri}, got one of ${JSON.stringify(proofId)}`,
      );
    switch (decision.kind) {
      case 'labelled': {
        const score = truths.get(proofId);
        labelled.push({
          problem: proof.problem.id,
          label: decision.score,
          ...(score === undefined ? {} : { truth: score }),
        });
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
  if (truth.checker === undefined && audit.size === 0)
    notes.absent(
      'labels.precision',
      'no checker knows the true score of the labelled proofs, and the recipe has no audit (labelling.auditShare)',
    );
  const verdicts = await verdictsOf(store, manifest.labels.set.setId);
  const judged = [...truths].flatMap(([id, score]) =>
    verdicts.has(id) ? [{ proofId: id, isRight: verdicts.get(id)?.[0] === score }] : [],
  );
  const correlation = correlationOfErrors(verdicts, truths);
  const about = <T extends { readonly proofId: string }>(items: readonly T[]) =>
    items.map((item) => ({ ...item, problem: proofs.get(item.proofId)?.problem.id ?? item.proofId }));
  const perProof = (count: (row: LabelRow) => number): number =>
    rows.length === 0 ? 0 : rows.reduce((sum, row) => sum + count(row), 0) / rows.length;
  return {
    total: rows.length,
    auto: labelled.length,
    contested: rows.length - labelled.length,
    unresolved,
    expert: manifest.labels.expert,
    contestedShare: share(about(rows), ({ decision }) => decision.kind !== 'labelled'),
    precision: precision(labelled),
    auditedPrecision: precision(byExperts),
    precisionByScore: byScore((score) => precision(labelled.filter(({ label }) => label === score))),
    byScore: byScore((score) => labelled.filter(({ label }) => label === score).length),
    contestedReasons,
    trueScoreOfAll: mean(about([...truths].map(([proofId, score]) => ({ proofId, score }))), ({ score }) => score),
    verdictAccuracy: share(about(judged), ({ isRight }) => isRight),
    constantBaseline: constantBaseline([...truths.values()]),
    analysesPerProof: perProof((row) => row.analyses),
    metaAnalysesPerProof: perProof((row) => row.metaAnalyses),
    errorCorrelation: correlation ?? null,
    effectiveAnalyses:
      correlation === undefined ? null : effectiveVotes(manifest.recipe.labelling.analysesPerProof, correlation),
  };
}

/** What experts said of the labels that they audited; a question without a score (flagged, expired) is none. */
async function auditScores(store: ArtifactStore, { lap, reviews }: LapManifest): Promise<Map<string, ProofScore>> {
  const audit = reviews.find(({ setId }) => setId === auditSetOf(lap));
  const rows = audit === undefined ? [] : await store.readRows<ReviewRow>(audit.results);
  return new Map(
    rows.flatMap(({ id, result }): [string, ProofScore][] => (result.kind === 'scored' ? [[id, result.score]] : [])),
  );
}

/**
 * The scores of each proof's analyses, in the order of asking; undefined where an answer was malformed or truncated,
 * nothing where a call failed.
 */
async function verdictsOf(store: ArtifactStore, setId: string): Promise<Map<string, (Score | undefined)[]>> {
  const verdicts = new Map<string, (Score | undefined)[]>();
  for await (const { row, task, kind, score } of readOutcomes(store, setId)) {
    if (task !== 'verify' || kind === 'failed') continue;
    verdicts.set(row, [...(verdicts.get(row) ?? []), kind === 'answered' ? score : undefined]);
  }
  return verdicts;
}

/** ρ over the proofs' analyses that were asked for; early stopping leaves clear proofs with fewer of them. */
function correlationOfErrors(
  verdicts: ReadonlyMap<string, readonly (Score | undefined)[]>,
  truths: ReadonlyMap<string, ProofScore>,
): number | undefined {
  return errorCorrelation(
    [...verdicts].flatMap(([row, given]) => {
      const truth = truths.get(row);
      const votes = given.filter((score) => score !== undefined);
      return truth === undefined || votes.length === 0 ? [] : [{ truth, votes }];
    }),
  );
}

function precision(labelled: readonly Labelled[]): Figure {
  const known = labelled.filter(({ truth }) => truth !== undefined);
  return share(known, ({ label, truth }) => label === truth);
}

function byScore<T>(of: (score: ProofScore) => T): Record<ScoreKey, T> {
  return { '0': of(0), '0.5': of(0.5), '1': of(1) } satisfies Record<ReturnType<typeof scoreKey>, T>;
}
