import path from 'node:path';
import { isRecord, show } from '../../shared/recipe/issues.ts';
import { objectIn } from '../../shared/lap/problemFile.ts';
import { linesOf, textOf } from '../store/lines.ts';
import { isStatement } from './fields.ts';
import { parquetRows } from './parquet.ts';
import { expected, inLines, wholeOf, type SourceFile, type SourceRow } from './source.ts';
import { delimiterOf, tableRows } from './table.ts';

export type Format = 'JSON' | 'JSONL' | 'CSV' | 'TSV' | 'Parquet';

/** The objects of a file, in order. @throws where it is broken or of another form, naming the place. */
export function rowsOf(source: SourceFile): { readonly format: Format; readonly rows: AsyncIterable<SourceRow> } {
  const { file, what, head } = source;
  const ending = path.extname(file.replace(/\.gz$/i, '')).toLowerCase();
  if (head.toString('latin1', 0, 4) === 'PAR1') return { format: 'Parquet', rows: parquetRows(source) };
  if (ending === '.parquet')
    throw new Error(`${file}: expected Parquet, got a file that does not begin as one: fetch it again`);
  const text = beginningOf(source);
  const [first = ''] = text.split('\n').filter((line) => line.trim() !== '');
  if (first === '') throw new Error(`${file}: expected ${what}, got none`);
  const isLines = ['.jsonl', '.ndjson'].includes(ending);
  if (/^\s*\{/.test(first)) {
    // One line alone may be an object of problems.
    const isFollowed = text
      .slice(text.indexOf(first) + first.length)
      .trim()
      .startsWith('{');
    if (isLines || (isFollowed && isJson(first))) return { format: 'JSONL', rows: jsonlRows(source) };
    return { format: 'JSON', rows: jsonRows(source) };
  }
  if (/^\s*\[/.test(first)) return { format: 'JSON', rows: jsonRows(source) };
  if (isLines || ending === '.json') objectIn(first, `${file}: ${expected}, but its first line`);
  const delimiter = ending === '.tsv' || ending === '.tab' ? '\t' : (delimiterOf(first) ?? ',');
  if (delimiterOf(first) !== undefined || ['.csv', '.tsv', '.tab'].includes(ending))
    return { format: delimiter === '\t' ? 'TSV' : 'CSV', rows: tableRows(source, delimiter) };
  throw new Error(`${file}: ${expected}, got a file whose first line is none of them: ${show(first)}`);
}

/** Its first lines; of a longer one what there is, in whole characters. */
function beginningOf({ file, head }: SourceFile): string {
  let end = head.lastIndexOf(10);
  if (end < 0) {
    end = head.length;
    while (((head[end - 1] ?? 0) & 0xc0) === 0x80) end -= 1;
    if ((head[end - 1] ?? 0) >= 0xc0) end -= 1;
  }
  return textOf(head.subarray(0, end), file);
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

async function* jsonlRows(source: SourceFile): AsyncGenerator<SourceRow> {
  for await (const { bytes, number } of linesOf(inLines(source))) {
    const where = `line ${number}`;
    const line = textOf(bytes, `${source.file} ${where}`);
    if (line.trim() !== '') yield { where, row: recordIn(objectIn(line, `${source.file} ${where}`), source, where) };
  }
}

async function* jsonRows(source: SourceFile): AsyncGenerator<SourceRow> {
  const { file, what } = source;
  const text = textOf(
    await wholeOf(source, 'make a line of each of its rows (JSONL), such as with `jq -c ".[]"`'),
    file,
  );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file}: expected JSON, got a broken or cut off one: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (isRecord(value) && !isStatement(value)) {
    const list = listIn(value, source);
    if (list === undefined) {
      const inners = Object.values(value);
      if (!inners.every(isRecord) && !inners.every((inner) => typeof inner === 'string'))
        throw new Error(
          `${file}: expected a list of ${what}, an object with one, or an object of ${what} by their ids, got one ` +
            `with ${Object.keys(value).slice(0, 8).join(', ')}`,
        );
      for (const [id, inner] of Object.entries(value))
        yield { where: `the entry ${show(id)}`, row: { id, ...(isRecord(inner) ? inner : { statement: inner }) } };
      return;
    }
    value = list;
  }
  for (const [at, item] of [value].flat().entries()) {
    const where = `item ${at + 1}`;
    yield { where, row: recordIn(typeof item === 'string' ? { statement: item } : item, source, where) };
  }
}

/**
 * The list of problems that an object holds beside what it says of them; undefined where it is an object of problems by
 * their ids.
 * @throws where there are several that could be it.
 */
function listIn(value: Readonly<Record<string, unknown>>, { file, what }: SourceFile): readonly unknown[] | undefined {
  const lists = Object.entries(value).filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]));
  if (lists.length === 0) return undefined;
  const ofProblems = lists.filter(([, [first]]) => isRecord(first) && isStatement(first));
  const [one, ...others] = ofProblems.length > 0 ? ofProblems : lists;
  if (one === undefined || others.length === 0) return one?.[1];
  throw new Error(
    `${file}: expected one list of ${what}, got ${lists.map(([name]) => name).join(', ')}: make a file of each, ` +
      `such as with \`jq .${one[0]}\``,
  );
}

function recordIn(value: unknown, { file, what }: SourceFile, where: string): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value;
  throw new Error(`${file} ${where}: expected an object of ${what}, with its fields, got ${show(value)}`);
}
