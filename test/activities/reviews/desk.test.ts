import type { Worker } from '@temporalio/worker';
import { TemporalDesk } from '../../../activities/reviews/desk.ts';
import { claim } from '../../../shared/review/messages.ts';
import { World } from '../../workflows/reviews/world.ts';
import { deskContract } from './deskContract.ts';

jest.setTimeout(60_000);

let world: World;
let worker: Worker;
let running: Promise<void>;
let desk: TemporalDesk;

beforeAll(async () => {
  world = await World.start();
  desk = new TemporalDesk(world.env.client, world.store);
});

afterAll(async () => {
  worker.shutdown();
  await running;
  await world.stop();
});

test('without a worker the desk says so instead of waiting', async () => {
  expect(await desk.hasWorker()).toBe(false);
  await world.ask('p0');
  await expect(desk.send('set/p0', claim, { annotator: 'ada' })).rejects.toThrow(
    /^No worker answers on task queue flywheel/,
  );
  expect(await desk.open({ limit: 10, annotator: 'ada' })).toEqual([]);
  worker = await world.worker();
  running = worker.run();
  while (!(await desk.hasWorker())) await new Promise((resolve) => setTimeout(resolve, 50));
});

deskContract({
  desk: () => desk,
  async ask(setId, questions) {
    const ids = Array.from({ length: questions }, (_, index) => `q${index}`);
    const subject = await world.store.writeJsonl(
      `datasets/${setId}.jsonl`,
      ids.map((id) => ({
        id,
        problem: { id, statement: `Show ${id}.`, topic: 'algebra', source: 'test' },
        proof: `Proof of ${id}.`,
      })),
    );
    for (const [row, id] of ids.entries()) await world.ask(id, {}, { setId, subject, row });
    while ((await desk.open({ set: setId, limit: questions })).length < questions)
      await new Promise((resolve) => setTimeout(resolve, 50));
  },
});
