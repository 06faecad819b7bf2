import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import type { Presence, SubmittedJob } from '../types.ts';

/** What is kept of a job here, because Slurm forgets what has ended within minutes. */
export interface SlurmRecord extends SubmittedJob {
  /** How it was seen last, and when; absent: never. */
  readonly seen?: { readonly state: string; readonly at: string };
  /** Its end, once seen. */
  readonly ended?: Extract<Presence, { kind: 'gone' }>;
  /** What is removed with its end. */
  readonly secrets?: string;
}

/** Writes a file at once: others that write the same at the same time, or read it, never see half of it. */
export async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(draft, text, { mode });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Records of a cluster's jobs: `<jobKey, URL-encoded>.<attempt>.json` of a folder. */
export class SlurmRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(jobKey: string, attempt: number): Promise<SlurmRecord | undefined> {
    try {
      return JSON.parse(await readFile(this.#file(jobKey, attempt), 'utf8')) as SlurmRecord;
    } catch (error) {
      // Without a record, or with one that a power cut has emptied, the job is looked for as any other is.
      if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async write(record: SlurmRecord): Promise<void> {
    await writeWhole(this.#file(record.jobKey, record.attempt), JSON.stringify(record), 0o644);
  }

  #file(jobKey: string, attempt: number): string {
    return path.join(this.#folder, `${encodeURIComponent(jobKey)}.${attempt}.json`);
  }
}
