import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import type { ArtifactRef } from '../../shared/records.ts';
import type { ArtifactStore } from '../store/types.ts';
import { rowsOf, type Format } from './rows.ts';
import { openSource, type SourceFile, type SourceRow } from './source.ts';

/** Rows by which the fields are chosen. Ours: sets are of one form from their beginning. */
const LOOKED_AT = 200;

export interface TakenFiles<Begun> {
  readonly begun: Begun;
  readonly formats: readonly Format[];
  readonly isGzipped: boolean;
}

/**
 * Goes through a person's files, the parts of one set, row by row. What stands beside the rows is not held in memory,
 * but of JSON, which is read whole.
 * @param what they are to hold, such as `problems`.
 * @param begin is told the first rows, the first file, and what the set is called after it.
 * @throws naming what is wrong and where.
 */
export async function takeFiles<Begun extends { readonly take: (row: SourceRow) => unknown }>(
  files: readonly string[],
  what: string,
  begin: (first: readonly SourceRow['row'][], file: string, name: string) => Begun,
): Promise<TakenFiles<Begun>> {
  const sources = await Promise.all(files.map((file) => openSource(file, what)));
  const parts = sources.map((source) => ({ source, ...rowsOf(source) }));
  const [file = ''] = files;
  const stem = path
    .basename(file)
    .replace(/(\.(jsonl?|ndjson|csv|tsv|tab|txt|parquet))?(\.gz)?$/i, '')
    .replace(/-\d+-of-\d+$/, ''); // as hubs name the parts of a set
  const first: SourceRow[] = [];
  const start = (): Begun => {
    const begun = begin(
      first.map(({ row }) => row),
      file,
      stem,
    );
    first.forEach((row) => begun.take(row));
    return begun;
  };
  let begun: Begun | undefined;
  for await (const row of inOrder(parts))
    if (begun !== undefined) begun.take(row);
    else if (first.push(row) >= LOOKED_AT) begun = start();
  if (first.length === 0) throw new Error(`${files.join(', ')}: expected ${what}, got none`);
  begun ??= start();
  return {
    begun,
    formats: [...new Set(parts.map(({ format }) => format))],
    isGzipped: sources.some(({ isGzipped }) => isGzipped),
  };
}

/** Their rows, one file after the other, each said with its file where there are several. */
async function* inOrder(
  parts: readonly { readonly source: SourceFile; readonly rows: AsyncIterable<SourceRow> }[],
): AsyncGenerator<SourceRow> {
  for (const { source, rows } of parts)
    for await (const { where, row } of rows)
      yield { where: parts.length > 1 ? `${path.basename(source.file)} ${where}` : where, row };
}

/** Puts lines into the store under their digest, once, with the files that they were read from. */
export async function keepLines(
  store: ArtifactStore,
  place: (sha256: string) => string,
  lines: readonly string[],
  { by, files }: { readonly by: string; readonly files: readonly string[] },
): Promise<ArtifactRef & { readonly from: readonly { readonly file: string; readonly sha256: string }[] }> {
  const hash = createHash('sha256');
  for (const line of lines) hash.update(line);
  const sha256 = hash.digest('hex');
  const at = place(sha256);
  const from: { file: string; sha256: string }[] = [];
  for (const file of files) from.push({ file: path.basename(file), sha256: await digestOf(file) });
  const isThere = (await store.stat(at)) !== undefined && (await store.refOf(at)).sha256 === sha256;
  if (!isThere) await store.write(at, inParts(lines), { by, from: from.map((each) => ({ as: 'file', ...each })) });
  return { uri: at, sha256, from };
}

/** Some thousand lines at a time. */
async function* inParts(lines: readonly string[]): AsyncGenerator<string> {
  for (let from = 0; from < lines.length; from += 4096) yield lines.slice(from, from + 4096).join('');
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}
