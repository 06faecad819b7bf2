import * as z from 'zod';
import type { ProblemsAsked, Splits } from '../../shared/domain.ts';
import { bandOf } from '../../shared/lap/laterLap.ts';
import type { Problem } from '../../shared/records.ts';
import { randomFrom, seedOf, shuffled } from '../../shared/seeds.ts';
import { claimOf, LETTERS, statementOf, stepsTo, type Claim, type Implication } from './claims.ts';

const count = z.int().min(4).max(1_000);
const steps = z
  .int()
  .min(1)
  .max(LETTERS.length - 1);
const band = z.tuple([steps, steps]).refine(([low, high]) => low <= high, 'expected [lowest, highest]');

export const settings = z.strictObject({
  train: count,
  validation: count,
  heldOut: count,
  /** Problems of the next difficulty, which phase 4 labels proofs of. */
  next: count,
  /** The curriculum's bands of implications from the given letter to the goal; the last one stays. */
  difficulties: z.array(band).min(1),
  heldOutDifficulty: band,
});
export type ImplicationsSettings = z.infer<typeof settings>;

/** Beside those that lead to the goal. */
const OTHERS = 2;

/** The held-out set is the same for every seed. */
export async function splitClaims({
  settings: { difficulties, heldOutDifficulty, ...counts },
  turn,
  curriculum,
  seed,
  kept,
}: ProblemsAsked<ImplicationsSettings>): Promise<Splits> {
  const fresh = (name: 'train' | 'validation' | 'next', at: number, away: readonly Problem[]) =>
    problemsOf(seedOf(seed, turn, name), counts[name], bandOf(difficulties, curriculum, at), away);
  const heldOut = kept?.heldOut ?? problemsOf(seedOf('held-out'), counts.heldOut, heldOutDifficulty, []);
  const train = fresh('train', turn, [...heldOut, ...(kept?.validation ?? [])]);
  const validation = kept?.validation ?? fresh('validation', turn, [...heldOut, ...train]);
  return { heldOut, train, validation, next: fresh('next', turn + 1, [...heldOut, ...train, ...validation]) };
}

function problemsOf(
  seed: number,
  most: number,
  [low, high]: readonly [number, number],
  away: readonly Problem[],
): Problem[] {
  const taken = new Set(away.map(({ id }) => id));
  const found: Problem[] = [];
  for (let draw = 0; found.length < most; draw += 1) {
    if (draw > 1_000 * most) throw new Error(`Expected ${most} claims of ${low} to ${high} steps, got ${found.length}`);
    const problem = problemOf(claimAt(low + (found.length % (high - low + 1)), seedOf(seed, draw)));
    if (taken.has(problem.id)) continue;
    taken.add(problem.id);
    found.push(problem);
  }
  return found;
}

/** A claim whose goal is so many implications away, whichever way is taken. */
function claimAt(difficulty: number, seed: number): Claim {
  const path = shuffled(LETTERS, seed).slice(0, difficulty + 1);
  const [given, goal] = [path[0] as string, path.at(-1) as string];
  const leading = path.slice(1).map((to, index): Implication => [path[index] as string, to]);
  const random = randomFrom(seed);
  const letter = () => LETTERS[Math.floor(random() * LETTERS.length)] as string;
  const others: Implication[] = [];
  while (others.length < OTHERS) {
    const pair: Implication = [letter(), letter()];
    const all = [...leading, ...others, pair];
    const isNew = new Set(all.map(String)).size === all.length && pair[0] !== pair[1];
    if (isNew && stepsTo(goal, new Set([given]), all) === difficulty) others.push(pair);
  }
  return { given, implications: shuffled([...leading, ...others], seed), goal };
}

function problemOf(claim: Claim): Problem {
  const difficulty = stepsTo(claim.goal, new Set([claim.given]), claim.implications) as number;
  return {
    id: keyOf(claim),
    statement: statementOf(claim),
    topic: difficulty === 1 ? 'direct' : 'in steps',
    source: 'implications: domains/implications/README.md',
    difficulty,
  };
}

/** The order of the implications makes no other problem. */
export const sameClaim = (statement: string): string => keyOf(claimOf(statement));

const keyOf = ({ given, implications, goal }: Claim): string =>
  ['claim', given, ...implications.map((pair) => pair.join('')).sort(), goal].join('-');
