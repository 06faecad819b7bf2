import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Place } from '../../shared/ids.ts';
import { modelKey, type ModelRef } from '../../shared/records.ts';
import { readJsonFile, writeJsonFile } from '../processes/processes.ts';

/** That somebody needs models served. */
export interface Hold {
  /** Place of the stage or product that needs them, such as `main/lap-0001/verifier-v1`. */
  readonly holder: Place;
  readonly engine: string;
  readonly models: readonly ModelRef[];
  /** Milliseconds since the epoch at which it lapses. */
  readonly until: number;
  /** It lapsed, and that was seen to: what it held is nobody's, and only the engine is still of interest. */
  readonly lapsed?: true;
}

export type HeldModel = Pick<Hold, 'engine'> & { readonly model: ModelRef };

/** The holds that all processes of this machine have: a file for each holder. */
export class Holds {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Holds anew, in place of what the holder held before. */
  take(hold: Hold): Promise<void> {
    return writeJsonFile(this.#file(hold.holder), hold);
  }

  /**
   * Ends the holder's hold, and every one that has lapsed.
   * @returns the models that nobody holds any more.
   */
  async end(holder?: Place): Promise<HeldModel[]> {
    const all = (await this.#all()).filter(({ lapsed }) => lapsed === undefined);
    const isOver = (hold: Hold) => hold.holder === holder || hold.until <= Date.now();
    const over = all.filter(isOver);
    for (const hold of over) {
      if (hold.holder === holder) await rm(this.#file(holder), { force: true });
      else await this.take({ ...hold, lapsed: true });
    }
    const held = new Set(
      all
        .filter((hold) => !isOver(hold))
        .flatMap(modelsOf)
        .map(keyOf),
    );
    return over.flatMap(modelsOf).filter((model) => !held.has(keyOf(model)));
  }

  /** The engine that holds a model, by the hold that lasts longest. */
  async engineOf(model: ModelRef): Promise<string | undefined> {
    const holds = (await this.#all()).filter(({ models }) => models.some((each) => modelKey(each) === modelKey(model)));
    return holds.sort((a, b) => b.until - a.until)[0]?.engine;
  }

  async #all(): Promise<Hold[]> {
    await mkdir(this.#folder, { recursive: true });
    const files = (await readdir(this.#folder)).filter((name) => name.endsWith('.json'));
    return files.flatMap((name) => readJsonFile<Hold>(path.join(this.#folder, name)) ?? []);
  }

  #file(holder: Place): string {
    return path.join(this.#folder, `${encodeURIComponent(holder)}.json`);
  }
}

function modelsOf({ engine, models }: Hold): HeldModel[] {
  return models.map((model) => ({ engine, model }));
}

function keyOf({ engine, model }: HeldModel): string {
  return `${engine} ${modelKey(model)}`;
}
