import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { uri } from '../../shared/ids.ts';
import { LONGEST_STATEMENT } from '../../shared/lap/problemFile.ts';
import type { ArtifactRef } from '../../shared/records.ts';
import type { ArtifactStore } from '../store/types.ts';
import { chooseFields, type ChosenFields, type Fields } from './fields.ts';
import { ProblemReader, type Dropped } from './reader.ts';
import { rowsOf, type Format } from './rows.ts';
import { openSource, type SourceFile, type SourceRow } from './source.ts';

export interface ImportOptions {
  /** What problems without a source or an id are called after. @default the file's name, without its ending */
  readonly name?: string;
  /** The field of the file that each is read from. @default those of common names */
  readonly fields?: Fields;
  /** Longer statements are left out. @default 100,000 */
  readonly maxStatementCharacters?: number;
}

/** What a file of problems became: an artifact of the form that laps read. */
export interface ImportedProblems extends ArtifactRef {
  readonly count: number;
  readonly took: ChosenFields & { readonly formats: readonly Format[]; readonly isGzipped: boolean };
  /** Problems by topic, the most first. */
  readonly topics: readonly (readonly [topic: string, count: number])[];
  readonly dropped: readonly Dropped[];
  /** What was changed, or had better be, a sentence each. */
  readonly notes: readonly string[];
  readonly from: readonly { readonly file: string; readonly sha256: string }[];
}

/** Rows by which the fields are chosen. Ours: sets are of one form from their beginning. */
const LOOKED_AT = 200;

/**
 * Takes a file of problems, of whatever form, into the store, or the parts of a set as one. What stands beside the
 * problems in it is not held in memory, but of JSON, which is read whole.
 * @throws naming what is wrong and where; then nothing was taken in.
 */
export async function importProblems(
  store: ArtifactStore,
  given: string | readonly string[],
  options: ImportOptions = {},
): Promise<ImportedProblems> {
  const files = [given].flat();
  const { lines, ...read } = await readProblemFiles(files, options);
  const hash = createHash('sha256');
  for (const line of lines) hash.update(line);
  const sha256 = hash.digest('hex');
  const at = uri.problems(sha256);
  const from: { file: string; sha256: string }[] = [];
  for (const file of files) from.push({ file: path.basename(file), sha256: await digestOf(file) });
  const isThere = (await store.stat(at)) !== undefined && (await store.refOf(at)).sha256 === sha256;
  if (!isThere)
    await store.write(at, inParts(lines), {
      by: 'importProblems',
      from: from.map((each) => ({ as: 'file', ...each })),
    });
  return { uri: at, sha256, ...read, from };
}

/** The problems of files as lines of our form, and what else there is to say of them. Nothing is written. */
export async function readProblemFiles(files: readonly string[], options: ImportOptions = {}) {
  const sources = await Promise.all(files.map(openSource));
  const parts = sources.map((source) => ({ source, ...rowsOf(source) }));
  const [file = ''] = files;
  const stem = path
    .basename(file)
    .replace(/(\.(jsonl?|ndjson|csv|tsv|tab|txt|parquet))?(\.gz)?$/i, '')
    .replace(/-\d+-of-\d+$/, ''); // as hubs name the parts of a set
  const { name = stem, fields: asked = {}, maxStatementCharacters: longest = LONGEST_STATEMENT } = options;

  const first: SourceRow[] = [];
  const lines: string[] = [];
  const dropped: Dropped[] = [];
  const topics = new Map<string, number>();
  function begin() {
    const chosen = chooseFields(
      first.map(({ row }) => row),
      asked,
      file,
    );
    const reader = new ProblemReader(chosen.fields, name, longest);
    const take = (row: SourceRow) => {
      const read = reader.read(row);
      if ('why' in read) return dropped.push(read);
      topics.set(read.topic, (topics.get(read.topic) ?? 0) + 1);
      return lines.push(`${JSON.stringify(read)}\n`);
    };
    first.forEach(take);
    return { chosen, reader, take };
  }
  let begun: ReturnType<typeof begin> | undefined;
  for await (const row of inOrder(parts))
    if (begun !== undefined) begun.take(row);
    else if (first.push(row) >= LOOKED_AT) begun = begin();
  if (first.length === 0) throw new Error(`${files.join(', ')}: expected problems, got none`);
  const { chosen, reader } = (begun ??= begin());
  if (lines.length === 0) {
    const [{ where, why } = { where: '', why: '' }] = dropped;
    throw new Error(
      `${files.join(', ')}: expected problems, got ${dropped.length} of which none can be asked about, such as ` +
        `${where}: ${why}; if another field has the statements, name it with --field statement=NAME`,
    );
  }
  return {
    lines,
    count: lines.length,
    took: {
      formats: [...new Set(parts.map(({ format }) => format))],
      isGzipped: sources.some(({ isGzipped }) => isGzipped),
      ...chosen,
    },
    topics: [...topics].sort(([, one], [, other]) => other - one),
    dropped,
    notes: reader.notes,
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

/** Some thousand lines at a time. */
async function* inParts(lines: readonly string[]): AsyncGenerator<string> {
  for (let from = 0; from < lines.length; from += 4096) yield lines.slice(from, from + 4096).join('');
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}
