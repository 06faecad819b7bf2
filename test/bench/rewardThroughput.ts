import type { Bench } from './bench.ts';
import { answersOf, startRewardWorld } from './rewardWorld.ts';

const BYTES = 30_000;
const ITEMS = 20_000;
/** As a trainer posts them: a batch has at most 256 items and 16 MB. */
const BATCH = 128;
const BATCHES_AT_ONCE = 4;

/** What a CPU second of the service rewards, its log on disk and its judge asked over HTTP. */
export const rewardThroughput: Bench = {
  name: 'reward-throughput',
  about: `items of ${BYTES / 1000} kB that the reward service rewards in a CPU second, a judge's call each`,
  goal: '>= 2000',
  met: (value) => value >= 2000,
  takes: [],
  async run() {
    const world = await startRewardWorld({});
    try {
      let next = 0;
      const reward = (until: number) =>
        Promise.all(
          Array.from({ length: BATCHES_AT_ONCE }, async () => {
            while (next < until) {
              const from = next;
              next += BATCH;
              await world.rewarded(answersOf(from, BATCH, BYTES));
            }
          }),
        );
      await reward(2_000); // code is warm, as it is in any training but at its start
      const [before, began, first] = [world.used(), performance.now(), next];
      await reward(ITEMS);
      const seconds = (performance.now() - began) / 1000;
      const after = world.used();
      const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
      const items = next - first;
      return {
        value: Math.round(items / cpuSeconds),
        detail: { items, cpuSeconds, wallSeconds: Math.round(seconds), residentMb: Math.round(after.residentMb) },
      };
    } finally {
      await world.stop();
    }
  },
};
