/** The three marks of the rubric (paper 2.1): 0 fatal, 0.5 minor flaws, 1 complete and rigorous. */
export const SCORES = [0, 0.5, 1] as const;
export type Score = (typeof SCORES)[number];

/** What an expert or the verifier thinks of a proof. */
export type ProofScore = Score;

/** What an expert or the meta-verifier thinks of an analysis. */
export type QualityScore = Score;

export function isScore(value: unknown): value is Score {
  return SCORES.includes(value as Score);
}
