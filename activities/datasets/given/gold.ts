import { uri } from '../../../shared/ids.ts';
import type { DatasetRef, Made, ProofRow, ScoredProof } from '../../../shared/records.ts';
import { mixGold } from '../../../shared/review/gold.ts';
import type { ArtifactStore } from '../../store/types.ts';
import { readGiven } from './given.ts';

/** The recipe's, where it asks for questions with known answers. */
export interface GoldAsked {
  readonly proofs: string;
  readonly share: number;
}

/**
 * Writes what a review set is about, with questions of known answers among the others where the recipe asks for them;
 * which these are stands beside it (`uri.gold`), and nothing that trains reads it but to leave them out.
 * @param about.others proofs whose ids no question may have.
 */
export async function writeQuestions(
  store: ArtifactStore,
  to: string,
  { questions, others, seed }: { questions: readonly ProofRow[]; others: readonly ProofRow[]; seed: number },
  made: Made,
  gold: GoldAsked | undefined,
): Promise<DatasetRef> {
  if (gold === undefined) return store.writeJsonl(to, questions, made);
  const { ref, rows: known } = await readGiven<ScoredProof>(store, 'proofs', gold.proofs, 'experts.gold.proofs');
  const taken = others.map(({ id }) => id);
  const mixed = mixGold(questions, known, { share: gold.share, seed, taken });
  const from = [...made.from, { as: 'gold', ...ref }];
  await store.writeJsonl(uri.gold(to), mixed.gold, { by: made.by, from });
  return store.writeJsonl(to, mixed.rows, { by: made.by, from });
}
