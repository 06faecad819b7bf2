import { uri, prefixOf } from '../../shared/ids.ts';
import { amountsOf, type Amounts } from '../../shared/lap/amounts.ts';
import { callsIn, type Usage } from '../../shared/outcomes.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { coveredLength, type Interval } from '../../shared/statistics/measures.ts';
import type { ShardResult, StoredResult } from '../../activities/sets/shard.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import type { CallCost, RewardLine } from '../../activities/training/rewardLines.ts';

const NOTHING: CallCost = { calls: 0, promptTokens: 0, completionTokens: 0 };

const plus = (a: CallCost, b: CallCost): CallCost => ({
  calls: a.calls + b.calls,
  promptTokens: a.promptTokens + b.promptTokens,
  completionTokens: a.completionTokens + b.completionTokens,
});
const less = (a: CallCost, b: CallCost = NOTHING): CallCost =>
  plus(a, { calls: -b.calls, promptTokens: -b.promptTokens, completionTokens: -b.completionTokens });

/** Of an attempt that is over. */
interface AttemptTimes {
  readonly seconds: number;
  readonly queuedSeconds?: number;
}

/**
 * What a lap has taken by now, as its report will count it: by what stands in the store, each file read once, and of
 * the growing ones only what came since. People's time is not in it: it is known at the end.
 */
export class SpentSoFar {
  readonly #store: ArtifactStore;
  readonly #lap: string;
  readonly #shards = new Map<string, { readonly cost: CallCost; readonly interval: Interval }>();
  readonly #rewards = new Map<string, { readonly from: number; readonly cost: CallCost }>();
  readonly #ended = new Map<string, AttemptTimes>();

  constructor(store: ArtifactStore, lap: string) {
    this.#store = store;
    this.#lap = lap;
  }

  /** @param underWay of shards that have no result yet. */
  async read(recipe: Recipe, underWay: { readonly calls: number } & Usage = NOTHING): Promise<Amounts> {
    await this.#readShards();
    await this.#readRewards();
    const { seconds, queuedSeconds, trainingTokens } = await this.#trainings();
    const shards = [...this.#shards.values()];
    const costs = [...shards, ...this.#rewards.values()].map(({ cost }) => cost);
    const { calls, promptTokens, completionTokens } = costs.reduce(plus, plus(NOTHING, underWay));
    return amountsOf(
      {
        calls,
        promptTokens,
        completionTokens,
        trainingTokens,
        trainingHours: seconds / 3600,
        queuedHours: queuedSeconds / 3600,
        inferenceHours: coveredLength(shards.map(({ interval }) => interval)) / 3600,
      },
      recipe,
    );
  }

  async #readShards(): Promise<void> {
    for await (const at of this.#store.list(prefixOf(uri.ledger(this.#lap)))) {
      if (!/\/shard-\d+\.result\.json$/.test(at) || this.#shards.has(at)) continue;
      const { result } = await this.#store.readJson<StoredResult<ShardResult>>(at);
      const { counts, usage, taken, seconds } = result;
      const end = ((await this.#store.stat(at))?.changedAt ?? 0) / 1000;
      const all = { calls: callsIn(counts), ...usage };
      const cost = less(all, taken && { calls: taken.calls, ...taken.usage });
      this.#shards.set(at, { cost, interval: { start: end - seconds, end } });
    }
  }

  async #readRewards(): Promise<void> {
    for await (const at of this.#store.list(`rewards/${prefixOf(this.#lap)}`)) {
      if (!at.endsWith('/rewards.jsonl')) continue;
      let { from, cost } = this.#rewards.get(at) ?? { from: 0, cost: NOTHING };
      const { bytes = 0 } = (await this.#store.stat(at)) ?? {};
      while (from < bytes) {
        const chunk = await this.#store.readBytes(at, { from, to: Math.min(bytes, from + CHUNK_BYTES) });
        const whole = chunk.lastIndexOf(0x0a) + 1;
        if (whole === 0) break; // a line that is being written
        for (const line of chunk.toString('utf8', 0, whole - 1).split('\n')) {
          const { judge } = JSON.parse(line) as RewardLine;
          cost = plus(cost, less(judge, judge.taken));
        }
        from += whole;
      }
      this.#rewards.set(at, { from, cost });
    }
  }

  /** Of attempts that are over, and of those that run; and what the trainers sampled or learned themselves. */
  async #trainings(): Promise<Required<AttemptTimes> & { readonly trainingTokens: number }> {
    const files: string[] = [];
    for await (const at of this.#store.list(prefixOf(uri.jobs(this.#lap)))) files.push(at);
    let [seconds, queuedSeconds, trainingTokens] = [0, 0, 0];
    for (const at of files) {
      const [, attempt] = /^(.*\/attempt-\d+)\.start\.json$/.exec(at) ?? [];
      if (at.endsWith('.end.json')) {
        const took = await this.#timesOf(at);
        seconds += took.seconds;
        queuedSeconds += took.queuedSeconds ?? 0;
      } else if (attempt !== undefined && !files.includes(`${attempt}.end.json`)) {
        const { since } = await this.#store.readJson<{ readonly since: string }>(at);
        seconds += Math.max(0, (Date.now() - Date.parse(since)) / 1000);
      } else if (at.endsWith('/result.json')) {
        const { tokens = 0 } = (await this.#store.findJson<{ readonly tokens?: number }>(at)) ?? {};
        trainingTokens += tokens;
      }
    }
    return { seconds, queuedSeconds, trainingTokens };
  }

  async #timesOf(end: string): Promise<AttemptTimes> {
    const known = this.#ended.get(end) ?? (await this.#store.readJson<AttemptTimes>(end));
    this.#ended.set(end, known);
    return known;
  }
}

/** Of a growing file, at once. */
const CHUNK_BYTES = 8 * 1024 * 1024;
