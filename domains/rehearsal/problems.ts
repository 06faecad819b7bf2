import type { Problem } from '../../shared/records.ts';
import { randomFrom, seedOf } from '../../shared/seeds.ts';
import { apply, isTrivial, MODULUS, OPERATORS, statementOf, type Chain, type Operation } from './chain.ts';

interface RehearsalProblemsInput {
  readonly seed: number;
  readonly count: number;
  /** Least and greatest number of operations, both included, within 1 to 8. */
  readonly difficulty: readonly [number, number];
  /** Ids of problems that must not come again, such as those of the other splits. */
  readonly exclude?: Iterable<string>;
}

/**
 * Distinct problems whose claims are true. Difficulty is the chain's length; the lengths take turns, so that every
 * prefix is balanced. Equal inputs give equal problems. The id is made of the chain, so equal ids are equal problems,
 * whatever the seed.
 * @throws when the range has not so many distinct problems.
 */
export function rehearsalProblems({
  seed,
  count,
  difficulty: [least, greatest],
  exclude = [],
}: RehearsalProblemsInput): Problem[] {
  const random = randomFrom(seedOf('rehearsal-problems', seed));
  const taken = new Set(exclude);
  return Array.from({ length: count }, (_, index) => {
    const length = least + (index % (greatest - least + 1));
    const problem = newProblem(length, random, taken);
    taken.add(problem.id);
    return problem;
  });
}

/** Draws until a new one comes; long failure means that nearly all problems of this length are taken. */
const MAX_DRAWS = 10_000;

function newProblem(length: number, random: () => number, taken: ReadonlySet<string>): Problem {
  for (let draw = 0; draw < MAX_DRAWS; draw += 1) {
    const problem = problemOf(randomChain(length, random, TRIVIAL_SHARE));
    if (!taken.has(problem.id)) return problem;
  }
  throw new Error(
    `Expected to find another problem of ${length} operations, but nearly all are taken: ask for fewer, or allow ` +
      'longer chains',
  );
}

/**
 * Of the operations, those made trivial on purpose, beside the one in eleven that comes so: real remarks must be common
 * enough for a meta-verifier to learn that there are real ones. In a trial without, it called one in four unreal, and
 * v2 unlearned them all.
 */
export const TRIVIAL_SHARE = 0.12;

export function randomChain(length: number, random: () => number, trivialShare = 0): Chain {
  const start = Math.floor(random() * MODULUS);
  const operations = Array.from({ length }, () =>
    trivialShare > 0 && random() < trivialShare ? trivialOperation(random) : randomOperation(random),
  );
  return { start, operations, claim: operations.reduce(apply, start) };
}

function trivialOperation(random: () => number): Operation {
  const operator = OPERATORS[Math.floor(random() * OPERATORS.length)] ?? '+';
  return { operator, operand: operator === '*' ? 1 : 0 };
}

/** Every operation alike but × 0, which would hide all that came before it; about one in eleven is trivial. */
function randomOperation(random: () => number): Operation {
  const operator = OPERATORS[Math.floor(random() * OPERATORS.length)] ?? '+';
  return {
    operator,
    operand: operator === '*' ? 1 + Math.floor(random() * (MODULUS - 1)) : Math.floor(random() * MODULUS),
  };
}

export function problemOf(chain: Chain): Problem {
  return {
    id:
      `chain-${chain.start}` +
      chain.operations.map(({ operator, operand }) => `${LETTERS[operator]}${operand}`).join(''),
    statement: statementOf(chain),
    topic: topicOf(chain),
    source: 'rehearsal: a chain of arithmetic modulo 11, scored as rehearsal/README.md says',
    difficulty: chain.operations.length,
  };
}

const LETTERS = { '+': 'a', '-': 's', '*': 'm' } as const;
const TOPICS = { '+': 'addition', '-': 'subtraction', '*': 'multiplication' } as const;

/**
 * The operator that a chain has most of; `mixed` where none leads, `identities` where trivial operations are half of it
 * or more.
 */
function topicOf({ operations }: Chain): string {
  if (2 * operations.filter(isTrivial).length >= operations.length) return 'identities';
  const counts = OPERATORS.map((operator) => ({
    operator,
    count: operations.filter((operation) => operation.operator === operator).length,
  }));
  const most = Math.max(...counts.map(({ count }) => count));
  const leaders = counts.filter(({ count }) => count === most);
  return leaders.length === 1 && leaders[0] !== undefined ? TOPICS[leaders[0].operator] : 'mixed';
}
