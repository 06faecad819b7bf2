import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { importProblems } from '../../../activities/imports/problems.ts';
import type { Problem } from '../../../shared/records.ts';
import { importWorld, lines, MATH } from './fixture.ts';

const { bring, problemsIn, put, store } = importWorld();

const OURS: Problem[] = [
  { id: 'a-1', statement: 'Prove that $1+1=2$.', topic: 'Algebra', source: 'math', difficulty: 1 },
  { id: 'n-2', statement: 'Show, that\n"x" is even.', topic: 'Number Theory', source: 'math', difficulty: 5 },
  { id: 'g-3', statement: 'Ist φ ≥ 1? \u{1d400}', topic: 'Geometry', source: 'math' },
];

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
const table = (delimiter: string, end = '\n') =>
  [Object.keys(MATH[0] ?? {}), ...MATH.map((row) => Object.values(row).map(quoted))]
    .map((cells) => cells.join(delimiter) + end)
    .join('');

test.each<[what: string, name: string, content: string | Buffer, format: string]>([
  ['JSONL', 'math.jsonl', lines.join('\n'), 'JSONL'],
  [
    'JSONL with blank lines, CRLF and a byte order mark',
    'math.jsonl',
    `\ufeff\r\n${lines.join('\r\n\r\n')}\r\n`,
    'JSONL',
  ],
  ['JSONL by another name', 'math.json', `${lines.join('\n')}\n`, 'JSONL'],
  ['JSONL without an ending', 'math', lines.join('\n'), 'JSONL'],
  ['JSONL, packed', 'math.jsonl.gz', gzipSync(lines.join('\n')), 'JSONL'],
  ['JSONL, packed without saying so', 'math.jsonl', gzipSync(lines.join('\n')), 'JSONL'],
  ['a JSON list', 'math.json', JSON.stringify(MATH), 'JSON'],
  ['a JSON list, printed well', 'math', `\ufeff${JSON.stringify(MATH, null, 2)}`, 'JSON'],
  ['an object with a list', 'math.json', JSON.stringify({ version: 1, data: MATH }), 'JSON'],
  ['an object with a list beside others', 'math.json', JSON.stringify({ authors: ['a'], problems: MATH }), 'JSON'],
  [
    'an object of problems',
    'math.json',
    JSON.stringify(Object.fromEntries(MATH.map((row) => [row.unique_id, row]))),
    'JSON',
  ],
  ['CSV', 'math.csv', table(','), 'CSV'],
  ['CSV from Windows', 'math.csv', `\ufeff${table(',', '\r\n')}`, 'CSV'],
  ['CSV with semicolons, packed', 'math.gz', gzipSync(table(';')), 'CSV'],
  ['TSV', 'math.tsv', table('\t'), 'TSV'],
  ['TSV by another name', 'math', table('\t'), 'TSV'],
])('%s is read, whatever it is called', async (_, name, content, format) => {
  const brought = await bring(name, content);
  expect(await problemsIn(brought.uri)).toEqual(OURS);
  expect(brought).toMatchObject({
    uri: `imports/problems/${brought.sha256.slice(0, 12)}.jsonl`,
    count: 3,
    dropped: [],
    topics: [
      ['Algebra', 1],
      ['Number Theory', 1],
      ['Geometry', 1],
    ],
    took: { formats: [format], fields: { statement: 'problem', topic: 'type', difficulty: 'level' } },
  });
  expect(brought.notes).toEqual([
    expect.stringContaining('difficulties that are no numbers were left out: 1, such as "Level ?" of ') as string,
  ]);
});

test('a Parquet file is read by its row groups, with large numbers, lists, chats and nulls', async () => {
  const fixture = await readFile(path.resolve(import.meta.dirname, '../../fixtures/problems.parquet'));
  const expected = [
    { id: '7', statement: 'Prove that $1+1=2$.', topic: 'algebra', source: 'IMO 1977', difficulty: 3 },
    { id: '9007199254740993', statement: 'Is φ ≥ 1? \u{1d400}', topic: 'unknown', source: 'Putnam 2001' },
  ];
  for (const [name, content] of [
    ['set.parquet', fixture],
    ['set', gzipSync(fixture)],
  ] as const) {
    const { uri, took, dropped } = await bring(name, content);
    expect(await problemsIn(uri)).toEqual(expected);
    expect(took).toMatchObject({
      formats: ['Parquet'],
      beside: [{ target: 'statement', chosen: 'problem', others: ['prompt'] }],
    });
    expect(dropped).toEqual([{ where: 'row 3', kind: 'no statement', why: 'problem is empty' }]);
  }
  const chats = await bring('set.parquet', fixture, { fields: { statement: 'prompt' } });
  expect((await problemsIn(chats.uri)).map(({ statement }) => statement)).toEqual([
    'Prove that $2+2=4$.',
    'Is 1 prime?',
  ]);
  expect(chats.notes).toEqual(['system messages were left out: 1, such as row 1']);
});

test('the same problems are the same artifact, whatever form they came in, and are there once', async () => {
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
    .filter((value) => value.trim() !== '' && !value.includes('\0') && !/^\s*\[/.test(value));
  const problems = fc.uniqueArray(text, { minLength: 2, maxLength: 8, selector: (value) => value.trim() });
  await fc.assert(
    fc.asyncProperty(problems, fc.nat(9), async (statements, level) => {
      const rows = statements.map((question, at) => ({ id: `p-${at}`, question, level }));
      const cells = (delimiter: string, end: string) =>
        [['id', 'question', 'level'], ...rows.map((row) => Object.values(row).map((cell) => quoted(String(cell))))]
          .map((row) => row.join(delimiter) + end)
          .join('');
      const forms: Record<string, string> = {
        'set.jsonl': rows.map((row) => JSON.stringify(row)).join('\n'),
        'set.json': JSON.stringify(rows),
        'set.csv': cells(',', '\n'),
        'set.tsv': cells('\t', '\r\n'),
        set: cells(';', '\n'),
      };
      const digests = new Set<string>();
      for (const [name, content] of Object.entries(forms)) {
        const { sha256, count } = await bring(name, content);
        expect(count).toBe(statements.length);
        digests.add(sha256);
        digests.add((await bring(`${name}.gz`, gzipSync(content))).sha256);
      }
      expect(digests.size).toBe(1);
    }),
    { numRuns: 25 },
  );
});

test('what was brought is read again as it is, under its own name', async () => {
  const first = await bring('math.jsonl', lines.join('\n'));
  const again = await bring('ours.jsonl', await store().readText(first.uri));
  expect(again).toMatchObject({ uri: first.uri, sha256: first.sha256, dropped: [], notes: [] });
  expect(await store().readMade(first.uri)).toMatchObject({
    sha256: first.sha256,
    by: 'importProblems',
    from: [{ as: 'file', file: 'math.jsonl', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string }],
  });
});

test('an instruction that stands in all statements is told, since the prompts have their own', async () => {
  const rows = (count: number, before: string, after: string) =>
    Array.from({ length: count }, (_, at) => JSON.stringify({ prompt: `${before}Prove ${at}.${after}` })).join('\n');
  const before = 'Solve the problem below step by step. ';
  const after = '\nRemember to put your answer after "Answer:".';
  expect((await bring('rl.jsonl', rows(5, before, after))).notes).toEqual([
    expect.stringMatching(/^all statements begin with "Solve the problem below step by step\. Prove": where/) as string,
    expect.stringMatching(/^all statements end with ".+your answer after .+Answer:.+": where that tells/) as string,
  ]);
  expect((await bring('few.jsonl', rows(4, before, after))).notes).toEqual([]);
  expect((await bring('short.jsonl', rows(9, 'Let $n > 1$. ', ''))).notes).toEqual([]);
});

test('several files are the parts of one set, in their order, and each row is said with its file', async () => {
  const parts = [MATH.slice(0, 1), MATH.slice(1), [MATH[0]]].map((rows) =>
    rows.map((row) => JSON.stringify(row)).join('\n'),
  );
  const files = await Promise.all(parts.map((part, at) => put(`math-0000${at}-of-00003.jsonl`, part)));
  const { uri, count, dropped, from } = await importProblems(store(), files);
  expect(await problemsIn(uri)).toEqual(OURS);
  expect([count, from.map(({ file }) => file)]).toEqual([3, files.map((file) => path.basename(file))]);
  expect(dropped).toMatchObject([
    { where: 'math-00002-of-00003.jsonl line 1', why: 'its statement is that of math-00000-of-00003.jsonl line 1' },
  ]);
});
