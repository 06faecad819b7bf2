/**
 * Times a review set answered by a program: `node --import tsx test/workflows/reviews/timing.ts [questions] [seats]`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createReviewActivities } from '../../../activities/reviews/activities.ts';
import { TemporalDesk } from '../../../activities/reviews/desk.ts';
import { FileStore } from '../../../activities/store/files.ts';
import type { ExpertProgram } from '../../../shared/domain.ts';
import { reviewSet } from '../../../workflows/reviews/reviewSet.ts';

const questions = Number(process.argv[2] ?? 400);
const seats = Number(process.argv[3] ?? 2);
Runtime.install({ logger: new DefaultLogger('WARN') });
const expert: ExpertProgram = {
  name: 'timing-checker',
  answer: (_, { proof }) => (proof.length % 3 === 0 ? 0 : proof.length % 3 === 1 ? 0.5 : 1),
};
const folder = await mkdtemp(path.join(tmpdir(), 'reviews-'));
const store = new FileStore(folder);
const args = [
  '--sqlite-pragma',
  'journal_mode=WAL',
  '--sqlite-pragma',
  'synchronous=NORMAL',
  '--dynamic-config-value',
  'system.enableActivityEagerExecution=true',
  '--dynamic-config-value',
  'history.timerProcessorMaxTimeShift="50ms"',
];
const env = await TestWorkflowEnvironment.createLocal({
  server: {
    executable: { type: 'existing-path', path: process.env['TEMPORAL_CLI_PATH'] ?? 'temporal' },
    dbFilename: path.join(folder, 'db'),
    extraArgs: args,
  },
});
try {
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: 'flywheel',
    workflowsPath: path.resolve(import.meta.dirname, 'workflows.ts'),
    activities: createReviewActivities({
      store,
      desk: () => Promise.resolve(new TemporalDesk(env.client, store)),
      expertOf: () => expert,
    }),
  });
  const subject = await store.writeJsonl(
    'datasets/timing.jsonl',
    Array.from({ length: questions }, (_, index) => ({
      id: `p${index}`,
      problem: { id: `p${index}` },
      proof: 'x'.repeat(index % 50),
    })),
  );
  await worker.runUntil(async () => {
    const started = Date.now();
    const cpu = process.cpuUsage();
    const result = await env.client.workflow.execute(reviewSet, {
      workflowId: 'timing/experts',
      taskQueue: 'flywheel',
      args: [
        {
          setId: 'timing/experts',
          kind: 'scoreProof',
          lap: 'timing',
          subject,
          domain: 'rehearsal',
          experts: 'program',
          seats,
          leaseMinutes: 30,
          deadlineHours: 72,
          onDeadline: 'carry',
        },
      ],
    });
    const seconds = (Date.now() - started) / 1000;
    const history = await env.client.workflow.getHandle('timing/experts').describe();
    const one = await env.client.workflow.getHandle('timing/experts/p0').fetchHistory();
    const { user, system } = process.cpuUsage(cpu);
    const figures = {
      questions,
      seats,
      seconds,
      perSecond: questions / seconds,
      rootEvents: history.historyLength,
      reviewEvents: one.events?.length,
      workerCpuSeconds: (user + system) / 1e6,
      result,
    };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  });
} finally {
  await env.teardown();
  await rm(folder, { recursive: true });
}
