import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { filledFirst, lineOf, type Column } from '../../../activities/tables/columns.ts';
import { parquetFile } from '../../../activities/tables/parquetFile.ts';
import { openSource } from '../../../activities/imports/source.ts';
import { rowsOf } from '../../../activities/imports/rows.ts';

interface Row {
  readonly id: string;
  readonly label?: number;
  readonly calls: number;
  readonly hard: boolean;
}

const COLUMNS: readonly Column<Row>[] = [
  { name: 'id', type: 'text', of: ({ id }) => id },
  { name: 'label', type: 'decimal', of: ({ label }) => label },
  { name: 'calls', type: 'whole', of: ({ calls }) => calls },
  { name: 'hard', type: 'truth', of: ({ hard }) => hard },
];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-tables-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function* each<T>(rows: readonly T[]): AsyncGenerator<T> {
  yield* rows;
}

async function collected<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

async function written(rows: readonly Row[]): Promise<{ readonly jsonl: string; readonly parquet: string }> {
  const [jsonl, parquet] = [path.join(folder, 'rows.jsonl'), path.join(folder, 'rows.parquet')];
  await writeFile(jsonl, rows.map((row) => lineOf(COLUMNS, row)).join(''));
  await writeFile(parquet, Buffer.concat(await collected(parquetFile(COLUMNS, each(rows)))));
  return { jsonl, parquet };
}

const read = async (file: string): Promise<object[]> =>
  (await collected(rowsOf(await openSource(file, 'rows')).rows)).map(({ row }) => row);

test('both files say the same of every row, whatever its texts, however many groups there are', async () => {
  const row = fc.record({
    id: fc.string({ unit: 'binary', maxLength: 40 }),
    label: fc.constantFrom(undefined, 0, 0.5, 1),
    calls: fc.nat(),
    hard: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 600, size: 'max' }), async (rows) => {
      const files = await written(rows as Row[]);
      const expected = rows.map((one) => ({ ...one, label: one.label ?? null }));
      if (rows.length === 0) return;
      expect(await read(files.parquet)).toEqual(expected);
      expect(await read(files.jsonl)).toEqual(expected);
    }),
    { numRuns: 15 },
  );
});

test('rows in which a column has its first value come first, the others in their order', async () => {
  const rows: Row[] = ['a', 'b', 'c', 'd'].map((id, index) => ({
    id,
    calls: 1,
    hard: false,
    ...(index > 1 && { label: 1 }),
  }));
  const order = (await collected(filledFirst(COLUMNS, () => each(rows)))).map(({ id }) => id);
  expect(order).toEqual(['a', 'c', 'b', 'd']);
  expect(await collected(filledFirst(COLUMNS, () => each([])))).toEqual([]);
  const bare = rows.slice(0, 2);
  expect(await collected(filledFirst(COLUMNS, () => each(bare)))).toEqual(bare);
});

/** Prints what `datasets` and `pandas` make of the files. */
const LOAD = `
import json, sys, datasets, pandas
jsonl, parquet, cache = sys.argv[1:]
told = {}
for kind, file in (("json", jsonl), ("parquet", parquet)):
    rows = datasets.load_dataset(kind, data_files=file, split="train", cache_dir=cache)
    told[kind] = {"types": {name: str(of.dtype) for name, of in rows.features.items()}, "rows": rows.to_list()}
told["pandas"] = pandas.read_parquet(parquet)["id"].tolist()
print(json.dumps(told))
`;

test('datasets loads both files with equal types and rows, and pandas the Parquet', async () => {
  const rows: Row[] = [
    { id: 'ä😀 "x"\n\t', label: 1, calls: 3, hard: true },
    ...Array.from({ length: 400 }, (_, index) => ({ id: `r${index}`, calls: index, hard: false })),
    { id: '', label: 0.5, calls: 2 ** 40, hard: false },
  ];
  const { jsonl, parquet } = await written(rows);
  const python = process.env['FLYWHEEL_TRAINER_PYTHON'] ?? '';
  const out = execFileSync(python, ['-c', LOAD, jsonl, parquet, path.join(folder, 'cache')], {
    env: { ...process.env, HF_HUB_OFFLINE: '1', HF_DATASETS_DISABLE_PROGRESS_BARS: '1' },
  });
  const told = JSON.parse(String(out)) as Readonly<
    Record<'json' | 'parquet', { readonly types: object; readonly rows: object[] }> & { pandas: string[] }
  >;
  expect(told.parquet.types).toEqual({ id: 'string', label: 'float64', calls: 'int64', hard: 'bool' });
  expect(told.json).toEqual(told.parquet);
  expect(told.json.rows).toEqual(rows.map((row) => ({ ...row, label: row.label ?? null })));
  expect(told.pandas).toEqual(rows.map(({ id }) => id));
});
