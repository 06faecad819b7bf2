import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { importProblems } from '../../../activities/imports/problems.ts';
import { importWorld, lines, MATH } from './fixture.ts';

const { bring, folder, problemsIn, store } = importWorld();

test('what nobody can be asked about is left out, each with its place and reason', async () => {
  const rows: object[] = [
    { problem: ' Prove it. ' },
    { problem: 'Prove it.', id: 'again' },
    { problem: ' \u3000' },
    { answer: 3 },
    { problem: 'Let \ud835 be real.' },
    { problem: 'Let x\0 be real.' },
    { problem: 'x'.repeat(31) },
    { problem: "[{'role': 'user', 'content': 'Prove.'}]" },
    {
      problem: [
        { role: 'user', content: 'One' },
        { role: 'assistant', content: '' },
        { role: 'user', content: 'Two' },
      ],
    },
    { problem: [{ role: 'user', content: [{ type: 'image' }] }] },
    { problem: 'Prove this.', type: 'half \udc00' },
  ];
  const { count, dropped } = await bring('set.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'), {
    maxStatementCharacters: 30,
  });
  expect(count).toBe(1);
  expect(dropped.map(({ where, kind, why }) => [where, kind, why])).toEqual([
    ['line 2', 'the same statement', 'its statement is that of line 1'],
    ['line 3', 'no statement', 'problem is empty'],
    ['line 4', 'no statement', 'problem is empty'],
    ['line 5', 'broken text', expect.stringContaining('problem: expected whole characters') as string],
    ['line 6', 'broken text', expect.stringContaining('problem: expected text, got NUL') as string],
    ['line 7', 'too long', 'its statement has 31 characters, more than 30'],
    ['line 8', 'no text', 'problem: it is a chat as Python shows one, and no JSON'],
    ['line 9', 'no text', "problem: it is a chat in which 2 messages are the user's"],
    ['line 10', 'no text', 'problem: it is a chat that holds more than text'],
    ['line 11', 'broken text', expect.stringContaining('topic: expected whole characters') as string],
  ]);
});

test('ids and other texts are made such as they may be, and stay what they are', async () => {
  const rows = [
    { id: 'IMO 1977/2', problem: 'A', topic: 'x'.repeat(79) + '\u{1d400}' },
    { id: 'IMO-1977-2', problem: 'B', topic: 'algebra' },
    { id: '../..', problem: 'C' },
    { id: 'é'.repeat(90), problem: 'D' },
    { id: null, problem: 'E' },
    { id: 'y'.repeat(90), problem: 'F' },
    { id: 12, problem: 'G', source: 'z'.repeat(401) },
  ];
  const content = rows.map((row) => JSON.stringify(row)).join('\n');
  const { uri, notes } = await bring('Öffentliche Aufgaben.jsonl', content, {});
  const problems = await problemsIn(uri);
  expect(problems.map(({ id }) => id)).toEqual([
    'IMO-1977-2',
    expect.stringMatching(/^IMO-1977-2-[0-9a-f]{12}$/),
    expect.stringMatching(/^ffentliche-Aufgaben-[0-9a-f]{12}$/),
    expect.stringMatching(/^ffentliche-Aufgaben-[0-9a-f]{12}$/),
    expect.stringMatching(/^ffentliche-Aufgaben-[0-9a-f]{12}$/),
    expect.stringMatching(/^y{60}-[0-9a-f]{12}$/),
    '12',
  ]);
  expect(problems[0]?.topic).toBe('x'.repeat(79));
  expect(problems[1]?.source).toBe('Öffentliche Aufgaben');
  expect(problems[6]?.source).toHaveLength(400);
  expect(notes).toEqual([
    'topics were cut to 80 characters: 1, such as line 1',
    'ids were made such as they may be: 5, such as IMO-1977-2 of "IMO 1977/2"',
    'sources were cut to 400 characters: 1, such as line 7',
  ]);
  const named = await bring('other.jsonl', content, { name: 'olympiads' });
  expect((await problemsIn(named.uri))[4]?.id).toMatch(/^olympiads-[0-9a-f]{12}$/);
});

const chat = [{ role: 'user', content: 'x' }];
test.each<[what: string, name: string, content: string | Buffer, message: string]>([
  ['nothing', 'p.jsonl', '', 'p.jsonl: expected JSON, JSONL, CSV, TSV or Parquet, got an empty file'],
  ['blank lines', 'p.jsonl', '\n\n', 'expected problems, got none'],
  ['an empty list', 'p.json', '[]', 'expected problems, got none'],
  ['a header alone', 'p.csv', 'problem,level\n', 'expected problems, got none'],
  ['prose', 'p.txt', 'Prove that 1 + 1 = 2.', 'got a file whose first line is none of them: "Prove that 1 + 1 = 2."'],
  ['a broken line', 'p.jsonl', `${lines[0]}\n{"problem":`, 'p.jsonl line 2: expected a JSON object, got {"problem":'],
  ['a line that is a list', 'p.jsonl', `${lines[0]}\n[1]`, 'p.jsonl line 2: expected an object of problems'],
  ['an object of anything', 'p.json', '{"name":"x","version":1}', 'by their ids, got one with name, version'],
  ['a list of numbers', 'p.json', '[1, 2]', 'p.json item 1: expected an object of problems'],
  [
    'JSON that was cut off',
    'p.json',
    JSON.stringify(MATH).slice(0, -9),
    'p.json: expected JSON, got a broken or cut off',
  ],
  [
    'several lists',
    'p.json',
    JSON.stringify({ train: MATH, test: MATH }),
    'expected one list of problems, got train, test',
  ],
  ['a row of fewer columns', 'p.csv', 'problem,level\nA,1\nB\n', 'columns length is 2, got 1 on line 3'],
  ['a row of more columns', 'p.tsv', 'problem\tlevel\nA\t1\t2\n', 'columns length is 2, got 3 on line 2'],
  ['a quote that nothing closes', 'p.csv', 'problem,level\n"A,1\nB,2\n', 'Quote Not Closed'],
  ['a column twice', 'p.csv', 'problem,problem\nA,B\n', 'a name of its own for each column, got "problem" twice'],
  [
    'a gzip that was cut off',
    'p.jsonl.gz',
    gzipSync(lines.join('\n')).subarray(0, -9),
    'expected a whole gzip file, got one',
  ],
  [
    'a gzip that is broken',
    'p.gz',
    Buffer.concat([gzipSync('x').subarray(0, 10), Buffer.alloc(40, 7)]),
    'got a broken one',
  ],
  ['a Parquet file that was cut off', 'p.parquet', 'PAR1 and more', 'expected Parquet, got a broken or cut off one'],
  ['another by that name', 'p.parquet', 'version 1', 'got a file that does not begin as one'],
  ['a pointer', 'p.jsonl', 'version https://git-lfs.github.com/spec/v1\noid', 'a Git LFS pointer: run `git lfs pull`'],
  ['a zip archive', 'p.csv', Buffer.from('504b030414000000', 'hex'), 'got a zip archive or a spreadsheet: unpack it'],
  [
    'zstd',
    'p.jsonl.zst',
    Buffer.from('28b52ffd24000000', 'hex'),
    'got a file packed by zstd: unpack it with `zstd -d`',
  ],
  ['UTF-16', 'p.csv', Buffer.from('\ufeffproblem,level\n', 'utf16le'), 'expected UTF-8, got UTF-16 or UTF-32'],
  [
    'Latin-1 in a line',
    'p.jsonl',
    Buffer.from(`${lines[0]}\n{"problem":"é"}`, 'latin1'),
    'expected UTF-8, got other bytes',
  ],
  [
    'Latin-1 in a table',
    'p.csv',
    Buffer.from('problem,level\nA,1\né,2\n', 'latin1'),
    'expected UTF-8, got other bytes',
  ],
  [
    'no statements',
    'p.jsonl',
    '{"title":"A","answer":1}',
    'got "title", "answer": name it with --field statement=NAME',
  ],
  ['no statement that can be asked', 'p.jsonl', '{"problem":"\\ud835"}', 'got 1 of which none can be asked about'],
  [
    'a chat of nobody',
    'p.jsonl',
    JSON.stringify({ prompt: chat.map((one) => ({ ...one, role: 'tool' })) }),
    'a field with',
  ],
])('%s is refused by what is wrong with it, and nothing is taken in', async (_, name, content, message) => {
  await expect(bring(name, content)).rejects.toThrow(message);
  expect(await store().exists('imports')).toBe(false);
});

test('a file that is not there, or a folder, is asked for', async () => {
  await expect(importProblems(store(), path.join(folder(), 'none'))).rejects.toThrow('none, which is not there');
  await expect(importProblems(store(), folder())).rejects.toThrow(`got ${folder()}, which is a folder`);
});
