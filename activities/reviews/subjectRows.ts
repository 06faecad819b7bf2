import type { DatasetRef, Problem, ShownAnalysis } from '../../shared/records.ts';
import { ArtifactChanged, type ArtifactStore } from '../store/types.ts';
import { failure } from '../failure.ts';

/** What a question is about. */
export interface SubjectRow {
  readonly id: string;
  readonly problem: Problem;
  readonly proof: string;
  /** For `scoreAnalysis`. */
  readonly analysis?: string;
  /** For an assisted question: what some analyses of the proof report, the most telling first. */
  readonly analyses?: readonly ShownAnalysis[];
}

interface RowIndex {
  readonly ids: readonly string[];
  /** Byte at which each row starts, and at last the file's length. */
  readonly starts: readonly number[];
}

/** Ours: sets that are under review at the same time. */
const DATASETS_KEPT = 8;

/**
 * Rows of datasets under review, read by number. A dataset is read and verified once per process; its texts are not
 * kept.
 */
export class SubjectRows {
  private readonly store: ArtifactStore;
  private readonly indexes = new Map<string, Promise<RowIndex>>();

  constructor(store: ArtifactStore) {
    this.store = store;
  }

  /** @throws `BadReviewSubject` when the dataset is not what the reference says, or two rows have the same id. */
  async ids(ref: DatasetRef): Promise<readonly string[]> {
    return (await this.index(ref)).ids;
  }

  async row(ref: DatasetRef, row: number): Promise<SubjectRow> {
    const { starts } = await this.index(ref);
    const [start, end] = [starts[row], starts[row + 1]];
    if (start === undefined || end === undefined)
      throw failure('BadReviewSubject', `Expected a row from 0 to ${ref.rows - 1} of ${ref.uri}, got ${row}`);
    return JSON.parse((await this.store.readBytes(ref.uri, { from: start, to: end })).toString('utf8')) as SubjectRow;
  }

  private index(ref: DatasetRef): Promise<RowIndex> {
    const key = `${ref.sha256} ${ref.uri}`;
    const known = this.indexes.get(key);
    if (known) return known;
    const made = indexOf(this.store, ref).catch((error: unknown) => {
      throw error instanceof ArtifactChanged ? failure('BadReviewSubject', error.message) : error;
    });
    this.indexes.set(key, made);
    made.catch(() => this.indexes.delete(key));
    for (const old of this.indexes.keys()) if (this.indexes.size > DATASETS_KEPT) this.indexes.delete(old);
    return made;
  }
}

async function indexOf(store: ArtifactStore, ref: DatasetRef): Promise<RowIndex> {
  const rowsById = new Map<string, number>();
  const starts = [0];
  for await (const { bytes, offset } of store.lines(ref)) {
    const row = rowsById.size;
    const id = idOf(bytes, ref, row);
    const earlier = rowsById.get(id);
    if (earlier !== undefined)
      throw failure(
        'BadReviewSubject',
        `Expected every row of ${ref.uri} to have an id of its own, got ${JSON.stringify(id)} in rows ` +
          `${earlier} and ${row}`,
      );
    rowsById.set(id, row);
    starts.push(offset + bytes.length + 1);
  }
  return { ids: [...rowsById.keys()], starts };
}

function idOf(line: Buffer, ref: DatasetRef, row: number): string {
  const id = (JSON.parse(line.toString('utf8')) as { id?: unknown }).id;
  if (typeof id !== 'string' || id === '')
    throw failure('BadReviewSubject', `Expected row ${row} of ${ref.uri} to have an id, got ${JSON.stringify(id)}`);
  return id;
}
