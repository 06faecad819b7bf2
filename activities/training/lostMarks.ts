import type { SaidLost } from '../../shared/training/lost.ts';
import type { SubmittedJob } from '../clusters/types.ts';
import type { ArtifactStore } from '../store/types.ts';
import type { JobFolder } from './jobFolder.ts';

/** A file, and when it changed, in milliseconds since the epoch. */
interface Sign {
  readonly file: string;
  readonly changedAt: number;
}

/** What persons have said of a job's attempts, in its folder, and what speaks against it. */
export class LostMarks {
  readonly #store: ArtifactStore;
  readonly #folder: JobFolder;

  constructor(store: ArtifactStore, folder: JobFolder) {
    this.#store = store;
    this.#folder = folder;
  }

  /** A person's word that an attempt is dead, which nobody can see. */
  find(attempt: number): Promise<SaidLost | undefined> {
    return this.#store.findJson(this.#file(attempt));
  }

  async write(attempt: number, said: SaidLost): Promise<void> {
    await this.#store.writeJson(this.#file(attempt), said);
  }

  /** It was seen alive after all. */
  async takeBack(attempt: number): Promise<void> {
    await this.#store.remove(this.#file(attempt));
  }

  /** What an attempt wrote last, of what only a living one writes; undefined where it wrote nothing. */
  async lastSign({ attempt, submittedAt }: SubmittedJob): Promise<Sign | undefined> {
    const signs: Sign[] = [];
    for (const file of [this.#folder.uri('result.json'), this.#folder.metrics, this.#folder.log(attempt)]) {
      const found = await this.#store.stat(file);
      if (found && found.changedAt >= Date.parse(submittedAt)) signs.push({ file, changedAt: found.changedAt });
    }
    return signs.sort((one, other) => other.changedAt - one.changedAt)[0];
  }

  #file(attempt: number): string {
    return this.#folder.uri(`attempt-${attempt}.lost.json`);
  }
}
