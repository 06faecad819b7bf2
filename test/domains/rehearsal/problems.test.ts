import * as fc from 'fast-check';
import { apply, chainOf, statementOf } from '../../../domains/rehearsal/chain.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import { settings } from '../../../domains/rehearsal/splits.ts';
import { rehearsalProblems } from '../../../domains/rehearsal/problems.ts';

test('every claim is true, and the difficulty is the number of operations', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      for (const { statement, difficulty } of rehearsalProblems({ seed, count: 40, difficulty: [2, 8] })) {
        const { start, operations, claim } = chainOf(statement);
        expect(operations.reduce(apply, start)).toBe(claim);
        expect(operations).toHaveLength(difficulty ?? 0);
        expect(statementOf(chainOf(statement))).toBe(statement);
      }
    }),
    { numRuns: 20 },
  );
});

test('problems are distinct, balanced over the difficulties, of many topics, and the same for the same seed', () => {
  const problems = rehearsalProblems({ seed: 3, count: 700, difficulty: [2, 8] });
  expect(new Set(problems.map(({ id }) => id)).size).toBe(700);
  expect(new Set(problems.map(({ statement }) => statement)).size).toBe(700);
  for (let length = 2; length <= 8; length += 1)
    expect(problems.filter(({ difficulty }) => difficulty === length)).toHaveLength(100);
  expect(new Set(problems.map(({ topic }) => topic)).size).toBe(5);
  expect(rehearsalProblems({ seed: 3, count: 700, difficulty: [2, 8] })).toEqual(problems);
  expect(rehearsalProblems({ seed: 4, count: 700, difficulty: [2, 8] })).not.toEqual(problems);
});

test('problems that are excluded do not come again', () => {
  const first = rehearsalProblems({ seed: 3, count: 200, difficulty: [1, 2] });
  const ids = new Set(first.map(({ id }) => id));
  const second = rehearsalProblems({ seed: 3, count: 200, difficulty: [2, 2], exclude: ids });
  expect(second.filter(({ id }) => ids.has(id))).toEqual([]);
});

test('more problems than there are, and difficulties out of range, are refused by name', () => {
  expect(() => rehearsalProblems({ seed: 1, count: 400, difficulty: [1, 1] })).toThrow(
    /another problem of 1 operations/,
  );
  const { settings: given } = rehearsal.domain;
  for (const wrong of [{ difficulties: [[2, 9]] }, { heldOutDifficulty: [0, 2] }, { train: -4 }])
    expect(() => settings.parse({ ...given, ...wrong })).toThrow();
  expect(settings.parse(given)).toEqual(given);
});

test.each(['', '8', '8 = 8', '8 L1 - 2 = ', '8 L2 - 2 = 6', '8 L1 - 12 = 6', '8 L1 / 2 = 4', 'Prove that 1 + 1 = 2.'])(
  'the statement %j is refused',
  (statement) => {
    expect(() => chainOf(statement)).toThrow(/Expected a chain of 1 to 8 labelled operations/);
  },
);
