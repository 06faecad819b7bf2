import { mkdir, open, readFile, truncate, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { RewardAnswer } from '../../shared/reward/protocol.ts';
import type { JudgeScores } from '../../shared/reward/rewards.ts';
import type { Task } from '../../shared/records.ts';

/** A line of `rewards/<jobKey>/rewards.jsonl`: one evaluation, with all it was made of. */
export interface RewardRecord {
  /** Identity of the evaluation: item, response and reward spec. */
  readonly key: string;
  readonly task: Task;
  readonly responseSha256: string;
  /** The response itself, of those that are kept for the audit (`shared/reward/rewards.ts`). */
  readonly response?: string;
  readonly specSha256: string;
  readonly answer: RewardAnswer;
  readonly verdicts: JudgeScores;
  readonly judge: { readonly calls: number; readonly promptTokens: number; readonly completionTokens: number };
}

/** Durable memory of a job's rewards: append-only JSONL, all of it read when it is opened. One process writes it. */
export class RewardLog {
  readonly #file: FileHandle;
  readonly #records: Map<string, RewardRecord>;
  /** Bytes of whole lines. */
  #size: number;
  #waiting: { readonly line: string; readonly done: () => void; readonly failed: (error: unknown) => void }[] = [];
  #writing: Promise<void> | undefined;

  private constructor(file: FileHandle, size: number, records: Map<string, RewardRecord>) {
    this.#file = file;
    this.#size = size;
    this.#records = records;
  }

  /**
   * Opens or creates a log. A last line without its end was being written when the process died: nobody was told of it,
   * and it is cut off.
   * @throws when any other line is not a record: the log was changed by something else.
   */
  static async open(location: string): Promise<RewardLog> {
    await mkdir(path.dirname(location), { recursive: true });
    const content = await readFile(location).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    const whole = content.lastIndexOf('\n'.charCodeAt(0)) + 1;
    if (whole < content.length) await truncate(location, whole);
    const records = new Map<string, RewardRecord>();
    let line = 0;
    for (let start = 0; start < whole;) {
      const end = content.indexOf('\n', start);
      line += 1;
      const record = readRecord(content.toString('utf8', start, end));
      if (record === undefined) {
        throw new Error(
          `Expected line ${line} of ${location} to be a reward record, got something else: the file was changed ` +
            'after it was written; restore it or start the job under a new key',
        );
      }
      records.set(record.key, record);
      start = end + 1;
    }
    return new RewardLog(await open(location, 'a'), whole, records);
  }

  get(key: string): RewardRecord | undefined {
    return this.#records.get(key);
  }

  all(): Iterable<RewardRecord> {
    return this.#records.values();
  }

  /**
   * Resolves when the record is on disk. Records that wait for the disk go there together.
   * @throws when it cannot be written; nothing of it stays in the log.
   */
  async append(record: RewardRecord): Promise<void> {
    await new Promise<void>((done, failed) => {
      this.#waiting.push({ line: `${JSON.stringify(record)}\n`, done, failed });
      this.#writing ??= this.#flush();
    });
    this.#records.set(record.key, record);
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    await Promise.resolve(); // lets the appends of this turn join
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const bytes = Buffer.from(batch.map(({ line }) => line).join(''));
        await this.#file.appendFile(bytes);
        await this.#file.datasync();
        this.#size += bytes.length;
        for (const { done } of batch) done();
      } catch (error) {
        // what cannot be cut now is refused by its number when the log is opened
        await this.#file.truncate(this.#size).catch(() => undefined);
        for (const { failed } of batch) failed(error);
      }
    }
    this.#writing = undefined;
  }
}

function readRecord(line: string): RewardRecord | undefined {
  try {
    const record = JSON.parse(line) as Partial<RewardRecord> | null;
    return typeof record?.key === 'string' && record.answer !== undefined ? (record as RewardRecord) : undefined;
  } catch {
    return undefined; // the caller names the line
  }
}
