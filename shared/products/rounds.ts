import type { OutcomeCounts } from '../outcomes.ts';
import type { DatasetRef } from '../records.ts';

/** A round of a search as it lies in the store. */
export interface ScoredRound {
  /** ProofRows. */
  readonly proofs: DatasetRef;
  /** Their verdicts, counted. */
  readonly scored: DatasetRef;
}

/** What a round asked and what came. */
export interface RoundRecord {
  readonly proofs: DatasetRef;
  /** Set of the verdicts. */
  readonly verdicts: string;
  readonly written: OutcomeCounts;
  readonly judged: OutcomeCounts;
}
