import type { Outcome } from '../../shared/outcomes.ts';
import { lapOf } from '../../shared/ids.ts';
import { readJournal } from '../store/journal.ts';
import type { ArtifactStore } from '../store/types.ts';
import { OUTCOMES } from './ledger.ts';

interface Place {
  readonly uri: string;
  readonly from: number;
  readonly to: number;
}

/** Outcomes that earlier laps paid for, by key: in memory is where each lies, its text is read when it is wanted. */
export class EarlierCalls {
  readonly #store: ArtifactStore;
  readonly #places = new Map<string, Place>();

  constructor(store: ArtifactStore) {
    this.#store = store;
  }

  /**
   * Adds what is on an open ledger, where there is one. Of several outcomes of a key the last counts; one that `failed`
   * is asked again.
   */
  async add(uri: string): Promise<void> {
    let from = 0;
    for await (const { value, end: to } of readJournal(this.#store, uri, OUTCOMES)) {
      if (value.kind === 'failed') this.#places.delete(value.key);
      else this.#places.set(value.key, { uri, from, to });
      from = to;
    }
  }

  /** The outcome, with the lap that paid for it. */
  async find(key: string): Promise<Outcome | undefined> {
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    const outcome = JSON.parse((await this.#store.readBytes(place.uri, place)).toString('utf8')) as Outcome;
    return { ...outcome, takenFrom: outcome.takenFrom ?? lapOf(place.uri) };
  }
}
