import { readProblems, splitFile } from '../../../domains/proofs/problems.ts';

// oxlint-disable-next-line require-yield
async function* linesOf(...lines: readonly unknown[]): AsyncGenerator<string> {
  yield* lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
}
const read = (...lines: readonly unknown[]) => readProblems('imports/p.jsonl', () => linesOf(...lines));
const problem = (id: string, statement = `Prove ${id}.`) => ({ id, statement, topic: 'algebra', source: 'contest' });

describe('a team’s problems file', () => {
  it('is read line by line; empty lines do not matter', async () => {
    expect(await read(problem('a'), '', problem('b'))).toEqual({ problems: [problem('a'), problem('b')], leftOut: [] });
  });

  it('leaves out what is too long by name, up to the share that its settings say', async () => {
    const lines = [...Array.from({ length: 99 }, (_, n) => problem(`p${n}`)), problem('long', 'x'.repeat(100_001))];
    const { problems, leftOut } = await read(...lines);
    expect(problems).toHaveLength(99);
    expect(leftOut).toEqual([{ id: 'long', why: 'its statement has 100001 characters, more than 100000' }]);
    await expect(read(...lines.slice(50))).rejects.toThrow(
      'expected at most 0 statements of more than 100000 characters, got 1 (long): shorten them, or set',
    );
    const asked = (limits: object) => readProblems('p.jsonl', () => linesOf(...lines.slice(50)), limits);
    expect((await asked({ maxLeftOutShare: 0.02 })).leftOut).toHaveLength(1);
    expect((await asked({ maxStatementCharacters: 300_000 })).leftOut).toEqual([]);
  });

  it('says how its problems were split where none is left to train on', async () => {
    const settings = { path: 'imports/p.jsonl', heldOutShare: 0.1, validationShare: 0.1 };
    const asked = { settings, turn: 1, seed: 1, curriculum: 'none', read: () => linesOf(problem('a1'), problem('a2')) };
    await expect(splitFile(asked as Parameters<typeof splitFile>[0])).rejects.toThrow(
      'Expected imports/p.jsonl to hold problems to train on, got 2 in all, 1 held out and 1 that validate: ' +
        'add problems',
    );
  });

  it('takes characters that are written as the escapes of their two halves', async () => {
    const line = JSON.stringify(problem('a', 'Let \u{1d400} be real.')).replace('\u{1d400}', '\\ud835\\udc00');
    expect((await read(line)).problems[0]?.statement).toBe('Let \u{1d400} be real.');
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
    ['a comma too many', ['{"id":"a",}'], /line 1: expected a JSON object, got \{"id":"a",\} \(.*position 10/],
    [
      'a statement that says nothing',
      [problem('a', ' \u3000')],
      /line 1: statement: expected text, got nothing but white space/,
    ],
    ['a line with what cannot be seen', ['\u200b{}'], /line 1: expected a JSON object, got \\u\{200b\}\{\}/],
    [
      'half of a character',
      [problem('a', 'Let \ud835 be real.')],
      /line 1: statement: expected whole characters, got half of one \(\\ud835\) at character 5/,
    ],
    [
      'half of a character, escaped',
      [problem('b'), '{"id":"a","statement":"x","topic":"t\\udc00","source":"s"}'],
      /line 2: topic: expected whole characters, got half of one \(\\udc00\) at character 2/,
    ],
    [
      'the halves of a character in the wrong order',
      [problem('a', '\udc00\ud835')],
      /line 1: statement: expected whole characters/,
    ],
    [
      'a NUL',
      [problem('a', 'Let x\0 be real.')],
      /line 1: statement: expected text, got NUL \(\\u0000\) at character 6/,
    ],
    ['an id that would make a path', [problem('../a')], /line 1: id: expected letters/],
  ])('is refused by name for %s', async (_, lines, message) => {
    await expect(read(...lines)).rejects.toThrow(message);
  });
});
