import { valueAt } from '../../shared/recipe/issues.ts';
import type { Derived } from '../../shared/lap/facts.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';

/** What is derived so far: a field that the input gave stays, and what follows takes its value. */
export class Sizes {
  readonly derived: Derived[] = [];
  readonly asked: Recipe;
  readonly #isGiven: (field: string) => boolean;

  constructor(asked: Recipe, isGiven: (field: string) => boolean) {
    this.asked = asked;
    this.#isGiven = isGiven;
  }

  /** The input's own value of a field; undefined where it does not say one. */
  given<Value = number>(field: string): Value | undefined {
    return this.#isGiven(field) ? (valueAt(this.asked, field.split('.')) as Value) : undefined;
  }

  /** @returns what holds: the given value, else this one. */
  set<Value extends Derived['value']>(field: string, value: Value, reason: string): Value {
    const given = this.given<Value>(field);
    if (given !== undefined) return given;
    this.derived.push({ field, value, reason });
    return value;
  }
}

export interface ProblemSizes {
  /** Problems by split; `pool` is what a cold start asks about: training and validation. */
  readonly train: number;
  readonly next: number;
  readonly validation: number;
  readonly heldOut: number;
  readonly pool: number;
}

/** A number in a reason. */
export const n = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 2 });
export const clamp = (value: number, least: number, most: number): number => Math.max(least, Math.min(most, value));
