import { DigestIndex } from '../../activities/store/digestIndex.ts';
import { Journal } from '../../activities/store/journal.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import type { RewardAnswer } from '../../shared/reward/protocol.ts';
import type { JudgeScores, Malformed } from '../../shared/reward/rewards.ts';
import type { Task } from '../../shared/records.ts';
import type { JudgeCost } from './judge.ts';

/** A line of `rewards/<jobKey>/rewards.jsonl`: one evaluation, with all it was made of. */
export interface RewardRecord {
  /** Identity of the evaluation: item, response and reward spec. */
  readonly key: string;
  readonly task: Task;
  readonly responseSha256: string;
  /** The response itself, of those that are kept for the audit (`shared/reward/rewards.ts`). */
  readonly response?: string;
  /** What the model thought before it; of those that are kept. */
  readonly thinking?: string;
  /** Of an answer without its task's format. */
  readonly malformed?: Malformed;
  /** The optimizer step that asked first. */
  readonly step?: number;
  readonly specSha256: string;
  readonly answer: RewardAnswer;
  readonly verdicts: JudgeScores;
  readonly judge: JudgeCost;
}

const NONE_COUNTED = {
  scored: 0,
  unscorable: 0,
  /** Scored answers with marks of a verdict that are not their own. */
  imitations: 0,
  /** Answers of either kind that were too long for their judge. */
  overlong: 0,
};

/** Durable memory of a job's rewards: a journal. In memory is where each record lies, and how many there are. */
export class RewardLog {
  readonly #journal: Journal<RewardRecord>;
  /** Key → ordinal of its line. */
  readonly #index: DigestIndex;
  readonly #counts: typeof NONE_COUNTED;

  private constructor(journal: Journal<RewardRecord>, index: DigestIndex, counts: typeof NONE_COUNTED) {
    this.#journal = journal;
    this.#index = index;
    this.#counts = counts;
  }

  /** Opens a log, and makes it where it is missing. @throws as `Journal.open` does. */
  static async open(store: ArtifactStore, uri: string): Promise<RewardLog> {
    const index = new DigestIndex();
    const counts = { ...NONE_COUNTED };
    const journal = await Journal.open<RewardRecord>(store, uri, {
      lines: {
        what: 'a reward record',
        remedy: 'Restore the file, or start the job under a new key',
        isOne: ({ key, answer }) => typeof key === 'string' && answer !== undefined,
      },
      onLine: ({ key, answer }, ordinal) => {
        index.set(key, ordinal);
        count(answer, counts);
      },
    });
    return new RewardLog(journal, index, counts);
  }

  get counts(): Readonly<typeof NONE_COUNTED> {
    return this.#counts;
  }

  get size(): number {
    return this.#index.size;
  }

  get bytes(): number {
    return this.#journal.bytes;
  }

  has(key: string): boolean {
    return this.#index.has(key);
  }

  async get(key: string): Promise<RewardRecord | undefined> {
    const ordinal = this.#index.get(key);
    return ordinal === undefined ? undefined : (JSON.parse(await this.#journal.line(ordinal)) as RewardRecord);
  }

  /** Resolves when the record is on disk. @throws as `Journal.append` does. */
  async append(record: RewardRecord): Promise<void> {
    this.#index.set(record.key, await this.#journal.append(record));
    count(record.answer, this.#counts);
  }

  close(): Promise<void> {
    return this.#journal.close();
  }
}

function count(answer: RewardAnswer, counts: typeof NONE_COUNTED): void {
  counts[answer.status] += 1;
  if (answer.status === 'scored' && answer.imitatesVerdict) counts.imitations += 1;
  if (answer.overlong === true) counts.overlong += 1;
}
