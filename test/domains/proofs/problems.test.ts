import { readProblems } from '../../../domains/proofs/problems.ts';

// oxlint-disable-next-line require-yield
async function* linesOf(...lines: readonly unknown[]): AsyncGenerator<string> {
  yield* lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
}
const read = (...lines: readonly unknown[]) => readProblems('imports/p.jsonl', () => linesOf(...lines));
const problem = (id: string, statement = `Prove ${id}.`) => ({ id, statement, topic: 'algebra', source: 'contest' });

describe('a team’s problems file', () => {
  it('is read line by line; empty lines do not matter', async () => {
    expect(await read(problem('a'), '', problem('b'))).toEqual([problem('a'), problem('b')]);
  });

  it.each([
    [
      'an id that comes twice',
      [problem('a'), problem('a', 'Other.')],
      /line 2: the id of problem a stands on line 1 already/,
    ],
    [
      'a statement that comes twice',
      [problem('a', 'Same.'), problem('b', ' Same. ')],
      /line 2: the statement of problem b stands on line 1 already/,
    ],
    ['a missing field', [{ id: 'a', statement: 'x', topic: 'algebra' }], /line 1: source: /],
    ['a misspelt field', [{ ...problem('a'), Topic: 'x' }], /line 1: .*Topic/],
    ['a line that is not JSON', [problem('a'), 'oops'], /line 2: expected a JSON object, got oops/],
    ['an id that would make a path', [problem('../a')], /line 1: id: expected letters/],
  ])('is refused by name for %s', async (_, lines, message) => {
    await expect(read(...lines)).rejects.toThrow(message);
  });
});
