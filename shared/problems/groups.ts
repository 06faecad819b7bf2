import { printOf, USUAL_RULE, type AlikeKind, type AlikeRule } from './alike.ts';
import { similarPairs } from './join.ts';
import { Shingles, type Rest } from './shingles.ts';

/** Two statements, by their places, because of which their groups are one. */
export interface Pair {
  readonly one: number;
  readonly other: number;
  readonly kind: AlikeKind;
  readonly similarity: number;
}

export interface Groups {
  /** Of each statement the place of the first of its group. */
  readonly groupOf: readonly number[];
  /** A group of n has n − 1 of them, which join it. */
  readonly pairs: readonly Pair[];
}

/**
 * The groups of statements that are one problem, and of those that are linked through others (docs/method.md,
 * "Splits"). Equal statements give equal groups, whatever time it takes: 200,000 of 250 characters about a minute.
 */
export async function groupStatements(statements: readonly string[], rule: AlikeRule = USUAL_RULE): Promise<Groups> {
  const rest = resting();
  const print = await fingerprint(statements, rule, rest);
  const known = recent.get(print);
  const groups = known ?? (await grouped(statements, rule, rest));
  recent.delete(print);
  recent.set(print, groups);
  for (const old of [...recent.keys()].slice(0, -REMEMBERED)) recent.delete(old);
  return groups;
}

/** The last groupings: a lap asks for its own several times before it is open. */
const recent = new Map<string, Groups>();
const REMEMBERED = 3;

async function fingerprint(statements: readonly string[], rule: AlikeRule, rest: Rest): Promise<string> {
  let [one, other, length] = [0x811c9dc5, 0x9e3779b9, 0];
  for (const statement of statements) {
    await rest();
    length += statement.length;
    for (let at = 0; at <= statement.length; at += 1) {
      const code = at < statement.length ? statement.charCodeAt(at) : 0x10000;
      one = Math.imul(one ^ code, 0x01000193);
      other = Math.imul(other + code, 0x85ebca6b) ^ (other >>> 13);
    }
  }
  return [statements.length, length, one, other, rule.similarity, rule.ignoresNumbers].join(' ');
}

async function grouped(statements: readonly string[], rule: AlikeRule, rest: Rest): Promise<Groups> {
  const pairs: Pair[] = [];
  const firstOf = new Map<string, number>();
  /** Statements that no earlier one equals. */
  const distinct: number[] = [];
  const shingles = new Shingles();
  const byNumbers = new Map<string, number[]>();
  for (const [index, statement] of statements.entries()) {
    await rest();
    const { key, text, numbers } = printOf(statement, rule);
    const first = firstOf.get(key);
    if (first !== undefined) {
      pairs.push({ one: first, other: index, kind: 'exact', similarity: 1 });
      continue;
    }
    firstOf.set(key, index);
    const known = byNumbers.get(numbers);
    if (known === undefined) byNumbers.set(numbers, [distinct.length]);
    else known.push(distinct.length);
    distinct.push(index);
    shingles.add(text);
  }
  firstOf.clear();
  const roots = new Roots(statements.length);
  for (const { one, other } of pairs) roots.join(one, other);
  const place = (each: number) => distinct[each] ?? 0;
  const sorted = await shingles.sorted(rest);
  for await (const { one, other, similarity } of similarPairs(sorted, byNumbers.values(), rule.similarity, rest)) {
    const [first, second] = [place(one), place(other)].sort((a, b) => a - b) as [number, number];
    roots.join(first, second);
    pairs.push({ one: first, other: second, kind: 'near', similarity });
  }
  return { groupOf: statements.map((_, index) => roots.of(index)), pairs: pairs.sort(byPlace) };
}

const byPlace = (a: Pair, b: Pair): number => a.other - b.other || a.one - b.one;

/** Groups as trees, each with its smallest place as the root. */
class Roots {
  readonly #above: Int32Array;

  constructor(count: number) {
    this.#above = Int32Array.from({ length: count }, (_, index) => index);
  }

  of(index: number): number {
    let root = index;
    while (this.#above[root] !== root) root = this.#above[root] ?? root;
    for (let at = index; at !== root;) {
      const next = this.#above[at] ?? root;
      this.#above[at] = root;
      at = next;
    }
    return root;
  }

  join(one: number, other: number): void {
    const [low, high] = [this.of(one), this.of(other)].sort((a, b) => a - b) as [number, number];
    this.#above[high] = low;
  }
}

/** Lets others have a turn, heartbeats among them: a second without one is nothing, a minute is. */
function resting(everyMs = 200): Rest {
  let last = Date.now();
  let calls = 0;
  return () => {
    calls += 1;
    if (calls % 16 !== 0 || Date.now() - last < everyMs) return undefined;
    return new Promise((done) => {
      setTimeout(() => {
        last = Date.now();
        done();
      }, 0);
    });
  };
}
