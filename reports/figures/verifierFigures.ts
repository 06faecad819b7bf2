import type { AnalysisTruth } from '../../shared/domain.ts';
import { byScore, type Figure } from '../../shared/statistics/figure.ts';
import {
  difficultyBands,
  mean,
  meanOf,
  ratio,
  share,
  within,
  type OfProblem,
} from '../../shared/statistics/measures.ts';
import type {
  ConstantBaseline,
  DecodingFigures,
  MetaVerifierFigures,
  VerifierFigures,
} from '../../shared/figures/report.ts';
import { hasGivenVerifier, hasOwnVerifier } from '../../shared/lap/orders.ts';
import type { EvaluationSet } from '../../shared/lap/manifest.ts';
import { stagesOf } from '../../shared/lap/phases.ts';
import type { AnalysisRow, DatasetRef, ProofRow } from '../../shared/records.ts';
import { SCORES, type Score } from '../../shared/scores.ts';
import { answersOf, askedSet, figureName, type Decoding } from './answers.ts';
import type { Measuring } from './notes.ts';

/** One answer of a judge: the truth about what it was asked, what it said, and the truth about how it said it. */
interface Judged extends OfProblem {
  readonly truth: Score;
  /** Undefined where the answer was malformed. */
  readonly given: Score | undefined;
  readonly analysis: AnalysisTruth | undefined;
}

const isRight = ({ given, truth }: Judged): boolean => given === truth;

/** Reads what verifiers said of the held-out proofs, and the truth about it. */
export async function judgedReader(lap: Measuring, decoding: Decoding) {
  const { manifest, truth } = lap;
  return readerOf(lap, 'verifier', decoding, manifest.evaluation.proofs, (row: ProofRow) => truth.proofScore(row));
}

/** @returns also the truths of all rows, each with its problem. */
async function readerOf<Row extends ProofRow>(
  lap: Measuring,
  subject: 'verifier' | 'metaVerifier',
  decoding: Decoding,
  about: DatasetRef,
  truthOf: (row: Row) => Score | undefined,
) {
  const { store, truth, notes } = lap;
  const rows = await store.rowsById<Row>(about);
  const truths = new Map(Array.from(rows.values(), (row) => [row.id, truthOf(row)]));
  /** Null, and noted, where a model was not asked or nobody knows. */
  async function judgedOf(model: EvaluationSet['model'], name: string): Promise<Judged[] | null> {
    const set = askedSet(lap, { subject, model, decoding }, `${subject}.${name}`);
    if (set === null) return null;
    const judged: Judged[] = [];
    for await (const { row, parsed } of answersOf(lap, set, rows, about)) {
      const known = truths.get(row.id);
      if (known === undefined) continue;
      const { id: problem, difficulty } = row.problem;
      const analysis =
        parsed && subject === 'verifier' ? truth.checker?.analysis(row.problem, row.proof, parsed.text) : undefined;
      judged.push({ problem, difficulty, truth: known, given: parsed?.score, analysis });
    }
    if (judged.length > 0) return judged;
    const [worth, texts] = subject === 'verifier' ? ['true scores', 'proofs'] : ['true quality', 'analyses'];
    return notes.absent(
      set.figure,
      rows.size > 0
        ? `nobody knows the ${worth} of its held-out ${texts}`
        : `there are no held-out ${texts}: none of the base's could be read, or none was scored of the problems held ` +
            `back`,
    );
  }
  return { truths: [...truths.values()], judgedOf };
}

/** Verifiers on the held-out proofs. */
export async function verifierFigures(lap: Measuring, decoding: Decoding): Promise<DecodingFigures['verifier']> {
  const { manifest } = lap;
  const later = manifest.turn > 1;
  const isGiven = hasGivenVerifier(manifest);
  const { truths, judgedOf } = await judgedReader(lap, decoding);
  const figuresOf = async (model: EvaluationSet['model'], name: string): Promise<VerifierFigures | null> => {
    const judged = await judgedOf(model, name);
    return judged && verifierFiguresOf(judged);
  };
  return {
    base: await figuresOf('base', 'base'),
    parent: later ? await figuresOf('parent', 'parent') : null,
    consolidation: later ? await figuresOf('consolidation', 'consolidation') : null,
    v1: later || isGiven ? null : await figuresOf('verifierV1', 'v1'),
    v2: hasOwnVerifier(manifest) ? await figuresOf('verifierV2', 'v2') : null,
    heldOutProofs: byScore((score) => truths.filter((known) => known === score).length),
    constantBaseline: constantBaseline(truths),
  };
}

function verifierFiguresOf(judged: readonly Judged[]): VerifierFigures {
  const analysed = judged.flatMap(({ problem, analysis }) =>
    analysis ? [{ problem, ...analysis, falseIssues: analysis.claimedIssues - analysis.realClaimedIssues }] : [],
  );
  type Count = Exclude<keyof (typeof analysed)[number], 'problem'>;
  const claiming = analysed.filter((item) => item.claimedIssues > 0);
  const pooled = (hits: Count, of: Count): Figure =>
    ratio(analysed.map((item) => ({ hits: item[hits], of: item[of], cluster: item.problem })));
  return {
    scoreAccuracy: share(judged, isRight),
    analysisQuality: mean(analysed, (item) => item.quality),
    qualityWhereIssuesClaimed: mean(claiming, (item) => item.quality),
    issueRecall: pooled('flawsReported', 'flaws'),
    remarkRecall: pooled('remarksReported', 'remarks'),
    falseIssueShare: pooled('falseIssues', 'claimedIssues'),
    claimShare: share(analysed, (item) => item.claimedIssues > 0),
    malformedShare: share(judged, (item) => item.given === undefined),
    falseRemarksPerAnalysis: meanOf(analysed.map((item) => item.falseRemarks)),
    confusion: byScore((truth) => {
      const count = (given?: Score) => judged.filter((item) => item.truth === truth && item.given === given).length;
      return { ...byScore(count), malformed: count() };
    }),
    byDifficulty: difficultyBands(judged).map((band) => ({
      difficulty: band.name,
      scoreAccuracy: share(within(band, judged), isRight),
    })),
  };
}

/** Meta-verifiers on the held-out analyses. */
export async function metaVerifierFigures(lap: Measuring, decoding: Decoding): Promise<MetaVerifierFigures> {
  const { manifest, truth, notes } = lap;
  const { recipe, turn, evaluation } = manifest;
  if (evaluation.analyses === undefined) {
    const reason = recipe.metaVerification
      ? 'no analyses of the validation split were scored in lap 1'
      : 'the recipe has no meta-verification';
    notes.absent(figureName('metaVerifier', decoding), reason);
    return { accuracyBefore: null, accuracyAfter: null, accuracyOfVerifierV2: null, constantBaseline: null };
  }
  const { truths, judgedOf } = await readerOf(lap, 'metaVerifier', decoding, evaluation.analyses, (row: AnalysisRow) =>
    truth.quality(row),
  );
  const accuracyOf = async (model: EvaluationSet['model'], name: string): Promise<Figure> => {
    const judged = await judgedOf(model, name);
    return judged && share(judged, isRight);
  };
  const trained = stagesOf(manifest);
  const isGiven = hasGivenVerifier(manifest);
  const before = turn === 1 ? recipe.stages.metaVerifier.init : 'parent';
  return {
    accuracyBefore: isGiven ? null : await accuracyOf(before, 'accuracyBefore'),
    accuracyAfter: trained.includes('metaVerifier') ? await accuracyOf('metaVerifier', 'accuracyAfter') : null,
    accuracyOfVerifierV2: hasOwnVerifier(manifest) ? await accuracyOf('verifierV2', 'accuracyOfVerifierV2') : null,
    constantBaseline: constantBaseline(truths),
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
