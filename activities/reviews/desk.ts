import {
  isGrpcDeadlineError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import type { QueryDefinition, UpdateDefinition } from '@temporalio/common';
import { prefixOf, questionOf } from '../../shared/ids.ts';
import { QUEUES } from '../../shared/queues.ts';
import * as messages from '../../shared/review/messages.ts';
import type { FlagMessage, VerdictMessage } from '../../shared/review/messages.ts';
import type { Question, ReviewEntry, ReviewProgress, Verdict } from '../../shared/review/reviews.ts';
import { hasGivenBack, waitsFor } from '../../shared/review/waiting.ts';
import type { ArtifactStore } from '../store/types.ts';
import { ReviewLog } from './log.ts';
import { SubjectRows, type SubjectRow } from './subjectRows.ts';
import { isFailure } from '../failure.ts';

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
interface Looking {
  /** A set, or all sets below a path. */
  readonly set?: string | undefined;
  readonly limit: number;
  /** Only those that wait for this annotator. */
  readonly annotator?: string;
  /** Who decides disagreements, and is asked about flags, instead of filling seats. @default false */
  readonly lead?: boolean;
  /** Workflow ids to leave out. */
  readonly skip?: ReadonlySet<string>;
}

/** What a review says to a message. `reason`: a sentence that says what was expected and what came. */
export type Reply<Answer> =
  | { readonly kind: 'answered'; readonly answer: Answer }
  /** By a rule of the review. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** There is no open review by this id. */
  | { readonly kind: 'closed'; readonly reason: string };

/** Nobody is there to reply: what was sent may be sent again. */
export class NoReply extends Error {
  override readonly name = 'NoReply';
}

/** The one door to reviews, for whoever answers: people at a terminal, a program. */
export interface ReviewDesk {
  /** Open reviews as the server lists them, which lags behind by moments: hints, without how they stand. */
  list(set?: string): Promise<readonly OpenReview[]>;
  /** The same, those that wait for an annotator, as each says itself; the oldest first. */
  open(looking: Looking): Promise<readonly OpenReview[]>;
  /** What an annotator said to a question, and did not take back; the last is at the end. */
  verdictsOf(annotator: string, question: Pick<Question, 'setId' | 'id'>): Promise<readonly Verdict[]>;
  /** What a question is about. */
  texts(question: Pick<Question, 'subject' | 'row'>): Promise<SubjectRow>;
  /**
   * Sends an Update or a Query and waits for the reply. A verdict or a flag that is sent again has the answer that it
   * had, though the question may be closed by now.
   * @param updateId sent again with the same id, an Update happens once. @default one of its own
   * @throws NoReply when nobody is there to.
   */
  send<Answer, Sent>(
    workflowId: string,
    message: UpdateDefinition<Answer, [Sent]>,
    sent: Sent,
    updateId?: string,
  ): Promise<Reply<Answer>>;
  send<Answer>(workflowId: string, message: QueryDefinition<Answer>): Promise<Reply<Answer>>;
}

/** Ours: a worker that is there answers at once. */
const PATIENCE_MS = 10_000;
/** Ours: for how long a worker that was seen is not looked for again. */
const SEEN_MS = 10_000;
/** Reviews whose state is asked for at once. */
const QUERIES_AT_ONCE = 16;

/** The desk over a Temporal server and a store. */
export class TemporalDesk implements ReviewDesk {
  private readonly client: Client;
  private readonly rows: SubjectRows;
  private readonly log: ReviewLog;
  private readonly patienceMs: number;
  private workerSeenAt = 0;

  /** @param patienceMs for how long a reply is waited for. */
  constructor(client: Client, store: ArtifactStore, patienceMs = PATIENCE_MS) {
    this.client = client;
    this.patienceMs = patienceMs;
    this.log = new ReviewLog(store);
    this.rows = new SubjectRows(store);
  }

  /** Without a worker nobody can say how reviews stand: none is known to wait for an annotator. */
  async open({ set, limit, annotator, lead = false, skip = new Set() }: Looking): Promise<OpenReview[]> {
    const listed = (await this.list(set)).filter(({ workflowId }) => !skip.has(workflowId));
    if (!(await this.hasWorker())) return annotator === undefined ? listed.slice(0, limit) : [];
    const found: OpenReview[] = [];
    for (let from = 0; from < listed.length && found.length < limit; from += QUERIES_AT_ONCE) {
      const asked = listed.slice(from, from + QUERIES_AT_ONCE).map(async (review): Promise<OpenReview> => {
        // closed in this moment, or its worker went
        const reply = await this.send(review.workflowId, messages.reviewProgress).catch(() => undefined);
        return reply?.kind === 'answered' ? { ...review, progress: reply.answer } : review;
      });
      found.push(
        ...(await Promise.all(asked)).filter(
          ({ progress }) => annotator === undefined || (progress && waitsFor(progress, annotator, lead)),
        ),
      );
    }
    const isPutBack = ({ progress }: OpenReview) =>
      annotator !== undefined && progress !== undefined && hasGivenBack(progress, annotator, 'tooLong');
    return [...found.filter((one) => !isPutBack(one)), ...found.filter(isPutBack)].slice(0, limit);
  }

  async list(set?: string): Promise<OpenReview[]> {
    const ofSet =
      set === undefined ? '' : ` AND WorkflowId STARTS_WITH ${JSON.stringify(prefixOf(set.replace(/\/$/, '')))}`;
    const found: OpenReview[] = [];
    try {
      for await (const { workflowId, startTime, memo } of this.client.workflow.list({
        query: `WorkflowType = "expertReview" AND ExecutionStatus = "Running"${ofSet}`,
      })) {
        const { setId = '', question = workflowId, kind = '', lap = '' } = (memo ?? {}) as Partial<OpenReview>;
        found.push({ workflowId, openedAt: startTime.toISOString(), setId, question, kind, lap });
      }
    } catch (error) {
      if (error instanceof ServiceError)
        throw new NoReply(
          'The Temporal server gives no answer. What was recorded is kept; go on when the stack runs again.',
          { cause: error },
        );
      throw error;
    }
    return found.sort((a, b) => a.openedAt.localeCompare(b.openedAt));
  }

  async verdictsOf(annotator: string, { setId, id }: Pick<Question, 'setId' | 'id'>): Promise<Verdict[]> {
    const verdicts = (await this.log.read(setId, id)).flatMap((entry) => ('verdict' in entry ? [entry.verdict] : []));
    return verdicts.filter((verdict) => verdict.annotator === annotator);
  }

  texts({ subject, row }: Pick<Question, 'subject' | 'row'>): Promise<SubjectRow> {
    return this.rows.row(subject, row);
  }

  async send<Answer, Sent = undefined>(
    workflowId: string,
    message: UpdateDefinition<Answer, [Sent]> | QueryDefinition<Answer>,
    sent?: Sent,
    updateId?: string,
  ): Promise<Reply<Answer>> {
    if (message.type === 'update' && !(await this.hasWorker())) throw new NoReply(NO_WORKER);
    const review = this.client.workflow.getHandle(workflowId);
    const ask = (): Promise<Answer> =>
      message.type === 'update'
        ? review.executeUpdate(message, { args: [sent as Sent], ...(updateId !== undefined && { updateId }) })
        : review.query(message);
    try {
      return { kind: 'answered', answer: await this.client.withDeadline(Date.now() + this.patienceMs, ask) };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError)
        return (await this.answeredBefore(workflowId, message.name, sent)) ?? (await this.closed(workflowId));
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error))
        throw new NoReply(NO_WORKER, { cause: error });
      const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
      if (isFailure('ReviewRefused', cause)) return { kind: 'refused', reason: cause.message };
      throw error;
    }
  }

  /** Whether anybody has asked for work on the reviews' queue lately: a worker that was killed counts some minutes. */
  async hasWorker(): Promise<boolean> {
    if (Date.now() - this.workerSeenAt < SEEN_MS) return true;
    const { pollers } = await this.client.workflowService.describeTaskQueue({
      namespace: this.client.options.namespace,
      taskQueue: { name: QUEUES.orchestrator },
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the package that has the enum cannot be
      // imported by name
      taskQueueType: WORKFLOW_TASKS,
    });
    if (!pollers?.length) return false;
    this.workerSeenAt = Date.now();
    return true;
  }

  /** The answer that a verdict or a flag had when its question was open. */
  private async answeredBefore<Answer>(
    workflowId: string,
    name: string,
    sent: unknown,
  ): Promise<Reply<Answer> | undefined> {
    const asked = questionOf(workflowId);
    if (sent === undefined || asked === undefined) return undefined;
    for (const entry of await this.log.read(asked.setId, asked.question)) {
      const answer = answerOf(entry, name, sent as VerdictMessage & FlagMessage);
      if (answer !== undefined) return { kind: 'answered', answer: answer as Answer };
    }
    return undefined;
  }

  /** Why an answer cannot be given. An answer that was sent twice may have closed the question: say what it came to. */
  private async closed(workflowId: string): Promise<Reply<never>> {
    const review = this.client.workflow.getHandle(workflowId);
    const state = await review.describe().then(
      async ({ status }) =>
        `it is ${status.name.toLowerCase()}` +
        (status.name === 'COMPLETED' ? `: ${JSON.stringify(await review.result())}` : ''),
      (error: unknown) => {
        if (error instanceof WorkflowNotFoundError) return 'there is none by this id';
        throw error;
      },
    );
    return {
      kind: 'closed',
      reason:
        `Expected an open review, got ${JSON.stringify(workflowId)}: ${state}. \`flywheel review list\` ` +
        'shows those that are open.',
    };
  }
}

/** What a message of this name was answered, if it is what the log's entry records. */
function answerOf(entry: ReviewEntry, name: string, sent: VerdictMessage & FlagMessage): unknown {
  const { annotator, score, assisted = false, reason } = sent;
  switch (entry.kind) {
    case 'result':
    case 'givenBack':
    case 'withdrawn':
      return undefined;
    case 'flag': {
      const isSame = name === messages.flagProblem.name && entry.annotator === annotator && entry.reason === reason;
      return isSame ? { reason } : undefined;
    }
    case 'verdict':
    case 'assisted':
    case 'adjudication': {
      const { kind, verdict } = entry;
      const update = kind === 'adjudication' ? messages.adjudicate : messages.submitVerdict;
      const { verdictId = messages.usualVerdictId(annotator, assisted) } = sent;
      const isSame =
        update.name === name &&
        assisted === (kind === 'assisted') &&
        verdict.verdictId === verdictId &&
        verdict.annotator === annotator &&
        verdict.score === score;
      return isSame ? { verdictId, score, ...('seat' in entry && { seat: entry.seat }) } : undefined;
    }
  }
}

/** The protocol's number of the kind of queue that workflows wait on. */
const WORKFLOW_TASKS: number = 1;

const NO_WORKER =
  `No worker answers on task queue ${QUEUES.orchestrator}, so the review cannot. Start one with \`npm run lap\` or ` +
  `\`npm run dev\`, and send the answer again: it counts once.`;
