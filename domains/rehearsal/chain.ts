/**
 * The rehearsal's mathematics: left-to-right chains of operations modulo 11, every operation with a label, the claim at
 * the end. `8 L1 - 2 L2 * 3 = 7` reads: 8 − 2 = 6, 6 × 3 = 18 = 7.
 */
export const MODULUS = 11;
/** A chain has at most so many operations: the tokenizer knows the labels L1 to L8. */
export const MAX_OPERATIONS = 8;
export const OPERATORS = ['+', '-', '*'] as const;
type Operator = (typeof OPERATORS)[number];

export interface Operation {
  readonly operator: Operator;
  readonly operand: number;
}

export interface Chain {
  readonly start: number;
  readonly operations: readonly Operation[];
  /** What the problem says the chain comes to. */
  readonly claim: number;
}

const RESULTS: Readonly<Record<Operator, (value: number, operand: number) => number>> = {
  '+': (value, operand) => (value + operand) % MODULUS,
  '-': (value, operand) => (value - operand + MODULUS) % MODULUS,
  '*': (value, operand) => (value * operand) % MODULUS,
};

export function apply(value: number, { operator, operand }: Operation): number {
  return RESULTS[operator](value, operand);
}

/** +0, −0 and ×1 change nothing: the only operations on which a harmless remark is real. */
export function isTrivial({ operator, operand }: Operation): boolean {
  return operator === '*' ? operand === 1 : operand === 0;
}

export function sameOperation(one: Operation | undefined, other: Operation | undefined): boolean {
  return one !== undefined && other !== undefined && one.operator === other.operator && one.operand === other.operand;
}

/** The label of the operation at `index` (from 0). */
export function labelOf(index: number): string {
  return `L${index + 1}`;
}

export function statementOf({ start, operations, claim }: Chain): string {
  return [start, ...operations.map((operation, index) => `${labelOf(index)} ${textOf(operation)}`), '=', claim].join(
    ' ',
  );
}

export function textOf({ operator, operand }: Operation): string {
  return `${operator} ${operand}`;
}

/**
 * Reads a statement.
 * @throws when it is not a chain of this domain with the labels L1, L2, … in order.
 */
export function chainOf(statement: string): Chain {
  const words = statement.trim().split(/\s+/);
  const count = (words.length - 3) / 3;
  const start = valueOf(words[0]);
  const claim = valueOf(words.at(-1));
  const operations = Array.from({ length: Math.max(0, Math.floor(count)) }, (_, index) => {
    const [label, operator, operand] = words.slice(1 + 3 * index, 4 + 3 * index);
    return label === labelOf(index) ? operationOf(operator, operand) : undefined;
  }).filter((operation) => operation !== undefined);
  if (
    start === undefined ||
    claim === undefined ||
    words.at(-2) !== '=' ||
    count < 1 ||
    count > MAX_OPERATIONS ||
    operations.length !== count
  ) {
    throw new Error(
      `Expected a chain of 1 to ${MAX_OPERATIONS} labelled operations such as "8 L1 - 2 L2 * 3 = 7", got ` +
        JSON.stringify(statement.slice(0, 80)),
    );
  }
  return { start, operations, claim };
}

/** The value that a word stands for; absent unless it is one of 0 to 10, plainly written. */
export function valueOf(word: string | undefined): number | undefined {
  return word !== undefined && /^(?:\d|10)$/.test(word) ? Number(word) : undefined;
}

export function operationOf(operator: string | undefined, operand: string | undefined): Operation | undefined {
  const known = OPERATORS.find((candidate) => candidate === operator);
  const value = valueOf(operand);
  return known === undefined || value === undefined ? undefined : { operator: known, operand: value };
}
