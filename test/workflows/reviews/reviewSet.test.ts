import type { Worker } from '@temporalio/worker';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import type { Checker } from '../../../shared/domain.ts';
import type { ReviewRow, ReviewSetInput } from '../../../shared/review/reviews.ts';
import * as messages from '../../../shared/review/messages.ts';
import { reviewSet } from '../../../workflows/reviews/reviewSet.ts';
import { TASK_QUEUE, World } from './world.ts';

/** Scores a proof by its length, an analysis always 0.5. */
const checker: Checker = {
  name: 'length-checker',
  proofScore: (_, proof) => (proof.length > 5 ? 1 : 0),
  analysis: () => ({
    quality: 0.5,
    claimedIssues: 0,
    realClaimedIssues: 0,
    flaws: 0,
    flawsReported: 0,
    remarks: 0,
    remarksReported: 0,
    falseRemarks: 0,
  }),
};

let world: World;
let worker: Worker;
let running: Promise<void>;

beforeAll(async () => {
  world = await World.start();
  worker = await world.worker(checker);
  running = worker.run();
}, 60_000);

afterAll(async () => {
  worker.shutdown();
  await running;
  await world.stop();
}, 30_000);

const rowOf = (index: number) => ({
  id: `p${index}`,
  problem: { id: `p${index}`, statement: 'x = x', topic: 'algebra', source: 'test' },
  proof: 'x'.repeat(index),
  analysis: 'none',
});

async function start(setId: string, rows: number, more: Partial<ReviewSetInput> = {}) {
  const subject = await world.store.writeJsonl(
    `datasets/${setId}.jsonl`,
    Array.from({ length: rows }, (_, index) => rowOf(index)),
  );
  const input: ReviewSetInput = {
    setId,
    kind: 'scoreProof',
    lap: 'main/lap-0001',
    subject,
    domain: 'rehearsal',
    experts: 'program',
    seats: 2,
    leaseMinutes: 30,
    deadlineHours: 72,
    onDeadline: 'carry',
    ...more,
  };
  return world.env.client.workflow.start(reviewSet, { workflowId: setId, taskQueue: TASK_QUEUE, args: [input] });
}

const submit = (setId: string, id: string, annotator: string, score: 0 | 0.5 | 1) =>
  world.env.client.workflow
    .getHandle(`${setId}/${id}`)
    .executeUpdate(messages.submitVerdict, { args: [{ annotator, score }] });

/** Waits until a question of a set is open. */
async function untilOpen(setId: string, id: string): Promise<void> {
  const status = () =>
    world.env.client.workflow
      .getHandle(`${setId}/${id}`)
      .describe()
      .then(
        (review) => review.status.name,
        () => 'ABSENT',
      );
  while ((await status()) !== 'RUNNING') await new Promise((resolve) => setTimeout(resolve, 100));
}

test('a program answers every seat under its own name, with the truth', async () => {
  const result = await (await start('set/program', 8)).result();
  expect(result).toMatchObject({ scored: 8, flagged: 0, expired: 0, verdicts: 16 });
  const rows = await world.store.readRows<ReviewRow>(result.results);
  expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 8 }, (_, index) => `p${index}`));
  expect(rows.map(({ result: one }) => (one.kind === 'scored' ? one.score : one.kind))).toEqual([
    0, 0, 0, 0, 0, 0, 1, 1,
  ]);
  expect(rows[0]?.result).toEqual({ kind: 'scored', score: 0, source: 'program', verdicts: 2, adjudicated: false });
  const log = await new ReviewLog(world.store).read('set/program', 'p7');
  expect(log.map((entry) => (entry.kind === 'verdict' ? entry.verdict.annotator : entry.kind)).sort()).toEqual([
    'length-checker/seat-1',
    'length-checker/seat-2',
    'result',
  ]);
}, 60_000);

test('an analysis is scored by its quality', async () => {
  const result = await (await start('set/analyses', 2, { kind: 'scoreAnalysis', seats: 1 })).result();
  const rows = await world.store.readRows<ReviewRow>(result.results);
  expect(rows.map(({ result: one }) => one)).toEqual(
    [0, 1].map(() => ({ kind: 'scored', score: 0.5, source: 'program', verdicts: 1, adjudicated: false })),
  );
}, 60_000);

test(
  'people’s answers are waited for; a question that somebody ends by hand has no score; nothing is asked ' + 'twice',
  async () => {
    const handle = await start('set/people', 3, { experts: 'people', seats: 1 });
    for (const id of ['p0', 'p1', 'p2']) await untilOpen('set/people', id);
    await submit('set/people', 'p0', 'ada', 1);
    await submit('set/people', 'p1', 'ada', 0.5);
    await world.env.client.workflow.getHandle('set/people/p2').terminate('withdrawn');
    expect(await handle.result()).toMatchObject({ scored: 2, expired: 1, verdicts: 2 });

    const again = await start('set/people', 3, { experts: 'people', seats: 1 });
    await untilOpen('set/people', 'p2');
    await submit('set/people', 'p2', 'emmy', 0);
    expect(await again.result()).toMatchObject({ scored: 3, verdicts: 3 });
    const questions = (await again.fetchHistory()).events?.flatMap(
      (event) => event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowId ?? [],
    );
    expect(questions?.filter((id) => !id.startsWith('notice/'))).toEqual(['set/people/p2']);
  },
  60_000,
);

test('a question’s details say where the annotation desk shows it, and a program’s say no such thing', async () => {
  const detailsOf = async (id: string): Promise<string> => {
    const review = world.env.client.workflow.getHandle(id);
    return (await review.query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;
  };
  const handle = await start('set/at the desk', 1, { experts: 'people', seats: 1 });
  await untilOpen('set/at the desk', 'p0');
  expect(await detailsOf('set/at the desk/p0')).toContain('<http://desk/questions/set%2Fat%20the%20desk%2Fp0>');
  await submit('set/at the desk', 'p0', 'ada', 1);
  await handle.result();
  await (await start('set/no desk', 1)).result();
  expect(await detailsOf('set/no desk/p0')).not.toContain('http://desk');
}, 60_000);

test('an empty set has an empty result', async () => {
  expect(await (await start('set/empty', 0)).result()).toMatchObject({ scored: 0, verdicts: 0, results: { rows: 0 } });
}, 30_000);

test('a bad field is refused by name', async () => {
  await expect((await start('set/bad', 1, { experts: 'nobody' as 'people' })).result()).rejects.toMatchObject({
    cause: { message: 'Expected experts to be one of people, program, got "nobody"' },
  });
}, 30_000);
