import {
  isGrpcDeadlineError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { ReviewLog } from './log.ts';
import { SubjectRows } from './subjectRows.ts';
import type { SubjectRow } from './subjectRows.ts';
import type { ArtifactStore } from '../store/types.ts';
import { QUEUES } from '../../shared/queues.ts';
import type { VerdictAnswer, VerdictMessage } from '../../shared/review/messages.ts';
import type { Question, ReviewProgress } from '../../shared/review/reviews.ts';
import * as messages from '../../workflows/messages.ts';
import { prefixOf, questionOf } from '../../shared/ids.ts';

/** Ours: a worker that is there answers at once. */
const ANSWER_MS = 10_000;
/** Reviews whose state is asked for at once. */
const QUERIES_AT_ONCE = 16;

/** A review that is open, as the server lists it. */
export interface OpenReview {
  readonly workflowId: string;
  readonly openedAt: string;
  readonly setId: string;
  readonly question: string;
  readonly kind: string;
  readonly lap: string;
  /** How it stands; absent when no worker is there to say. */
  readonly progress?: ReviewProgress;
}

/** What open reviews are looked for. */
export interface Looking {
  /** A set, or all sets below a path. */
  readonly set?: string | undefined;
  readonly limit: number;
  readonly skip?: ReadonlySet<string>;
  readonly accept?: (review: OpenReview) => boolean;
}

/**
 * What a person's terminal does with reviews: finds them, reads their texts from the store, and sends answers as
 * Updates.
 */
export class ReviewDesk {
  private readonly client: Client;
  private readonly rows: SubjectRows;
  private readonly log: ReviewLog;

  constructor(client: Client, store: ArtifactStore) {
    this.client = client;
    this.log = new ReviewLog(store);
    this.rows = new SubjectRows(store);
  }

  /**
   * Open reviews, the oldest first: at most `limit` of those that are accepted, `skip` left out. Without a worker
   * nobody can say how they stand, and all are.
   */
  async open({ set, limit, skip = new Set(), accept = () => true }: Looking): Promise<OpenReview[]> {
    const listed = (await this.list(set))
      .filter(({ workflowId }) => !skip.has(workflowId))
      .sort((a, b) => a.openedAt.localeCompare(b.openedAt));
    if (!(await this.hasWorker())) return listed.slice(0, limit);
    const found: OpenReview[] = [];
    for (let from = 0; from < listed.length && found.length < limit; from += QUERIES_AT_ONCE) {
      const asked = listed.slice(from, from + QUERIES_AT_ONCE).map(async (review) => {
        // closed in this moment, or its worker went
        const progress = await this.progress(review.workflowId).catch(() => undefined);
        return progress === undefined ? review : { ...review, progress };
      });
      found.push(...(await Promise.all(asked)).filter(accept));
    }
    return found.slice(0, limit);
  }

  private async list(set: string | undefined): Promise<OpenReview[]> {
    const ofSet =
      set === undefined ? '' : ` AND WorkflowId STARTS_WITH ${JSON.stringify(prefixOf(set.replace(/\/$/, '')))}`;
    const found: OpenReview[] = [];
    try {
      for await (const { workflowId, startTime, memo } of this.client.workflow.list({
        query: `WorkflowType = "expertReview" AND ExecutionStatus = "Running"${ofSet}`,
      })) {
        const text = (name: string) => (typeof memo?.[name] === 'string' ? memo[name] : '');
        found.push({
          workflowId,
          openedAt: startTime.toISOString(),
          setId: text('setId'),
          question: text('question') || workflowId,
          kind: text('kind'),
          lap: text('lap'),
        });
      }
    } catch (error) {
      if (error instanceof ServiceError)
        throw new Error(
          'The Temporal server gives no answer. What was recorded is kept; go on when the stack runs again.',
          { cause: error },
        );
      throw error;
    }
    return found;
  }

  progress(workflowId: string): Promise<ReviewProgress> {
    return this.answered(workflowId, () => this.client.workflow.getHandle(workflowId).query(messages.reviewProgress));
  }

  subject(question: Question): Promise<SubjectRow> {
    return this.rows.row(question.subject, question.row);
  }

  /**
   * Sends an Update and waits for its answer.
   * @throws with the review's own words when it refuses, and when no worker is there to answer.
   */
  async send<Answer, Message>(
    workflowId: string,
    update: UpdateDefinition<Answer, [Message]>,
    message: Message,
  ): Promise<Answer> {
    if (!(await this.hasWorker())) throw new Error(NO_WORKER);
    return this.answered(workflowId, () =>
      this.client.workflow.getHandle(workflowId).executeUpdate(update, { args: [message] }),
    );
  }

  /** Sends a verdict. Sent again, it has the answer that it had, though the question may be closed by now. */
  async sendVerdict(
    workflowId: string,
    update: UpdateDefinition<VerdictAnswer, [VerdictMessage]>,
    message: VerdictMessage,
  ): Promise<VerdictAnswer> {
    try {
      return await this.send(workflowId, update, message);
    } catch (error) {
      const kind = update.name === messages.adjudicate.name ? 'adjudication' : 'verdict';
      const asked = questionOf(workflowId);
      const verdictId = message.verdictId ?? message.annotator;
      for (const entry of asked ? await this.log.read(asked.setId, asked.question) : []) {
        if (
          entry.kind !== kind ||
          entry.verdict.verdictId !== verdictId ||
          entry.verdict.annotator !== message.annotator ||
          entry.verdict.score !== message.score
        )
          continue;
        return { verdictId, score: message.score, ...(entry.kind === 'verdict' && { seat: entry.seat }) };
      }
      throw error;
    }
  }

  /**
   * Whether anybody has asked for work on the reviews' queue lately. A worker that was killed is listed for some
   * minutes still.
   */
  async hasWorker(): Promise<boolean> {
    const { pollers } = await this.client.workflowService.describeTaskQueue({
      namespace: this.client.options.namespace,
      taskQueue: { name: QUEUES.orchestrator },
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the package that has the enum cannot be
      // imported by name
      taskQueueType: WORKFLOW_TASKS,
    });
    return (pollers ?? []).length > 0;
  }

  /**
   * Why an answer cannot be given. An answer that was sent twice may have closed the question the first time: say what
   * it came to.
   */
  private async notOpen(workflowId: string): Promise<string> {
    const known = await this.client.workflow
      .getHandle(workflowId)
      .describe()
      .catch(() => undefined);
    const state = known === undefined ? 'there is none by this id' : `it is ${known.status.name.toLowerCase()}`;
    const result =
      known?.status.name === 'COMPLETED'
        ? `: ${JSON.stringify(await this.client.workflow.getHandle(workflowId).result())}`
        : '';
    return (
      `Expected an open review, got ${JSON.stringify(workflowId)}: ${state}${result}. \`flywheel review list\` ` +
      'shows those that are open.'
    );
  }

  private async answered<T>(workflowId: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await this.client.withDeadline(Date.now() + ANSWER_MS, ask);
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError)
        throw new Error(error.cause?.message ?? error.message, { cause: error });
      if (error instanceof WorkflowNotFoundError) throw new Error(await this.notOpen(workflowId), { cause: error });
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error))
        throw new Error(NO_WORKER, { cause: error });
      throw error;
    }
  }
}

/** The protocol's number of the kind of queue that workflows wait on. */
const WORKFLOW_TASKS: number = 1;

const NO_WORKER =
  `No worker answers on task queue ${QUEUES.orchestrator}, so the review cannot. Start one with \`npm run lap\` or ` +
  `\`npm run dev\`, and send the answer again: it counts once.`;
