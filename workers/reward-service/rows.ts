import type * as z from 'zod';
import type { ArtifactStore } from '../../activities/store/types.ts';
import type { DatasetRef, Task, TrainingRow } from '../../shared/records.ts';
import { rewardMetaSchema } from '../../shared/reward/protocol.ts';
import { issuesOf, Refusal } from './refusal.ts';

/** What an item is about. */
export interface AskedRow {
  readonly task: Task;
  readonly meta: z.infer<typeof rewardMetaSchema>;
}

interface Place {
  readonly uri: string;
  readonly from: number;
  readonly to: number;
}

/** Characters of rows that are kept in memory: those of some steps, which ask about a row once for each of its group. */
const MOST_CHARACTERS = 8 * 2 ** 20;

/** The rows of a job's datasets by `itemId`: in memory is where each lies, and the rows that were asked for last. */
export class RowIndex {
  readonly #store: ArtifactStore;
  readonly #places = new Map<string, Place>();
  /** The longest unused first. */
  readonly #read = new Map<string, { readonly row: AskedRow; readonly characters: number }>();
  #characters = 0;

  private constructor(store: ArtifactStore) {
    this.#store = store;
  }

  /** @throws Refusal when a dataset is not there or was changed, or two different rows have one itemId. */
  static async open(store: ArtifactStore, datasets: readonly DatasetRef[]): Promise<RowIndex> {
    const index = new RowIndex(store);
    try {
      for (const dataset of datasets) await index.#add(dataset);
    } catch (cause) {
      if (cause instanceof Refusal) throw cause;
      throw new Refusal(422, `Expected the job's datasets to be in the store: ${(cause as Error).message}`);
    }
    return index;
  }

  /** @throws Refusal when the row says not what rows say. */
  async get(itemId: string): Promise<AskedRow | undefined> {
    const read = this.#read.get(itemId);
    if (read !== undefined) {
      this.#read.delete(itemId);
      this.#read.set(itemId, read);
      return read.row;
    }
    const place = this.#places.get(itemId);
    if (place === undefined) return undefined;
    const text = await this.#text(place);
    const { task, meta } = JSON.parse(text) as TrainingRow;
    const parsed = rewardMetaSchema.safeParse(meta);
    if (!parsed.success)
      throw new Refusal(422, `Expected meta of row ${itemId} of ${place.uri}: ${issuesOf(parsed.error)}`);
    const row = { task, meta: parsed.data };
    this.#keep(itemId, row, text.length);
    return row;
  }

  #keep(itemId: string, row: AskedRow, characters: number): void {
    if (this.#read.has(itemId)) return;
    this.#read.set(itemId, { row, characters });
    this.#characters += characters;
    for (const [oldest, { characters: its }] of this.#read) {
      if (this.#characters <= MOST_CHARACTERS) return;
      this.#read.delete(oldest);
      this.#characters -= its;
    }
  }

  async #add(dataset: DatasetRef): Promise<void> {
    const { uri } = dataset;
    for await (const { bytes, offset, number } of this.#store.lines(dataset)) {
      const text = bytes.toString('utf8');
      const { itemId } = JSON.parse(text) as TrainingRow;
      const known = this.#places.get(itemId);
      if (known === undefined) this.#places.set(itemId, { uri, from: offset, to: offset + bytes.length });
      else if ((await this.#text(known)) !== text)
        throw new Refusal(
          422,
          `Expected each row of the job's datasets to have an itemId of its own, got ${itemId} in ${known.uri} and, ` +
            `with another text, in line ${number} of ${uri}`,
        );
    }
  }

  async #text({ uri, ...range }: Place): Promise<string> {
    return (await this.#store.readBytes(uri, range)).toString('utf8');
  }
}
