import type { RewardAnswer } from '../../shared/reward/protocol.ts';

/** Batches that are remembered after their end: a poll whose answer was lost is repeated soon. */
const ENDED_BATCHES = 64;

export interface Batch {
  readonly id: string;
  readonly answers: readonly (RewardAnswer | null)[];
  /** Rejects where an evaluation could not be kept: the batch is then to be posted again. */
  readonly ended: Promise<void>;
}

/** The batches of a job that were posted here, by id. */
export class Batches {
  readonly #known = new Map<string, Batch>();

  get(id: string): Batch | undefined {
    return this.#known.get(id);
  }

  /** @param evaluations answers to come, in order. */
  begin(id: string, evaluations: readonly Promise<RewardAnswer>[]): Batch {
    const answers = evaluations.map((): RewardAnswer | null => null);
    const all = evaluations.map(async (evaluation, index) => {
      answers[index] = await evaluation;
    });
    const batch = { id, answers, ended: Promise.all(all).then(() => undefined) };
    this.#known.set(id, batch);
    batch.ended.then(
      () => this.#forgetOldest(),
      () => this.#known.delete(id),
    );
    return batch;
  }

  #forgetOldest(): void {
    const ended = [...this.#known.values()].filter(({ answers }) => !answers.includes(null));
    for (const { id } of ended.slice(0, -ENDED_BATCHES)) this.#known.delete(id);
  }
}
