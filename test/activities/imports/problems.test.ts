import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { importProblems, type ImportOptions } from '../../../activities/imports/problems.ts';
import { readProblems } from '../../../domains/proofs/problems.ts';
import type { Problem } from '../../../shared/records.ts';
import { MemoryStore } from '../store/memoryStore.ts';

let store: MemoryStore;
let folder: string;
beforeEach(async () => {
  store = new MemoryStore();
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-imports-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function fileOf(name: string, content: string | Buffer): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return file;
}
const bring = async (name: string, content: string | Buffer, options?: ImportOptions) =>
  importProblems(store, await fileOf(name, content), options);

/** The problems as a lap reads them. */
async function problemsIn(uri: string): Promise<Problem[]> {
  const lines = (await store.readText(uri)).split('\n');
  // oxlint-disable-next-line require-yield
  return (
    await readProblems(uri, async function* () {
      yield* lines;
    })
  ).problems;
}

/** As the MATH data set has them. */
const MATH = [
  { problem: 'Prove that $1+1=2$.', level: 'Level 1', type: 'Algebra', solution: 'Trivial.', unique_id: 'a-1' },
  { problem: 'Show, that\n"x" is even.', level: 'Level 5', type: 'Number Theory', solution: '', unique_id: 'n-2' },
  { problem: 'Ist φ ≥ 1? \u{1d400}', level: 'Level ?', type: 'Geometry', solution: 'Ja.', unique_id: 'g-3' },
];
const OURS: Problem[] = [
  { id: 'a-1', statement: 'Prove that $1+1=2$.', topic: 'Algebra', source: 'math', difficulty: 1 },
  { id: 'n-2', statement: 'Show, that\n"x" is even.', topic: 'Number Theory', source: 'math', difficulty: 5 },
  { id: 'g-3', statement: 'Ist φ ≥ 1? \u{1d400}', topic: 'Geometry', source: 'math' },
];

const lines = MATH.map((row) => JSON.stringify(row));
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
    took: { format, fields: { statement: 'problem', topic: 'type', difficulty: 'level' } },
  });
  expect(brought.notes).toEqual([
    expect.stringContaining('difficulties that are no numbers were left out: 1, such as "Level ?" of ') as string,
  ]);
});
