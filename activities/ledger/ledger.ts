import type { Outcome } from '../../shared/outcomes.ts';
import { DigestIndex } from '../store/digestIndex.ts';
import { Journal, JournalDamaged, type JournalLines } from '../store/journal.ts';
import type { ArtifactStore } from '../store/types.ts';
import { sealLines, unseal } from './sealedLedger.ts';

/** A ledger that cannot be trusted; nothing but a person can mend it. */
export class LedgerDamaged extends JournalDamaged {
  override readonly name = 'LedgerDamaged';
}

/** A power cut may take the last lines: their calls are then made again. To wait for the disk would cost more. */
export const OUTCOMES: JournalLines<Outcome> = {
  what: 'an outcome',
  remedy: 'Restore the file, or delete that line to pay for its call again',
  isOne: ({ key, kind }) => typeof key === 'string' && typeof kind === 'string',
  outlasts: 'a kill',
  Damaged: LedgerDamaged,
};

/** @param again whether its call is on the ledger already: one that failed, or that another model answered. */
type Heard = (outcome: Outcome, again: boolean) => void;

/** The outcomes of calls, a JSON line each, by key: a journal, and compressed when it is complete. */
export class Ledger {
  readonly #store: ArtifactStore;
  readonly #journal: Journal<Outcome>;
  /** Key → ordinal of its line, the last of those that have it. */
  readonly #index: DigestIndex;
  readonly #heard: Heard;

  private constructor(store: ArtifactStore, journal: Journal<Outcome>, index: DigestIndex, heard: Heard) {
    this.#store = store;
    this.#journal = journal;
    this.#index = index;
    this.#heard = heard;
  }

  /**
   * Opens a ledger, and makes it where it is missing. A sealed one is opened again for appending.
   * @param heard is told of every outcome: of those that are there, and of each that is appended.
   * @throws LedgerDamaged when a line is not an outcome, with its number.
   * @throws LeaseHeld when another process writes it.
   */
  static async open(store: ArtifactStore, uri: string, heard: Heard = () => undefined): Promise<Ledger> {
    const index = new DigestIndex();
    const journal = await Journal.open(store, uri, {
      lines: OUTCOMES,
      onLine: (outcome, ordinal) => {
        heard(outcome, index.set(outcome.key, ordinal));
      },
      prepare: () => unseal(store, uri),
    });
    return new Ledger(store, journal, index, heard);
  }

  get size(): number {
    return this.#index.size;
  }

  has(key: string): boolean {
    return this.#index.has(key);
  }

  async get(key: string): Promise<Outcome | undefined> {
    const ordinal = this.#index.get(key);
    return ordinal === undefined ? undefined : (JSON.parse(await this.#journal.line(ordinal)) as Outcome);
  }

  /** Resolves once the outcome outlasts a kill of this process. @throws as `Journal.append` does. */
  async append(outcome: Outcome): Promise<void> {
    const ordinal = await this.#journal.append(outcome);
    this.#heard(outcome, this.#index.set(outcome.key, ordinal));
  }

  /**
   * Closes the ledger and leaves it compressed, as `<uri>.gz`: first the outcomes named, in that order, then the
   * others, marked `unused`. A kill at any moment leaves one whole ledger or both forms of it.
   */
  async seal(order: Iterable<string>): Promise<void> {
    const read = await this.#journal.reader();
    const named = Array.from(order, (key) => this.#index.get(key)).filter((ordinal) => ordinal !== undefined);
    const used = new Set(named);
    const unused = this.#index.values().filter((ordinal) => !used.has(ordinal));
    const { uri } = this.#journal;
    await sealLines(this.#store, uri, { used: [...used], unused, read });
    await this.#store.remove(uri);
    await this.close();
  }

  close(): Promise<void> {
    return this.#journal.close();
  }
}
