/** The fixed phrases of the answer formats (paper A.1–A.3), each one token of the rehearsal's tokenizer. */
export const SOLUTION = '## Solution';
export const SELF_EVALUATION = '## Self Evaluation';
export const EVALUATION_OPENING = 'Here is my evaluation of the solution:';
export const EVALUATION_CLOSING = 'Based on my evaluation, the final overall score should be:';
export const META_OPENING = 'Here is my analysis of the "solution evaluation":';
export const META_CLOSING = 'Based on my analysis, I will rate the "solution evaluation" as:';
export const BOX_OPENING = '\\boxed{';
export const BOX_CLOSING = '}';

export const PHRASES = [
  SOLUTION,
  SELF_EVALUATION,
  EVALUATION_OPENING,
  EVALUATION_CLOSING,
  META_OPENING,
  META_CLOSING,
  BOX_OPENING,
  BOX_CLOSING,
] as const;
