import type { FastifyBaseLogger } from 'fastify';
import { inSpan } from '../../activities/metrics/spans.ts';
import type { RewardItem } from '../../shared/reward/protocol.ts';
import type { Batch } from './batches.ts';
import { Refusal } from './refusal.ts';
import type { RewardJob } from './rewardJob.ts';
import type { RewardJobs } from './rewardJobs.ts';

/** Most that may be under way at once, over all jobs. */
interface IntakeLimits {
  readonly items: number;
  /** Of the items' texts, which are held in memory meanwhile. */
  readonly characters: number;
}

/** Where items come in, by whatever protocol: they are evaluated whether or not anybody waits for them. */
export class Intake {
  readonly #jobs: RewardJobs;
  readonly #most: IntakeLimits;
  readonly #counted = new WeakSet<object>();
  readonly #underWay = { items: 0, characters: 0 };

  constructor(jobs: RewardJobs, most: IntakeLimits) {
    this.#jobs = jobs;
    this.#most = most;
  }

  /** Items under way. */
  get items(): number {
    return this.#underWay.items;
  }

  /**
   * Begins to evaluate the items, or joins those who wait for equal ones.
   * @param again gives up the judges' calls that are under way for them, and makes them anew.
   * @throws Refusal 429 where enough is under way, and as `RewardJobs.get` and `RewardJob.post` do.
   */
  async accept(
    jobKey: string,
    items: readonly RewardItem[],
    { again = false, log }: { readonly again?: boolean; readonly log: FastifyBaseLogger },
  ): Promise<{ readonly job: RewardJob; readonly batch: Batch }> {
    const load = { items: items.length, characters: items.reduce((sum, item) => sum + charactersOf(item), 0) };
    const job = await this.#jobs.get(jobKey);
    const admit = () => {
      if (!again) this.#admit(load);
    };
    const attributes = { 'flywheel.job': jobKey, 'flywheel.items': items.length };
    const batch = await inSpan('reward batch', attributes, () => job.post(items, again, admit), {
      until: ({ ended }) => ended,
    });
    if (!this.#counted.has(batch)) this.#count(job, batch, load, log);
    return { job, batch };
  }

  #admit(load: IntakeLimits): void {
    const { items, characters } = this.#underWay;
    if (items === 0) return;
    if (items + load.items <= this.#most.items && characters + load.characters <= this.#most.characters) return;
    throw new Refusal(429, `Expected less to be under way, ${items} items are: ask again when some are done`);
  }

  #count(job: RewardJob, batch: Batch, load: IntakeLimits, log: FastifyBaseLogger): void {
    this.#counted.add(batch);
    this.#underWay.items += load.items;
    this.#underWay.characters += load.characters;
    batch.ended
      .then(
        () => log.info({ job: job.spec.jobKey, items: load.items, counters: job.counters }, 'rewarded'),
        async (error: unknown) => {
          log.warn({ err: error, job: job.spec.jobKey }, 'a batch is to be posted again');
          await this.#jobs.putAway(job);
        },
      )
      .finally(() => {
        this.#underWay.items -= load.items;
        this.#underWay.characters -= load.characters;
      });
  }
}

function charactersOf({ response, thinking = '' }: RewardItem): number {
  return response.length + thinking.length;
}
