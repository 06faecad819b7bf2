import type { Bench } from './bench.ts';
import { answersOf, startRewardWorld } from './rewardWorld.ts';

const ITEMS = 1_000_000;
const BATCH = 256;
const BATCHES_AT_ONCE = 8;
const MOST_RESTART_SECONDS = 10;

/** Many short answers: what is kept of each in memory, and how long a service takes to know them again. */
export const rewardMemory: Bench = {
  name: 'reward-memory',
  about: `resident MB of the reward service after ${ITEMS} items; fails where a restart takes over ${MOST_RESTART_SECONDS} s`,
  goal: '<= 400',
  met: (value) => value <= 400,
  takes: [],
  async run() {
    const world = await startRewardWorld({ textBytes: 0 });
    try {
      let next = 0;
      const began = performance.now();
      await Promise.all(
        Array.from({ length: BATCHES_AT_ONCE }, async () => {
          while (next < ITEMS) {
            const from = next;
            next += BATCH;
            await world.rewarded(answersOf(from, BATCH, 40));
            if (from % (BATCH * 400) === 0)
              process.stderr.write(`${next} items, ${Math.round(world.used().residentMb)} MB\n`);
          }
        }),
      );
      const seconds = (performance.now() - began) / 1000;
      const { residentMb } = world.used();
      const restartSeconds = await world.restart();
      const detail = { items: next, seconds: Math.round(seconds), residentMb, restartSeconds };
      if (restartSeconds > MOST_RESTART_SECONDS)
        throw new Error(`Expected a restart in ${MOST_RESTART_SECONDS} s, got ${JSON.stringify(detail)}`);
      return { value: Math.round(residentMb), detail };
    } finally {
      await world.stop();
    }
  },
};
