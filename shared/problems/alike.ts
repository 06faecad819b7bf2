import { ANY_VARIABLE, normalised } from './normalise.ts';

/** When two statements are one problem (docs/method.md, "Splits"). */
export interface AlikeRule {
  /**
   * The least Jaccard similarity of two statements' shingles. Ours, 0.8: one of a hundred letters may have a word the
   * other has not, or a short one for another; other notation costs nothing, as it is normalised away.
   */
  readonly similarity: number;
  /** Whether statements whose numbers differ may be one problem. */
  readonly ignoresNumbers: boolean;
}
export const USUAL_RULE: AlikeRule = { similarity: 0.8, ignoresNumbers: false };

/** `exact`: equal once they are normalised. `near`: similar above the threshold, with the same numbers. */
export type AlikeKind = 'exact' | 'near';

/** Characters of a shingle. */
export const SHINGLE = 5;

/** What is compared of a statement. */
export interface Print {
  /** Equal for statements that are equal but for notation. */
  readonly key: string;
  /** Whose shingles are compared: the key with one letter for all variables, so that one more shifts no other. */
  readonly text: string;
  /** Its numbers, each as often as it comes, in no order; nothing where numbers are ignored. */
  readonly numbers: string;
}

export function printOf(statement: string, { ignoresNumbers }: AlikeRule = USUAL_RULE): Print {
  const read = normalised(statement);
  const numbers = ignoresNumbers ? [] : numbersIn(read.split(' '));
  const spaced = ignoresNumbers ? read.replaceAll(/\d+(?:\.\d+)?/g, '0') : read;
  // "non-negative" is "nonnegative"; two numbers are not one.
  const key = spaced.replaceAll(/ (?!\d)|(?<!\d) /g, '');
  return { key, text: key.replaceAll(ANY_VARIABLE, 'x'), numbers: numbers.sort().join(' ') };
}

/** Each with its sign, where nothing stands before that it could be subtracted from. */
function numbersIn(tokens: readonly string[]): string[] {
  const isTerm = (token = '') => /^(?:\d.*|[\u2c30-\u2c5e])$/.test(token);
  return tokens.flatMap((token, at) => {
    if (!/^\d/.test(token)) return [];
    return [tokens[at - 1] === '-' && !isTerm(tokens[at - 2]) ? `-${token}` : token];
  });
}

export interface Match {
  readonly kind: AlikeKind;
  /** The place, among those that were given, of the one that it is like. */
  readonly index: number;
  readonly similarity: number;
}

/**
 * Which of a few statements another one is like, if any: an equal one, or the first that is similar. For many against
 * many there is `groupStatements`.
 */
export function alikeTo(
  statements: readonly string[],
  rule: AlikeRule = USUAL_RULE,
): (statement: string) => Match | undefined {
  const known = statements.map((statement) => {
    const print = printOf(statement, rule);
    return { ...print, shingles: shinglesOf(print.text) };
  });
  const byKey = new Map<string, number>();
  for (const [index, { key }] of known.entries()) if (!byKey.has(key)) byKey.set(key, index);
  return (statement) => {
    if (known.length === 0) return undefined;
    const { key, text, numbers } = printOf(statement, rule);
    const equal = byKey.get(key);
    if (equal !== undefined) return { kind: 'exact', index: equal, similarity: 1 };
    let shingles: Set<string> | undefined;
    for (const [index, other] of known.entries()) {
      if (other.numbers !== numbers) continue;
      const similarity = jaccard((shingles ??= shinglesOf(text)), other.shingles);
      if (similarity >= rule.similarity) return { kind: 'near', index, similarity };
    }
    return undefined;
  };
}

/** A text that is shorter than a shingle is one. */
function shinglesOf(text: string): Set<string> {
  const shingles = new Set<string>();
  for (let at = 0; at === 0 || at + SHINGLE <= text.length; at += 1) shingles.add(text.slice(at, at + SHINGLE));
  return shingles;
}

function jaccard(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let both = 0;
  for (const shingle of one) if (other.has(shingle)) both += 1;
  return both / (one.size + other.size - both);
}
