import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, defineSearchAttributeKey } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createNoticeActivities } from '../../activities/notices/activities.ts';
import { signatureOf, type Webhook } from '../../activities/notices/webhook.ts';
import { createReviewActivities } from '../../activities/reviews/activities.ts';
import { TemporalDesk } from '../../activities/reviews/desk.ts';
import { FileStore } from '../../activities/store/files.ts';
import { smoke } from '../../domains/rehearsal/presets.ts';
import type { Notice } from '../../shared/lap/notices.ts';
import { QUEUES } from '../../shared/queues.ts';
import * as messages from '../../shared/review/messages.ts';
import type { ReviewSetInput, ReviewSetResult } from '../../shared/review/reviews.ts';
import { SEARCH_ATTRIBUTES } from '../../shared/searchAttributes.ts';
import { findTemporalCli } from '../../workers/stack/temporalCli.ts';
import { startReceiver, type Receiver } from '../activities/notices/receiver.ts';
import { proofRow } from '../reports/figures/lapFixture.ts';

jest.setTimeout(120_000);

const SECRET = 'a secret of this test';
let env: TestWorkflowEnvironment;
let worker: Worker;
let running: Promise<void>;
let folder: string;
let store: FileStore;
let receiver: Receiver;
const webhook: { -readonly [Name in keyof Webhook]: Webhook[Name] } = { url: '', secret: SECRET };

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-notices-'));
  store = new FileStore(folder);
  env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await findTemporalCli() },
      searchAttributes: SEARCH_ATTRIBUTES.map((name) => defineSearchAttributeKey(name, 'KEYWORD')),
    },
  });
  worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: QUEUES.orchestrator,
    workflowsPath: path.resolve('test/workflows/noticedWorkflows.ts'),
    activities: {
      // FAKE: a lap that is refused, or one of which only the format check is reached.
      openLap: async ({ run, maxCost }: { run: string; maxCost?: string }) => {
        if (maxCost !== undefined) throw ApplicationFailure.nonRetryable(`Too dear: ${maxCost}`, maxCost);
        return {
          lap: `${run}/lap-0001`,
          turn: 1,
          recipe: { ...smoke, formatCheck: { proofs: 1, analyses: 1 } },
          problems: {},
          plan: { phases: [] },
          sizes: {},
        };
      },
      ...createReviewActivities({
        store,
        desk: () => Promise.resolve(new TemporalDesk(env.client, store)),
        expertOf: () => undefined,
      }),
      ...createNoticeActivities({ store, webhook, linkOf: () => 'https://desk.example.org' }),
    },
  });
  running = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await env.teardown();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  receiver = await startReceiver();
  webhook.url = receiver.url;
});
afterEach(() => receiver.stop());

async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await happened())) await sleep(50);
}

async function startSet(setId: string, questions: number, more: Partial<ReviewSetInput> = {}) {
  const subject = await store.writeJsonl(
    `datasets/${setId}.jsonl`,
    Array.from({ length: questions }, (_, index) => proofRow(index, 1)),
  );
  const input: ReviewSetInput = {
    setId,
    kind: 'scoreContestedProof',
    lap: 'main/lap-0004',
    subject,
    domain: 'proofs',
    experts: 'people',
    seats: 1,
    leaseMinutes: 30,
    deadlineHours: 72,
    onDeadline: 'carry',
    ...more,
  };
  const handle = await env.client.workflow.start('reviewSet', {
    taskQueue: QUEUES.orchestrator,
    workflowId: setId,
    args: [input],
  });
  return handle;
}

async function answerAll(setId: string, questions: number): Promise<void> {
  const desk = new TemporalDesk(env.client, store);
  await until(async () => (await desk.open({ set: setId, limit: 1000 })).length === questions);
  for (const { workflowId } of await desk.open({ set: setId, limit: 1000 }))
    await desk.send(workflowId, messages.submitVerdict, { annotator: 'ada', score: 1, comment: 'Sound, says ada.' });
}

test('a set of questions is one message, signed, with a link and no text of any proof', async () => {
  const set = await startSet('asked/experts', 3);
  await until(() => receiver.received.length > 0);
  await answerAll('asked/experts', 3);
  expect(((await set.result()) as ReviewSetResult).scored).toBe(3);
  expect(receiver.said()).toMatchObject([
    { type: 'questions.asked', questions: 3, link: 'https://desk.example.org', about: 'asked/experts' },
  ]);
  const [{ headers, body } = { headers: {}, body: '' }] = receiver.received;
  expect(receiver.said()[0]?.['text']).toMatch(/^3 contested proofs to score, lap main\/lap-0004, due \w+ \d+ \w+, /);
  expect(headers['webhook-signature']).toBe(
    signatureOf(SECRET, String(headers['webhook-id']), Number(headers['webhook-timestamp']), body),
  );
  for (const text of ['Prove', 'claim', 'Sound', 'proof-0']) expect(body).not.toContain(text);
});

test('a set that is asked in parts is one message, too', async () => {
  const set = await startSet('many/experts', 251);
  await until(() => receiver.received.length > 0);
  await sleep(1_000);
  expect(receiver.said().map(({ questions }) => questions)).toEqual([251]);
  await set.terminate();
});

test('a deadline that goes by is told once, with how many are open, and one that is kept is not', async () => {
  const late = await startSet('late/experts', 2, { deadlineHours: 2 / 3600 });
  const kept = await startSet('kept/experts', 1, { deadlineHours: 6 / 3600 });
  await answerAll('kept/experts', 1);
  await kept.result();
  expect(((await late.result()) as ReviewSetResult).open).toBe(2);
  await until(() => receiver.received.length >= 3);
  await sleep(6_000);
  const overdue = receiver.said().filter(({ type }) => type === 'questions.overdue');
  expect(overdue).toMatchObject([{ about: 'late/experts', open: 2, questions: 2 }]);
});

test('what fails is sent again with the same id and body until it is taken', async () => {
  receiver.answers.push(500, 503);
  const set = await startSet('again/experts', 1);
  await answerAll('again/experts', 1);
  await set.result();
  await until(() => receiver.received.length === 3);
  const [first] = receiver.received;
  for (const { headers, body } of receiver.received)
    expect([headers['webhook-id'], body]).toEqual([first?.headers['webhook-id'], first?.body]);
});

test('where the receiver is dead, questions are asked and answered as ever', async () => {
  await receiver.stop();
  const set = await startSet('dead/experts', 2);
  await answerAll('dead/experts', 2);
  expect(((await set.result()) as ReviewSetResult).scored).toBe(2);
  const notice = env.client.workflow.getHandle('notice/dead/experts/questions.asked');
  expect((await notice.describe()).status.name).toBe('RUNNING');
  await notice.terminate();
  receiver = await startReceiver();
});

test('the same is told once, however often it comes to be, and outlives who tells it', async () => {
  const told: Notice = { event: 'lap.waiting', about: 'twice/lap-0001', waitsFor: ['label 0'] };
  for (const workflowId of ['first', 'second'])
    await env.client.workflow
      .execute('tellsTwice', { taskQueue: QUEUES.orchestrator, workflowId, args: [told] })
      .catch(() => undefined);
  await until(() => receiver.received.length > 0);
  await sleep(1_000);
  expect(receiver.said()).toMatchObject([{ type: 'lap.waiting', waitsFor: ['label 0'] }]);
});

const startLap = (input: object, workflowId: string) =>
  env.client.workflow.start('lap', { taskQueue: QUEUES.orchestrator, workflowId, args: [input] });

test('a lap that fails is told by its name and the kind of failure, not by words that may quote a model', async () => {
  const lap = await startLap({ run: 'failing' }, 'lap-failing');
  await expect(lap.result()).rejects.toThrow();
  await until(() => receiver.received.length > 0);
  expect(receiver.said()).toMatchObject([
    { type: 'lap.failed', lap: 'failing/lap-0001', failure: 'FormatNotObeyed', about: 'failing/lap-0001' },
  ]);
  expect(receiver.received[0]?.body).not.toContain('a text of the model');
});

test.each([
  ['InvalidLap', 'lap.failed'],
  ['OverBudget', 'budget.reached'],
])('a lap that cannot begin by %s is told as %s', async (type, event) => {
  const lap = await startLap({ run: 'refused', maxCost: type }, `lap-refused-${type}`);
  await expect(lap.result()).rejects.toThrow();
  await until(() => receiver.received.length > 0);
  expect(receiver.said()).toMatchObject([{ type: event, failure: type }]);
  expect(receiver.received[0]?.body).not.toContain('Too dear');
});
