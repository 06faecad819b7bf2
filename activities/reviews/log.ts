import { mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ReviewEntry } from '../../shared/review/reviews.ts';
import type { ArtifactStore } from '../store/types.ts';
import { uri } from '../../shared/ids.ts';

/**
 * The log of each question, a small JSONL file of its own: append-only, a line on disk before `append` returns. An
 * entry with a known id is not written again, so that what is recorded twice is recorded once.
 */
export class ReviewLog {
  private readonly store: ArtifactStore;
  /** Appends to a file follow each other; the review that owns the question is its only writer. */
  private readonly last = new Map<string, Promise<void>>();

  constructor(store: ArtifactStore) {
    this.store = store;
  }

  async append(setId: string, questionId: string, entries: readonly ReviewEntry[]): Promise<void> {
    const file = this.store.path(uri.reviewLog(setId, questionId));
    const before = this.last.get(file) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(() => appendNew(file, entries));
    this.last.set(file, mine);
    try {
      await mine;
    } finally {
      if (this.last.get(file) === mine) this.last.delete(file);
    }
  }

  /** Entries in the order in which they were recorded; none when the question was never answered. */
  async read(setId: string, questionId: string): Promise<ReviewEntry[]> {
    const file = this.store.path(uri.reviewLog(setId, questionId));
    return entriesOf(file, await textOf(file));
  }
}

async function appendNew(file: string, entries: readonly ReviewEntry[]): Promise<void> {
  const text = await textOf(file);
  const known = new Set(entriesOf(file, text).map((entry) => entry.id));
  const lines = entries.filter((entry) => !known.has(entry.id)).map((entry) => `${JSON.stringify(entry)}\n`);
  if (lines.length === 0) return;
  await mkdir(path.dirname(file), { recursive: true });
  const handle = await open(file, 'a');
  try {
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    // A line that a crash cut off was never acknowledged: it goes.
    if (whole !== text) await handle.truncate(Buffer.byteLength(whole));
    await handle.appendFile(lines.join(''));
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

function entriesOf(file: string, text: string): ReviewEntry[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line, index) => {
    try {
      return JSON.parse(line) as ReviewEntry;
    } catch (error) {
      throw new Error(
        `Expected line ${index + 1} of ${file} to be a review entry, got ${JSON.stringify(line.slice(0, 80))}: ` +
          'the log was damaged; restore it from a copy',
        { cause: error },
      );
    }
  });
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}
