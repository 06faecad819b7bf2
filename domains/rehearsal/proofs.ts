import {
  apply,
  isTrivial,
  labelOf,
  operationOf,
  sameOperation,
  textOf,
  valueOf,
  type Chain,
  type Operation,
} from './chain.ts';

/**
 * A line of a proof: one operation on a value and its result (`L2 6 * 3 = 7`), or several merged into one (`L1 8 - 2 L2
 * * 3 = 7`). The value is the result of the line before.
 */
export interface ProofLine {
  readonly labels: readonly string[];
  readonly from: number;
  readonly operations: readonly Operation[];
  readonly result: number;
}

/**
 * What the checker says of a line: `wrong` is fatal, `skips` (two operations in a line) minor, `trivial` right and
 * worth a remark, `ok` right.
 */
export type LineTruth = 'wrong' | 'skips' | 'trivial' | 'ok';

/** The truth about the operations that one line of the proof does, or about an operation that no line does. */
export interface Step {
  readonly label: string;
  /** The problem's operations, with what each must come to after the results that the proof stated before. */
  readonly expected: readonly {
    readonly label: string;
    readonly from: number;
    readonly operation: Operation;
    readonly result: number;
  }[];
  /** Absent where the proof leaves the operation out. */
  readonly line?: ProofLine;
  readonly truth: LineTruth;
}

export interface ProofReading {
  readonly steps: readonly Step[];
  /**
   * Lines that are no part of a proof of this problem, as they stand: garbage, repeated or unknown labels. Together
   * they are one flaw, a fatal one.
   */
  readonly foreign: readonly string[];
}

export function proofLineText(line: ProofLine): string {
  return `${line.labels[0]} ${quotedText(line)}`;
}

/** A line without its first label, `6 * 3 = 7`: as an analysis quotes it. */
export function quotedText({ labels, from, operations, result }: ProofLine): string {
  const terms = operations.map((operation, index) =>
    index === 0 ? `${from} ${textOf(operation)}` : `${labels[index]} ${textOf(operation)}`,
  );
  return `${terms.join(' ')} = ${result}`;
}

/** Reads one line; absent when it is not of the form. */
function proofLineOf(text: string): ProofLine | undefined {
  const words = wordsOf(text);
  const count = words.length / 3 - 1;
  const from = valueOf(words[1]);
  const result = valueOf(words.at(-1));
  if (
    !Number.isInteger(count) ||
    count < 1 ||
    words.length > MAX_LINE_WORDS ||
    words.at(-2) !== '=' ||
    from === undefined ||
    result === undefined
  )
    return undefined;
  const terms = Array.from(
    { length: count },
    (_, index) => [words[index === 0 ? 0 : 3 * index + 1], words[3 * index + 2], words[3 * index + 3]] as const,
  );
  const operations = terms
    .map(([, operator, operand]) => operationOf(operator, operand))
    .filter((operation) => operation !== undefined);
  return operations.length === count
    ? { labels: terms.map(([label]) => label ?? ''), from, operations, result }
    : undefined;
}

/** One word more than a line can have, where there are more. */
function wordsOf(text: string): string[] {
  return text.trim().split(/\s+/, MAX_LINE_WORDS + 1);
}

/** A line with all operations of the longest chain has 3 × 8 + 3 words; whatever is longer is garbage. */
const MAX_LINE_WORDS = 27;

/** Compares a proof with its problem, operation by operation. Total, and linear in the proof's length. */
export function readProof(chain: Chain, proof: string): ProofReading {
  const steps: Step[] = [];
  const foreign: string[] = [];
  let value = chain.start;
  let done = 0;
  const add = (count: number, line?: ProofLine) => {
    const expected = expectedFrom(chain, done, count, value);
    const truth = truthOf(expected, line);
    steps.push({ label: labelOf(done), expected, truth, ...(line === undefined ? {} : { line }) });
    value = line?.result ?? expected.at(-1)?.result ?? value;
    done += count;
  };
  const leaveOutUntil = (index: number) => {
    for (let left = index - done; left > 0; left -= 1) add(1);
  };
  for (const text of proof.split('\n').filter((words) => words.trim() !== '')) {
    const line = proofLineOf(text);
    const first = line === undefined ? -1 : indexOfLabel(line.labels[0]);
    const inOrder = line?.labels.every((label, index) => label === labelOf(first + index)) ?? false;
    if (line === undefined || !inOrder || first < done || first + line.labels.length > chain.operations.length) {
      foreign.push(wordsOf(text).join(' '));
    } else {
      leaveOutUntil(first);
      add(line.labels.length, line);
    }
  }
  leaveOutUntil(chain.operations.length);
  return { steps, foreign };
}

function expectedFrom(chain: Chain, start: number, count: number, value: number): Step['expected'] {
  let from = value;
  return chain.operations.slice(start, start + count).map((operation, index) => {
    const result = apply(from, operation);
    const one = { label: labelOf(start + index), from, operation, result };
    from = result;
    return one;
  });
}

function indexOfLabel(label: string | undefined): number {
  return label !== undefined && /^L[1-9]$/.test(label) ? Number(label.slice(1)) - 1 : -1;
}

function truthOf(expected: Step['expected'], line: ProofLine | undefined): LineTruth {
  if (line === undefined || line.from !== expected[0]?.from || line.result !== expected.at(-1)?.result) return 'wrong';
  if (!expected.every(({ operation }, index) => sameOperation(operation, line.operations[index]))) return 'wrong';
  if (expected.length > 1) return 'skips';
  return expected.every(({ operation }) => isTrivial(operation)) ? 'trivial' : 'ok';
}
