import type { ScoreSource } from '../records.ts';

/** `given` is absent where nothing was. */
type BySource = Readonly<Record<Exclude<ScoreSource, 'given'>, number>> & { readonly given?: number };

/** The rows of D_v by who scored them: those that this lap's verifier learns from, and those that this lap added. */
export interface ProofScoreCounts {
  readonly used: BySource;
  readonly added: BySource;
  /**
   * Experts' scores, or those of the program that answers in their place, of all: counted, not estimated. Null where
   * there are no rows.
   */
  readonly peopleShare: number | null;
  readonly peopleShareOfAdded: number | null;
}
