import * as z from 'zod';
import type { ProblemsAsked, Splits } from '../../shared/domain.ts';
import { bandOf } from '../../shared/lap/laterLap.ts';
import type { Problem } from '../../shared/records.ts';
import { seedOf } from '../../shared/seeds.ts';
import { MAX_OPERATIONS } from './chain.ts';
import { rehearsalProblems } from './problems.ts';

const length = z.int().min(1).max(MAX_OPERATIONS);
const band = z.tuple([length, length]).refine(([low, high]) => low <= high, 'expected [lowest, highest]');

export const settings = z.strictObject({
  train: z.int().min(8),
  validation: z.int().min(4),
  heldOut: z.int().min(4),
  /** Problems of the next difficulty, which phase 4 labels proofs of. */
  next: z.int().min(4),
  /**
   * The curriculum's bands of chain lengths [lowest, highest]: a lap trains on its own and labels proofs of the next;
   * the last one stays.
   */
  difficulties: z.array(band).min(1),
  /** The held-out set's, which spans all. */
  heldOutDifficulty: band,
});
export type RehearsalSettings = z.infer<typeof settings>;

/** The held-out set is the same for every seed, so that runs can be compared on it. */
export async function splitChains({
  settings: { difficulties, heldOutDifficulty, ...sizes },
  turn,
  curriculum,
  seed,
  kept,
}: ProblemsAsked<RehearsalSettings>): Promise<Splits> {
  const own = turn === 1 ? seed : seedOf(seed, 'turn', turn);
  const fresh = (name: 'train' | 'validation' | 'next', at: number, exclude: readonly (readonly Problem[])[]) =>
    rehearsalProblems({
      seed: seedOf(own, name),
      count: sizes[name],
      difficulty: bandOf(difficulties, curriculum, at),
      exclude: exclude.flat().map(({ id }) => id),
    });
  const heldOut =
    kept?.heldOut ??
    rehearsalProblems({ seed: seedOf('held-out'), count: sizes.heldOut, difficulty: heldOutDifficulty });
  const train = fresh('train', turn, [heldOut, kept?.validation ?? []]);
  const validation = kept?.validation ?? fresh('validation', turn, [heldOut, train]);
  return { heldOut, train, validation, next: fresh('next', turn + 1, [heldOut, train, validation]) };
}
