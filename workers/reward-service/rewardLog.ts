import { Journal } from '../../activities/store/journal.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
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

/** Durable memory of a job's rewards: a journal, all of it read when it is opened. */
export class RewardLog {
  readonly #journal: Journal<RewardRecord>;
  readonly #records: Map<string, RewardRecord>;

  private constructor(journal: Journal<RewardRecord>, records: Map<string, RewardRecord>) {
    this.#journal = journal;
    this.#records = records;
  }

  /** Opens a log, and makes it where it is missing. @throws as `Journal.open` does. */
  static async open(store: ArtifactStore, uri: string): Promise<RewardLog> {
    const records = new Map<string, RewardRecord>();
    const journal = await Journal.open<RewardRecord>(store, uri, {
      lines: {
        what: 'a reward record',
        remedy: 'Restore the file, or start the job under a new key',
        isOne: ({ key, answer }) => typeof key === 'string' && answer !== undefined,
      },
      onLine: (record) => records.set(record.key, record),
    });
    return new RewardLog(journal, records);
  }

  get(key: string): RewardRecord | undefined {
    return this.#records.get(key);
  }

  all(): Iterable<RewardRecord> {
    return this.#records.values();
  }

  /** Resolves when the record is on disk. @throws as `Journal.append` does. */
  async append(record: RewardRecord): Promise<void> {
    await this.#journal.append(record);
    this.#records.set(record.key, record);
  }

  close(): Promise<void> {
    return this.#journal.close();
  }
}
