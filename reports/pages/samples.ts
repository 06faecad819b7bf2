import { parseAnswer } from '../../shared/answers.ts';
import type { Checker } from '../../shared/domain.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { Outcome } from '../../shared/outcomes.ts';
import type { Problem, ProofRow } from '../../shared/records.ts';
import type { ProofScore, QualityScore } from '../../shared/scores.ts';
import type { LabelDecision, LabelRow } from '../../shared/sampling/sets.ts';
import { readOutcomes } from '../../activities/sets/outcomes.ts';
import { analysisId } from '../../activities/sets/labelShard.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';

/** A proof that the verifier could not decide, with what was said of it. */
export interface ContestedSample {
  readonly problem: Problem;
  readonly proof: string;
  readonly truth: ProofScore | null;
  readonly decision: LabelDecision;
  readonly verdicts: readonly {
    readonly score: ProofScore | null;
    readonly text: string;
    readonly confirmations: readonly QualityScore[];
  }[];
}

/** One held-out proof with v1's and v2's analysis of it. */
export interface AnalysisSample {
  readonly problem: Problem;
  readonly proof: string;
  readonly truth: ProofScore;
  readonly v1: { readonly text: string; readonly score: ProofScore; readonly quality: QualityScore };
  readonly v2: { readonly text: string; readonly score: ProofScore; readonly quality: QualityScore };
}

/** Analyses shown of a contested proof. */
const VERDICTS_SHOWN = 8;

/**
 * The contested proof over which analyses with confirmed and unconfirmed issues disagree most; undefined where none is
 * contested.
 */
export async function contestedSample(
  store: ArtifactStore,
  manifest: LapManifest,
  checker?: Checker,
): Promise<ContestedSample | undefined> {
  const rows = await store.readRows<LabelRow>(manifest.labels.set.decisions);
  const contested = rows.filter(({ decision }) => decision.kind === 'contested');
  const chosen = contested.reduce<LabelRow | undefined>(
    (best, row) => (best === undefined || row.metaAnalyses > best.metaAnalyses ? row : best),
    undefined,
  );
  if (chosen === undefined) return undefined;
  const proof = (await store.readRows<ProofRow>(manifest.labels.proofs)).find(({ id }) => id === chosen.proofId);
  if (proof === undefined) return undefined;
  const analyses: Outcome[] = [];
  const metas: Outcome[] = [];
  for await (const outcome of readOutcomes(store, manifest.labels.set.setId)) {
    if (outcome.kind !== 'answered') continue;
    if (outcome.task === 'verify' && outcome.row === proof.id) analyses.push(outcome);
    if (outcome.task === 'metaVerify' && outcome.row.startsWith(analysisId(proof.id, 0).slice(0, -1)))
      metas.push(outcome);
  }
  return {
    problem: proof.problem,
    proof: proof.proof,
    truth: checker?.proofScore(proof.problem, proof.proof) ?? null,
    decision: chosen.decision,
    verdicts: analyses
      .slice(0, VERDICTS_SHOWN)
      .map((analysis) => ({
        score: analysis.score ?? null,
        text: analysis.text ?? '',
        confirmations: metas.flatMap((meta) =>
          meta.row === analysisId(proof.id, analysis.sample) && meta.score !== undefined ? [meta.score] : [],
        ),
      })),
  };
}

/** A proof whose analysis by v1 was worthless (quality 0) and by v2 faultless; undefined where there is none. */
export async function analysisSample(
  store: ArtifactStore,
  manifest: LapManifest,
  checker?: Checker,
): Promise<AnalysisSample | undefined> {
  if (checker === undefined) return undefined;
  const setOf = (model: string) =>
    manifest.evaluation.sets.find(
      (set) => set.subject === 'verifier' && set.model === model && set.decoding === 'sampled',
    );
  const [first, second] = [setOf('verifierV1'), setOf('verifierV2')];
  if (first === undefined || second === undefined) return undefined;
  const proofs = new Map(
    (await store.readRows<ProofRow>(manifest.evaluation.proofs)).map((proof) => [proof.id, proof]),
  );
  const judge = (outcome: Outcome) => {
    const proof = proofs.get(outcome.row);
    const answer = parseAnswer('verify', outcome.text ?? '');
    if (proof === undefined || outcome.kind !== 'answered' || answer.kind === 'malformed' || answer.score === undefined)
      return undefined;
    const truth = checker.analysis(proof.problem, proof.proof, answer.text);
    return { proof, text: answer.text, score: answer.score, quality: truth.quality, claims: truth.claimedIssues };
  };
  const worthless = new Map<string, { text: string; score: ProofScore; quality: QualityScore }>();
  for await (const outcome of readOutcomes(store, first.setId)) {
    const judged = judge(outcome);
    if (judged?.quality === 0) worthless.set(judged.proof.id, judged);
  }
  let found: AnalysisSample | undefined;
  for await (const outcome of readOutcomes(store, second.setId)) {
    const judged = judge(outcome);
    const v1 = judged && worthless.get(judged.proof.id);
    if (judged?.quality !== 1 || v1 === undefined || (found && judged.claims === 0)) continue;
    const { proof, text, score, quality } = judged;
    found = {
      problem: proof.problem,
      proof: proof.proof,
      truth: checker.proofScore(proof.problem, proof.proof),
      v1,
      v2: { text, score, quality },
    };
    if (judged.claims > 0) return found; // one that finds a real issue says more than one that finds none
  }
  return found;
}
