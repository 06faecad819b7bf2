/**
 * Records the histories that `reviews.test.ts` replays: `node --import tsx test/replay/recordReviews.ts`, after a
 * change of the review workflows that is meant to break running ones. TEMPORAL_CLI_PATH names the server.
 */
import { writeFile } from 'node:fs/promises';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Checker } from '../../shared/domain.ts';
import type { ReviewSetInput } from '../../shared/review/reviews.ts';
import * as messages from '../../shared/review/messages.ts';
import { reviewSet } from '../../workflows/reviews/reviewSet.ts';
import { TASK_QUEUE, World } from '../workflows/reviews/world.ts';

const checker: Checker = {
  name: 'checker',
  proofScore: () => 1,
  analysis: () => ({
    quality: 1,
    claimedIssues: 0,
    realClaimedIssues: 0,
    flaws: 0,
    flawsReported: 0,
    remarks: 0,
    remarksReported: 0,
    falseRemarks: 0,
  }),
};

const world = await World.start();
try {
  const worker = await world.worker(checker);
  await worker.runUntil(async () => {
    await recordDisagreement();
    await recordDeadline();
    await recordAssisted();
    await recordSet();
  });
} finally {
  await world.stop();
}

/** Claims, a bad Signal, a duplicate, a refusal, a disagreement and a lead. */
async function recordDisagreement(): Promise<void> {
  const review = await world.ask('disagreement');
  await review.executeUpdate(messages.claim, { args: [{ annotator: 'ada' }] });
  await review.executeUpdate(messages.release, { args: [{ annotator: 'ada' }] });
  await review.signal('submitAnnotation', { annotator: 'ada', score: 7 });
  await review.signal(messages.submitAnnotation, { annotator: 'ada', score: 1, comment: 'fine' });
  await review.executeUpdate(messages.submitVerdict, { args: [{ annotator: 'ada', score: 1 }] });
  await review.executeUpdate(messages.submitVerdict, { args: [{ annotator: 'emmy', score: 0.5 }] });
  await review.executeUpdate(messages.adjudicate, { args: [{ annotator: 'lead', score: 0.5 }] });
  await review.result();
  await record('set/disagreement', 'reviewDisagreement');
}

/** Late, and taken out by two people. */
async function recordDeadline(): Promise<void> {
  const review = await world.ask('deadline', { deadlineHours: 1 / 3600, onDeadline: 'wait', seats: 1 });
  while (!(await review.query(messages.reviewProgress)).escalated)
    await new Promise((resolve) => setTimeout(resolve, 100));
  for (const annotator of ['ada', 'emmy'])
    await review.executeUpdate(messages.flagProblem, { args: [{ annotator, reason: 'the claim is false' }] });
  await review.result();
  await record('set/deadline', 'reviewDeadline');
}

/** A score of one's own, the deadline, by which the lap goes on, and the score with the analyses in view. */
async function recordAssisted(): Promise<void> {
  const review = await world.ask('assisted', { deadlineHours: 1 / 3600, seats: 1, assisted: true });
  await review.executeUpdate(messages.submitVerdict, { args: [{ annotator: 'ada', score: 1 }] });
  while (!(await review.query(messages.reviewProgress)).carried)
    await new Promise((resolve) => setTimeout(resolve, 100));
  await review.signal(messages.submitAnnotation, { annotator: 'ada', score: 0.5, assisted: true });
  await review.result();
  await record('set/assisted', 'reviewAssisted');
}

async function recordSet(): Promise<void> {
  const rows = ['p0', 'p1', 'p2'].map((id) => ({
    id,
    problem: { id, statement: 'x = x', topic: 'algebra', source: 'test' },
    proof: 'x',
  }));
  const subject = await world.store.writeJsonl('datasets/replay.jsonl', rows);
  const input: ReviewSetInput = {
    setId: 'replay',
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
  await world.env.client.workflow.execute(reviewSet, { workflowId: 'replay', taskQueue: TASK_QUEUE, args: [input] });
  await record('replay', 'reviewSet');
  await record('replay/p1', 'reviewByProgram');
}

async function record(workflowId: string, name: string): Promise<void> {
  const history = await world.env.client.workflow.getHandle(workflowId).fetchHistory();
  await writeFile(`test/replay/${name}.json`, `${historyToJSON(history)}\n`);
}
