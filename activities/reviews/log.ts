import { uri } from '../../shared/ids.ts';
import { standingEntries } from '../../shared/review/late.ts';
import type { ReviewEntry } from '../../shared/review/reviews.ts';
import { Journal, readJournal, type JournalLines } from '../store/journal.ts';
import type { ArtifactStore } from '../store/types.ts';

const ENTRIES: JournalLines<ReviewEntry> = {
  what: 'a review entry',
  remedy: 'Restore the log from a copy',
  isOne: ({ id, kind }) => typeof id === 'string' && typeof kind === 'string',
};

/**
 * The log of each question, a small journal of its own. An entry with a known id is not written again, so that what is
 * recorded twice is recorded once.
 */
export class ReviewLog {
  private readonly store: ArtifactStore;
  /** Appends to a log follow each other; the review that owns the question is its only writer. */
  private readonly last = new Map<string, Promise<void>>();

  constructor(store: ArtifactStore) {
    this.store = store;
  }

  async append(setId: string, questionId: string, entries: readonly ReviewEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const log = uri.reviewLog(setId, questionId);
    const before = this.last.get(log) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(() => this.appendNew(log, entries));
    this.last.set(log, mine);
    try {
      await mine;
    } finally {
      if (this.last.get(log) === mine) this.last.delete(log);
    }
  }

  /** The entries that count, in the order in which they were recorded; none when the question was never answered. */
  async read(setId: string, questionId: string): Promise<ReviewEntry[]> {
    return standingEntries(await this.history(setId, questionId));
  }

  /** All entries, with those that were taken back. */
  async history(setId: string, questionId: string): Promise<ReviewEntry[]> {
    const entries: ReviewEntry[] = [];
    for await (const { value } of readJournal(this.store, uri.reviewLog(setId, questionId), ENTRIES))
      entries.push(value);
    return entries;
  }

  private async appendNew(log: string, entries: readonly ReviewEntry[]): Promise<void> {
    const known = new Set<string>();
    const journal = await Journal.open(this.store, log, { lines: ENTRIES, onLine: ({ id }) => known.add(id) });
    try {
      await Promise.all(entries.filter(({ id }) => !known.has(id)).map((entry) => journal.append(entry)));
    } finally {
      await journal.close();
    }
  }
}
