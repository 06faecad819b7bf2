import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { createNoticeActivities } from '../../../activities/notices/activities.ts';
import { createReviewActivities } from '../../../activities/reviews/activities.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { programOf, type Checker } from '../../../shared/domain.ts';
import { TemporalDesk } from '../../../activities/reviews/desk.ts';
import type { ExpertReviewInput, Question, ReviewPolicy } from '../../../shared/review/reviews.ts';
import { expertReview } from '../../../workflows/reviews/expertReview.ts';

export const TASK_QUEUE = 'flywheel';

/** A real server, a store in a folder of its own, and workers that can be stopped and started. */
export class World {
  readonly env: TestWorkflowEnvironment;
  readonly store: FileStore;
  private readonly bundle: WorkflowBundleWithSourceMap;
  private readonly folder: string;

  private constructor(env: TestWorkflowEnvironment, bundle: WorkflowBundleWithSourceMap, folder: string) {
    this.env = env;
    this.bundle = bundle;
    this.folder = folder;
    this.store = new FileStore(path.join(folder, 'store'));
  }

  static async start(): Promise<World> {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const folder = await mkdtemp(path.join(tmpdir(), 'flywheel-reviews-'));
    const bundle = await bundleWorkflowCode({
      workflowsPath: path.resolve('test/workflows/reviews/workflows.ts'),
      logger: new DefaultLogger('ERROR'),
    });
    const executable = { type: 'existing-path', path: process.env['TEMPORAL_CLI_PATH'] ?? 'temporal' } as const;
    const extraArgs = [
      '--sqlite-pragma',
      'journal_mode=WAL',
      '--sqlite-pragma',
      'synchronous=NORMAL',
      '--dynamic-config-value',
      'history.timerProcessorMaxTimeShift="50ms"',
    ];
    const env = await TestWorkflowEnvironment.createLocal({
      server: { executable, dbFilename: path.join(folder, 'temporal.db'), extraArgs },
    });
    return new World(env, bundle, folder);
  }

  async stop(): Promise<void> {
    await this.env.teardown();
    await rm(this.folder, { recursive: true });
  }

  worker(checker?: Checker): Promise<Worker> {
    return Worker.create({
      connection: this.env.nativeConnection,
      taskQueue: TASK_QUEUE,
      workflowBundle: this.bundle,
      activities: {
        ...createReviewActivities({
          store: this.store,
          desk: () => Promise.resolve(new TemporalDesk(this.env.client, this.store)),
          expertOf: () => checker && programOf(checker),
          pageOf: (workflowId) => `http://desk/questions/${encodeURIComponent(workflowId)}`,
        }),
        ...createNoticeActivities({ store: this.store, webhook: undefined, linkOf: () => undefined }),
      },
      stickyQueueScheduleToStartTimeout: '1s',
    });
  }

  /** A review of one question, opened by hand as `reviewSet` opens it. */
  ask(
    id: string,
    policy: Partial<ReviewPolicy> = {},
    { recorded, ...more }: Partial<Question> & Pick<ExpertReviewInput, 'recorded'> = {},
  ) {
    const subject = { uri: 'datasets/proofs.jsonl', sha256: '0'.repeat(64), rows: 1 };
    const question: Question = { setId: 'set', id, kind: 'scoreProof', lap: 'main/lap-0001', subject, row: 0, ...more };
    const { setId, kind, lap } = question;
    return this.env.client.workflow.start(expertReview, {
      workflowId: `${setId}/${id}`,
      taskQueue: TASK_QUEUE,
      memo: { setId, kind, lap, question: id },
      args: [
        {
          question,
          policy: { seats: 2, leaseMinutes: 30, deadlineHours: 72, onDeadline: 'carry', ...policy },
          ...(recorded && { recorded }),
        },
      ],
    });
  }
}
