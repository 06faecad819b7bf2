import { spawn, type ChildProcess } from 'node:child_process';
import { ReviewLog } from '../../activities/reviews/log.ts';
import type { ReviewRow, ReviewSetInput } from '../../shared/review/reviews.ts';
import { reviewSet } from '../../workflows/reviews/reviewSet.ts';
import { TASK_QUEUE, World } from '../workflows/reviews/world.ts';

const QUESTIONS = 300;

let world: World;
let worker: ChildProcess | undefined;

beforeAll(async () => {
  world = await World.start();
}, 60_000);

afterAll(async () => {
  worker?.kill('SIGKILL');
  await world.stop();
}, 30_000);

function startWorker(): void {
  worker = spawn(
    process.execPath,
    ['--import', 'tsx', 'test/workflows/reviews/workerProcess.ts', world.env.address, world.store.root],
    { stdio: 'inherit' },
  );
}

test(
  'a worker killed in the middle of a large set: every question has its two verdicts once, and no history is ' + 'long',
  async () => {
    const subject = await world.store.writeJsonl(
      'datasets/large.jsonl',
      Array.from({ length: QUESTIONS }, (_, index) => ({
        id: `p${index}`,
        problem: { id: `p${index}`, statement: '', topic: '', source: '' },
        proof: 'x'.repeat(index % 7),
      })),
    );
    const input: ReviewSetInput = {
      setId: 'large',
      kind: 'scoreProof',
      lap: 'main/lap-0001',
      subject,
      domain: 'rehearsal',
      experts: 'program',
      seats: 2,
      leaseMinutes: 30,
      deadlineHours: 72,
      onDeadline: 'carry',
    };
    startWorker();
    const set = await world.env.client.workflow.start(reviewSet, {
      workflowId: 'large',
      taskQueue: TASK_QUEUE,
      args: [input],
    });
    const log = new ReviewLog(world.store);
    while ((await log.read('large', 'p60')).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    worker?.kill('SIGKILL');
    const before = await Promise.all(Array.from({ length: QUESTIONS }, (_, index) => log.read('large', `p${index}`)));
    startWorker();

    const result = await set.result();
    expect(result).toMatchObject({ scored: QUESTIONS, flagged: 0, expired: 0, verdicts: 2 * QUESTIONS });
    const rows = await world.store.readRows<ReviewRow>(result.results);
    for (const [index, row] of rows.entries()) {
      expect(row).toMatchObject({
        id: `p${index}`,
        result: { kind: 'scored', score: (index % 7) % 2 === 0 ? 1 : 0, verdicts: 2 },
      });
      const entries = await log.read('large', `p${index}`);
      expect(entries.slice(0, before[index]?.length)).toEqual(before[index]);
      expect(entries.map(({ kind }) => kind).sort()).toEqual(['result', 'verdict', 'verdict']);
    }
    for (const id of ['large', 'large/rows-0-249', 'large/rows-250-299']) {
      expect((await world.env.client.workflow.getHandle(id).describe()).historyLength).toBeLessThan(4096);
    }
  },
  240_000,
);
