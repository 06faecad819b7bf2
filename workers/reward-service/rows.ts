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

/** The rows of a job's datasets by `itemId`: in memory is where each lies, and no text. */
export class RowIndex {
  readonly #store: ArtifactStore;
  readonly #places = new Map<string, Place>();

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

  async get(itemId: string): Promise<AskedRow | undefined> {
    const place = this.#places.get(itemId);
    if (place === undefined) return undefined;
    const { task, meta } = JSON.parse(await this.#text(place)) as TrainingRow;
    const parsed = rewardMetaSchema.safeParse(meta);
    if (!parsed.success)
      throw new Refusal(422, `Expected meta of row ${itemId} of ${place.uri}: ${issuesOf(parsed.error)}`);
    return { task, meta: parsed.data };
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
