import type { Problem } from './records.ts';
import type { ProofScore, QualityScore } from './scores.ts';

/**
 * Ground truth, where a domain has it (the rehearsal does; natural-language proofs do not).
 * It measures, and it answers as the named program in place of experts; nothing in training or labelling reads it.
 */
export interface Checker {
  /** Name shown wherever it answers in place of a person. */
  readonly name: string;
  proofScore(problem: Problem, proof: string): ProofScore;
  analysis(problem: Problem, proof: string, analysis: string): AnalysisTruth;
}

/** The truth about one analysis. */
export interface AnalysisTruth {
  /** Its quality by the meta rubric (paper A.3). */
  readonly quality: QualityScore;
  /** Issues it claims, harmless remarks among them, and how many of them are real. */
  readonly claimedIssues: number;
  readonly realClaimedIssues: number;
  /** Real flaws of the proof, and how many of them it reports. */
  readonly flaws: number;
  readonly flawsReported: number;
  /** Harmless remarks: possible real ones, real ones made, false ones made. */
  readonly remarks: number;
  readonly remarksReported: number;
  readonly falseRemarks: number;
}
