import type { OutcomeCounts } from '../outcomes.ts';
import type { DatasetRef } from '../records.ts';
import type { Spent } from './caps.ts';
import type { RoundSummary } from './search.ts';

/** What a round asked for and what came. */
export interface AskedRound {
  readonly round: number;
  /** ProofRows: those of its proofs that can be read. */
  readonly proofs: DatasetRef;
  /** Set of the verdicts on them. */
  readonly verdicts: string;
  readonly written: OutcomeCounts;
  readonly judged: OutcomeCounts;
  readonly spent: Spent;
  readonly warning?: string | undefined;
}

/** `products/solve/<name>/problems/<problem>/round-<r>.json`. */
export interface RoundRecord {
  readonly summary: RoundSummary;
  readonly proofs: DatasetRef;
  readonly verdicts: string;
  /** The proofs with their verdicts, without texts. */
  readonly scored: DatasetRef;
  /** By the round alone. */
  readonly spent: Spent;
}

/** Names of a round's sets, below the place of its problem. */
export const setsOfRound = (round: number) => ({
  proofs: `round-${round}/proofs`,
  verdicts: `round-${round}/verdicts`,
});
