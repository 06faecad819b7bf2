import { implicationsChecker, verdictsOn } from '../../../domains/implications/checker.ts';
import { sameClaim } from '../../../domains/implications/problems.ts';
import type { Problem } from '../../../shared/records.ts';

const problem: Problem = {
  id: 'claim',
  statement: 'Given A, A>C, C>E, B>D. Show E.',
  topic: 'in steps',
  source: 'test',
};
const verdicts = (proof: string) => [...verdictsOn(problem, proof)].map((pair) => pair.join(' '));
const score = (proof: string) => implicationsChecker.proofScore(problem, proof);
const analysis = (proof: string, lines: readonly string[], boxed: number) =>
  implicationsChecker.analysis(
    problem,
    proof,
    `Here is my evaluation of the solution:\n${lines.join('\n')}\n` +
      `Based on my evaluation, the final overall score should be:\n\\boxed{${boxed}}`,
  );

test('a proof is right when each line follows from those before it by one implication, and the goal is reached', () => {
  expect([verdicts('C\nE'), score('C\n E \n')]).toEqual([['1 ok', '2 ok'], 1]);
  expect([verdicts('E'), score('E')]).toEqual([['1 skips'], 0.5]);
  expect([verdicts('C\nC\nE'), score('C\nC\nE')]).toEqual([['1 ok', '2 ?', '3 ok'], 1]);
  expect([verdicts('D\nC\nE'), score('D\nC\nE')]).toEqual([['1 wrong', '2 ok', '3 ok'], 0]);
  expect([verdicts('C'), score('C')]).toEqual([['1 ok', 'end wrong'], 0]);
  expect([verdicts('so E holds'), score('')]).toEqual([['1 wrong', 'end wrong'], 0]);
});

test('an analysis is worth what its claimed issues are', () => {
  expect(analysis('C', ['1 ok', 'end wrong'], 0)).toMatchObject({ quality: 1, claimedIssues: 1, realClaimedIssues: 1 });
  expect(analysis('C', ['1 wrong', 'end wrong'], 0)).toMatchObject({ quality: 0.5, realClaimedIssues: 1, flaws: 1 });
  expect(analysis('C\nE', ['1 wrong', '2 skips'], 0)).toMatchObject({ quality: 0, claimedIssues: 2, flaws: 0 });
  expect(analysis('C\nC\nE', ['1 ok', '2 ?', '3 ok'], 1)).toMatchObject({ quality: 1, remarks: 1, remarksReported: 1 });
  expect(analysis('C\nE', ['1 ok', '2 ?'], 1)).toMatchObject({ quality: 0, falseRemarks: 1, remarks: 0 });
});

test('a score that does not follow, or a line that is left out, is an error of expression', () => {
  expect(analysis('C\nE', ['1 ok', '2 ok'], 0).quality).toBe(0.5);
  expect(analysis('C\nE', ['1 ok'], 1).quality).toBe(0.5);
  expect(analysis('C\nE', ['1 ok', '2 ok', '3 ok'], 1).quality).toBe(0.5);
});

test('claims are the same whatever the order of their implications', () => {
  expect(sameClaim('Given A, C>E, A>C, B>D. Show E.')).toBe(sameClaim(problem.statement));
  expect(sameClaim('Given A, C>E, A>C, D>B. Show E.')).not.toBe(sameClaim(problem.statement));
});
