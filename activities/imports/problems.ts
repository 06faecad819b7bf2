import { uri } from '../../shared/ids.ts';
import { LONGEST_STATEMENT } from '../../shared/lap/problemFile.ts';
import type { ArtifactRef } from '../../shared/records.ts';
import type { ArtifactStore } from '../store/types.ts';
import { chooseFields, type ChosenFields, type Fields } from './fields.ts';
import { ProblemReader, type Dropped } from './reader.ts';
import { keepLines, takeFiles } from './files.ts';
import type { Format } from './rows.ts';
import type { SourceRow } from './source.ts';

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

/**
 * Takes a file of problems, of whatever form, into the store, or the parts of a set as one.
 * @throws naming what is wrong and where; then nothing was taken in.
 */
export async function importProblems(
  store: ArtifactStore,
  given: string | readonly string[],
  options: ImportOptions = {},
): Promise<ImportedProblems> {
  const files = [given].flat();
  const { lines, ...read } = await readProblemFiles(files, options);
  return { ...(await keepLines(store, uri.problems, lines, { by: 'importProblems', files })), ...read };
}

/** Their problems as lines of our form, and what else there is to say of them. Nothing is written. */
export async function readProblemFiles(files: readonly string[], options: ImportOptions = {}) {
  const lines: string[] = [];
  const dropped: Dropped[] = [];
  const topics = new Map<string, number>();
  const { begun, formats, isGzipped } = await takeFiles(files, 'problems', (first, file, stem) => {
    const { name = stem, fields: asked = {}, maxStatementCharacters: longest = LONGEST_STATEMENT } = options;
    const chosen = chooseFields(first, asked, file);
    const reader = new ProblemReader(chosen.fields, name, longest);
    const take = (row: SourceRow) => {
      const read = reader.read(row);
      if ('why' in read) return dropped.push(read);
      topics.set(read.topic, (topics.get(read.topic) ?? 0) + 1);
      return lines.push(`${JSON.stringify(read)}\n`);
    };
    return { chosen, reader, take };
  });
  const { chosen, reader } = begun;
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
    took: { formats, isGzipped, ...chosen },
    topics: [...topics].sort(([, one], [, other]) => other - one),
    dropped,
    notes: reader.notes,
  };
}
