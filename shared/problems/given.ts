import type { Problem } from '../records.ts';
import { seedOf, shuffled } from '../seeds.ts';

/** Graded sets that a team brings, as parts of D_v and D_mv. */

/** A recipe's. */
interface Given {
  readonly given?: { readonly proofs: string; readonly analyses?: string | undefined } | undefined;
}

/**
 * The sets that a lap is the first of its chain to name.
 * @param parent recipe of the lap that it goes on from.
 */
export function givenAnew({ given }: Given, parent?: Given): Readonly<Partial<Record<'proofs' | 'analyses', string>>> {
  const { proofs, analyses } = given ?? {};
  return {
    ...(proofs !== undefined && proofs !== parent?.given?.proofs && { proofs }),
    ...(analyses !== undefined && analyses !== parent?.given?.analyses && { analyses }),
  };
}

/** Rows of a set by where they go; those of held-out problems go nowhere. */
export interface GivenCounts {
  readonly train: number;
  readonly validation: number;
  readonly leftOut: number;
}

/** Of the sets that a lap takes in. */
export type GivenRows = Readonly<Partial<Record<'proofs' | 'analyses', GivenCounts>>>;

type SplitName = 'train' | 'validation' | 'heldOut';

/** D_p, by the splits that it has. */
interface Splits {
  readonly train: readonly Problem[];
  readonly validation: readonly Problem[];
  readonly heldOut: readonly Problem[];
  readonly next: readonly Problem[];
}

/**
 * Where rows of a problem that a team brings belong: where D_p has that problem, or else, since it is one of its own,
 * to training or validation, by the shares that D_p has of both. Some validate, where there are any to spare.
 * @param about problems of the rows.
 * @param of.groupOf by which two are one problem.
 * @param of.isHeldOut whether it is one with what is held out beside D_p.
 */
export function placesOf(
  about: readonly Problem[],
  splits: Splits,
  of: {
    readonly groupOf: (problem: Problem) => string;
    readonly isHeldOut: (problem: Problem) => boolean;
    readonly seed: number;
    readonly turn: number;
  },
): { readonly placeOf: (problem: Problem) => SplitName; readonly knownAs: (problem: Problem) => Problem } {
  const { groupOf, isHeldOut, seed, turn } = of;
  const groups = new Map<string, SplitName>();
  const known = new Map<string, Problem>();
  const ids = new Map<string, SplitName>();
  const put = (split: SplitName, problems: readonly Problem[]): void => {
    for (const problem of problems) {
      groups.set(groupOf(problem), split);
      ids.set(problem.id, split);
      known.set(problem.statement.trim(), problem);
    }
  };
  put('train', splits.next);
  put('train', splits.train);
  put('validation', splits.validation);
  put('heldOut', splits.heldOut);

  const there = (problem: Problem): SplitName | undefined =>
    groups.get(groupOf(problem)) ?? (isHeldOut(problem) ? 'heldOut' : ids.get(problem.id));
  const own = [...new Set(about.filter((problem) => there(problem) === undefined).map(groupOf))];
  const validates = about.some((problem) => there(problem) === 'validation');
  const share = splits.validation.length / Math.max(1, splits.validation.length + splits.train.length);
  // What validates is lap 1's: later ones only train.
  const some = validates ? 0 : Math.min(1, own.length - 1);
  const held = turn > 1 ? 0 : Math.max(Math.round(share * own.length), some);
  const validating = new Set(shuffled(own, seedOf(seed, 'given')).slice(0, held));
  return {
    placeOf: (problem) => there(problem) ?? (validating.has(groupOf(problem)) ? 'validation' : 'train'),
    knownAs: (problem) => known.get(problem.statement.trim()) ?? problem,
  };
}
