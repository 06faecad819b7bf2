import type { DatasetRef } from '../records.ts';

/** Of a `GrownDataset`. */
interface Parts {
  readonly train: readonly DatasetRef[];
  readonly learned?: number;
  readonly validation: DatasetRef;
}

/** D_mv with further parts, from which no meta-verifier has learned yet. */
export function grownBy({ train, learned = train.length, validation }: Parts, parts: readonly DatasetRef[]): Parts {
  const all = [...train, ...parts];
  return learned < all.length ? { train: all, learned, validation } : { train: all, validation };
}

/** Why a lap whose recipe trains the meta-verifier anew did not. */
export const NOTHING_NEW =
  'metaVerifier: D_mv has no score that the meta-verifier has not learned from, so it was not trained again ' +
  '(metaData.laterAnalyses asks people for more)';
