import type { AnalysisTruth } from '../../shared/domain.ts';
import type { EvaluationSet } from '../../shared/lap/manifest.ts';
import { difficultyBands, mean, ratio, share, within, type OfProblem } from '../../shared/figures/measures.ts';
import type { AnalysisRow, ProofRow } from '../../shared/records.ts';
import type { Confusion, Figure, ScoreKey } from '../../shared/figures/figure.ts';
import type {
  ConstantBaseline,
  DecodingFigures,
  MetaVerifierFigures,
  VerifierFigures,
} from '../../shared/figures/report.ts';
import { stagesOf } from '../../shared/lap/phases.ts';
import { SCORES, type Score } from '../../shared/scores.ts';
import { answersOf, findSet, rowOf } from './answers.ts';
import type { Measuring } from './notes.ts';

/** One answer of a judge: the truth about what it was asked, what it said, and the truth about how it said it. */
export interface Judged extends OfProblem {
  readonly truth: Score;
  readonly given?: Score;
  readonly analysis?: AnalysisTruth;
}

type Decoding = EvaluationSet['decoding'];

/**
 * Reads what verifiers said of the held-out proofs, and the truth about it. Null, and noted under `name`, where a model
 * was not asked or nobody knows.
 */
export async function judgedReader(lap: Measuring, decoding: Decoding) {
  const { store, manifest, truth, notes } = lap;
  const proofs = await store.readRows<ProofRow>(manifest.evaluation.proofs);
  const byId = new Map(proofs.map((proof) => [proof.id, proof]));
  async function judgedOf(model: EvaluationSet['model'], name: string): Promise<Judged[] | null> {
    const figure = figureName(`verifier.${name}`, decoding);
    const set = findSet(manifest.evaluation, 'verifier', model, decoding);
    if (set === undefined) return notes.absent(figure, `no ${decoding} evaluation of ${model} as verifier in this lap`);
    const judged: Judged[] = [];
    for await (const answer of answersOf(lap, set.setId, figure)) {
      const proof = rowOf(byId, answer, set.setId, manifest.evaluation.proofs.uri);
      const score = truth.proofScore(proof);
      if (score === undefined) continue;
      const analysis = answer.parsed && truth.checker?.analysis(proof.problem, proof.proof, answer.parsed.text);
      judged.push({
        problem: proof.problem.id,
        difficulty: proof.problem.difficulty,
        truth: score,
        ...(answer.parsed?.score === undefined ? {} : { given: answer.parsed.score }),
        ...(analysis === undefined ? {} : { analysis }),
      });
    }
    return judged.length === 0 ? notes.absent(figure, 'nobody knows the true scores of its held-out proofs') : judged;
  }
  return { proofs, judgedOf };
}

/** Verifiers on the held-out proofs. */
export async function verifierFigures(lap: Measuring, decoding: Decoding): Promise<DecodingFigures['verifier']> {
  const { manifest, truth } = lap;
  const later = manifest.turn > 1;
  const { proofs, judgedOf } = await judgedReader(lap, decoding);
  const figuresOf = async (model: EvaluationSet['model'], name: string): Promise<VerifierFigures | null> => {
    const judged = await judgedOf(model, name);
    return judged && verifierFiguresOf(judged);
  };
  const truths = proofs.map((proof) => truth.proofScore(proof));
  const countOf = (score: Score): number => truths.filter((known) => known === score).length;
  return {
    base: await figuresOf('base', 'base'),
    parent: later ? await figuresOf('parent', 'parent') : null,
    consolidation: later ? await figuresOf('consolidation', 'consolidation') : null,
    v1: later ? null : await figuresOf('verifierV1', 'v1'),
    v2: stagesOf(manifest).includes('verifierV2') ? await figuresOf('verifierV2', 'v2') : null,
    heldOutProofs: { '0': countOf(0), '0.5': countOf(0.5), '1': countOf(1) },
    constantBaseline: constantBaseline(truths),
  };
}

function verifierFiguresOf(judged: readonly Judged[]): VerifierFigures {
  const analysed = judged.flatMap(({ problem, analysis }) => (analysis ? [{ problem, ...analysis }] : []));
  const claiming = analysed.filter((item) => item.claimedIssues > 0);
  const pooled = (hits: (item: AnalysisTruth) => number, of: (item: AnalysisTruth) => number): Figure =>
    ratio(analysed.map((item) => ({ hits: hits(item), of: of(item), cluster: item.problem })));
  const accuracy = (of: readonly Judged[]): Figure => share(of, (item) => item.given === item.truth);
  return {
    scoreAccuracy: accuracy(judged),
    analysisQuality: mean(analysed, (item) => item.quality),
    qualityWhereIssuesClaimed: mean(claiming, (item) => item.quality),
    issueRecall: pooled(
      (item) => item.flawsReported,
      (item) => item.flaws,
    ),
    remarkRecall: pooled(
      (item) => item.remarksReported,
      (item) => item.remarks,
    ),
    falseIssueShare: pooled(
      (item) => item.claimedIssues - item.realClaimedIssues,
      (item) => item.claimedIssues,
    ),
    claimShare: share(analysed, (item) => item.claimedIssues > 0),
    malformedShare: share(judged, (item) => item.given === undefined),
    falseRemarksPerAnalysis:
      analysed.length === 0 ? null : analysed.reduce((sum, item) => sum + item.falseRemarks, 0) / analysed.length,
    confusion: confusionOf(judged),
    byDifficulty: difficultyBands(judged).map((band) => ({
      difficulty: band.name,
      scoreAccuracy: accuracy(within(band, judged)),
    })),
  };
}

/** Meta-verifiers on the held-out analyses. */
export async function metaVerifierFigures(lap: Measuring, decoding: Decoding): Promise<MetaVerifierFigures> {
  const { store, manifest, truth, notes } = lap;
  const held = manifest.evaluation.analyses;
  if (held === undefined) {
    const reason = manifest.recipe.metaVerification
      ? 'no analyses of the validation split were scored in lap 1'
      : 'the recipe has no meta-verification';
    notes.absent(figureName('metaVerifier', decoding), reason);
    return { accuracyBefore: null, accuracyAfter: null, accuracyOfVerifierV2: null, constantBaseline: null };
  }
  const analyses = await store.readRows<AnalysisRow>(held);
  const truths = new Map(analyses.map((row) => [row.id, { problem: row.problem.id, quality: truth.quality(row) }]));
  const accuracyOf = async (model: EvaluationSet['model'], name: string): Promise<Figure> => {
    const figure = figureName(`metaVerifier.${name}`, decoding);
    const set = findSet(manifest.evaluation, 'metaVerifier', model, decoding);
    if (set === undefined)
      return notes.absent(figure, `no ${decoding} evaluation of ${model} as meta-verifier in this lap`);
    const judged: Judged[] = [];
    for await (const answer of answersOf(lap, set.setId, figure)) {
      const { problem, quality } = rowOf(truths, answer, set.setId, held.uri);
      if (quality === undefined) continue;
      judged.push({
        problem,
        truth: quality,
        ...(answer.parsed?.score === undefined ? {} : { given: answer.parsed.score }),
      });
    }
    return (
      share(judged, (item) => item.given === item.truth) ??
      notes.absent(figure, 'nobody knows the true quality of its held-out analyses')
    );
  };
  const { recipe, turn } = manifest;
  const trained = stagesOf(manifest);
  return {
    accuracyBefore:
      turn === 1
        ? await accuracyOf(recipe.stages.metaVerifier.init, 'accuracyBefore')
        : await accuracyOf('parent', 'accuracyBefore'),
    accuracyAfter: trained.includes('metaVerifier') ? await accuracyOf('metaVerifier', 'accuracyAfter') : null,
    accuracyOfVerifierV2: !trained.includes('verifierV2')
      ? null
      : await accuracyOf('verifierV2', 'accuracyOfVerifierV2'),
    constantBaseline: constantBaseline([...truths.values()].map((row) => row.quality)),
  };
}

/** The best that one answer to everything can do. */
export function constantBaseline(truths: readonly (Score | undefined)[]): ConstantBaseline | null {
  const known = truths.filter((score) => score !== undefined);
  if (known.length === 0) return null;
  const shares = SCORES.map((score) => ({
    score,
    accuracy: known.filter((truth) => truth === score).length / known.length,
  }));
  return shares.reduce((best, next) => (next.accuracy > best.accuracy ? next : best));
}

export const scoreKey = (score: Score): ScoreKey => String(score) as ScoreKey;

/** `greedy.` stands before the figures at T = 0, as in the report. */
export const figureName = (name: string, decoding: Decoding): string =>
  decoding === 'greedy' ? `greedy.${name}` : name;

function confusionOf(judged: readonly Judged[]): Confusion {
  const none = { '0': 0, '0.5': 0, '1': 0, malformed: 0 };
  const confusion = { '0': { ...none }, '0.5': { ...none }, '1': { ...none } };
  for (const { truth, given } of judged)
    confusion[scoreKey(truth)][given === undefined ? 'malformed' : scoreKey(given)] += 1;
  return confusion;
}
