/** The three marks of the rubric (paper 2.1): 0 fatal, 0.5 minor flaws, 1 complete and rigorous. */
export type Score = 0 | 0.5 | 1;

/** What an expert or the verifier thinks of a proof. */
export type ProofScore = Score;

/** What an expert or the meta-verifier thinks of an analysis. */
export type QualityScore = Score;

export const SCORES = [0, 0.5, 1] as const satisfies readonly Score[];

export function isScore(value: unknown): value is Score {
  return value === 0 || value === 0.5 || value === 1;
}
