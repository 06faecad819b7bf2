import { Pool } from 'undici';
import type { Bench } from './bench.ts';
import { answersOf, startRewardWorld } from './rewardWorld.ts';

const BYTES = 30_000;
const ITEMS = 400;
const JUDGE_MS = 50;

/** One item at a time: what the service adds to the time of its judge. */
export const rewardLatency: Bench = {
  name: 'reward-latency',
  about: `ms that the reward service adds to its judge's ${JUDGE_MS}, in the middle of ${ITEMS} items one by one`,
  goal: '<= 5',
  met: (value) => value <= 5,
  takes: [],
  async run() {
    const world = await startRewardWorld({ medianMs: JUDGE_MS });
    const judge = new Pool(new URL(world.stub.url).origin);
    try {
      for (let item = 0; item < 50; item += 1) await world.rewarded(answersOf(item, 1, BYTES));
      const [bare, rewarded]: [number[], number[]] = [[], []];
      for (let item = 50; item < ITEMS + 50; item += 1) {
        const [one] = answersOf(item, 1, BYTES);
        bare.push(await timed(() => asked(judge, one?.response ?? '')));
        rewarded.push(await timed(() => world.rewarded(answersOf(item, 1, BYTES))));
      }
      const [alone, through] = [middle(bare), middle(rewarded)];
      return { value: Number((through - alone).toFixed(2)), detail: { judgeMs: alone, rewardMs: through } };
    } finally {
      await judge.close();
      await world.stop();
    }
  },
};

/** The judge's own call, of as long a prompt. */
async function asked(judge: Pool, content: string): Promise<void> {
  const { body } = await judge.request({
    path: '/v1/chat/completions',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'judge', seed: 1, messages: [{ role: 'user', content }] }),
  });
  await body.text();
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const middle = (times: number[]): number => times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
