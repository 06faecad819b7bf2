import { answerIn } from '../../shared/answers.ts';
import type { Checker } from '../../shared/domain.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { Outcome } from '../../shared/outcomes.ts';
import type { Problem, ProofRow } from '../../shared/records.ts';
import type { ProofScore, QualityScore, Score } from '../../shared/scores.ts';
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
    readonly score: Score | null;
    readonly text: string;
    readonly thinking?: string | undefined;
    readonly confirmations: readonly Score[];
  }[];
}

/** An analysis, and what it is worth. */
interface Judged {
  readonly text: string;
  readonly thinking?: string | undefined;
  readonly score: ProofScore;
  readonly quality: QualityScore;
}

/** One held-out proof with v1's and v2's analysis of it. */
export interface AnalysisSample {
  readonly problem: Problem;
  readonly proof: string;
  readonly truth: ProofScore;
  readonly v1: Judged;
  readonly v2: Judged;
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
  const { proofs, set } = manifest.labels;
  const [chosen] = (await store.readRows<LabelRow>(set.decisions))
    .filter(({ decision }) => decision.kind === 'contested')
    .sort((a, b) => b.metaAnalyses - a.metaAnalyses);
  const row = chosen && (await store.rowsById<ProofRow>(proofs)).get(chosen.proofId);
  if (chosen === undefined || row === undefined) return undefined;
  const analyses: Outcome[] = [];
  const confirmations = new Map<string, Score[]>();
  for await (const outcome of readOutcomes(store, set.setId)) {
    if (outcome.kind !== 'answered') continue;
    const { task, row: about, score } = outcome;
    if (task === 'verify' && about === row.id) analyses.push(outcome);
    if (task === 'metaVerify' && score !== undefined)
      confirmations.set(about, [...(confirmations.get(about) ?? []), score]);
  }
  const { problem, proof } = row;
  return {
    problem,
    proof,
    truth: checker?.proofScore(problem, proof) ?? null,
    decision: chosen.decision,
    verdicts: analyses
      .slice(0, VERDICTS_SHOWN)
      .map(({ score = null, text = '', thinking, sample }) => ({
        score,
        text,
        thinking,
        confirmations: confirmations.get(analysisId(row.id, sample)) ?? [],
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
  const proofs = await store.rowsById<ProofRow>(manifest.evaluation.proofs);
  const judge = (outcome: Outcome) => {
    const proof = proofs.get(outcome.row);
    const answer = answerIn(outcome);
    if (proof === undefined || outcome.kind !== 'answered' || answer.kind === 'malformed' || answer.score === undefined)
      return undefined;
    const truth = checker.analysis(proof.problem, proof.proof, answer.text);
    const { text, score } = answer;
    return { proof, text, thinking: outcome.thinking, score, quality: truth.quality, claims: truth.claimedIssues };
  };
  const worthless = new Map<string, Judged>();
  for await (const outcome of readOutcomes(store, first.setId)) {
    const judged = judge(outcome);
    if (judged?.quality === 0) worthless.set(judged.proof.id, judged);
  }
  let found: AnalysisSample | undefined;
  for await (const outcome of readOutcomes(store, second.setId)) {
    const v2 = judge(outcome);
    const v1 = v2 && worthless.get(v2.proof.id);
    if (v2?.quality !== 1 || v1 === undefined || (found && v2.claims === 0)) continue;
    const { problem, proof } = v2.proof;
    found = { problem, proof, truth: checker.proofScore(problem, proof), v1, v2 };
    if (v2.claims > 0) return found; // one that finds a real issue says more than one that finds none
  }
  return found;
}
