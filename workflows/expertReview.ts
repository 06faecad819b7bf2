import * as wf from '@temporalio/workflow';
import { defaultPayloadConverter, rawValueTypeInfo } from '@temporalio/common';
import type { RawValue } from '@temporalio/common';
import type { ReviewActivities, ReviewRecord } from '../activities/reviews/index.ts';
import { readClaim, readFlag, readVerdict, shown } from '../shared/reviewMessages.ts';
import type { Read } from '../shared/reviewMessages.ts';
import * as rules from '../shared/reviewState.ts';
import type { Move } from '../shared/reviewState.ts';
import { refusalOfReview } from '../shared/reviewInput.ts';
import { reviewDetails, reviewProgress } from '../shared/reviewText.ts';
import type { ExpertReviewInput, ReviewEntry, ReviewResult } from '../shared/reviews.ts';
import * as messages from './messages.ts';

/** Recording a verdict is one short append: done by the worker that holds the review, without a turn through the server. */
const quick = wf.proxyLocalActivities<ReviewActivities>({ startToCloseTimeout: '10s', retry: { maximumAttempts: 3, initialInterval: '100ms' } });
/** Where the store is out of reach, in the open: tried until it is back, and seen in the Web UI's pending activities. */
const patient = wf.proxyActivities<ReviewActivities>({ startToCloseTimeout: '1m', retry: { maximumInterval: '30s' } });

/** Ours: far below the server's limit of events, and no review of people comes near it. */
const MAX_HISTORY = 2000;

/** The Signal as it arrives: whatever was sent can be looked at before it is decoded, so that nothing undecodable stops the review. */
const anyAnnotation = wf.defineSignal<RawValue[]>(messages.submitAnnotation.name, { typeInfo: { inputTypes: Array.from({ length: 8 }, () => rawValueTypeInfo) } });

/** One question to experts. It ends when all seats agree, a lead has decided, somebody flags it, or, where the policy says so, at the deadline. */
export async function expertReview(input: ExpertReviewInput): Promise<ReviewResult> {
  const refusal = refusalOfReview(input);
  if (refusal) throw wf.ApplicationFailure.nonRetryable(refusal, 'BadReviewInput');
  const { question, policy } = input;
  const deadline = input.resumed?.deadline ?? Date.now() + policy.deadlineHours * 3_600_000;
  let state = input.resumed?.state ?? rules.openReview(policy, input.recorded);
  let resultRecorded = false;
  let unrecorded: ReviewEntry[] = [];
  let recording: Promise<void> | undefined;

  const progress = () => reviewProgress(input, state, deadline);
  const show = () => wf.setCurrentDetails(reviewDetails(progress(), policy));
  const isDecided = () => rules.resultOf(state) !== undefined;

  /** What was taken is in the store before anybody hears of it; entries of the same moment go together, the result with the last. */
  const record = async (): Promise<void> => {
    await Promise.resolve(); // the handlers of this moment first
    while (unrecorded.length > 0) {
      const entries = unrecorded;
      unrecorded = [];
      await wf.CancellationScope.nonCancellable(() => recordEntries({ setId: question.setId, questionId: question.id, entries }));
    }
    recording = undefined;
  };
  const settle = (entry?: ReviewEntry): void => {
    if (entry) unrecorded.push(entry);
    const result = rules.resultOf(state);
    if (result && !resultRecorded) {
      unrecorded.push({ kind: 'result', id: 'result', at: new Date().toISOString(), result });
      resultRecorded = true;
    }
    if (unrecorded.length > 0) recording ??= record();
  };
  const make = async <Answer>(move: Move<Answer>): Promise<Answer> => {
    if (move.kind === 'refused') throw refused(move.reason);
    state = move.state;
    show();
    settle(move.entry);
    await recording;
    return move.answer;
  };
  const answering = <Message, Answer>(read: (payload: unknown) => Read<Message>, rule: (message: Message) => Move<Answer>, description: string) => ({
    handler: async (payload: unknown): Promise<Answer> => make(moveOf(read(payload), rule)),
    options: {
      description,
      validator: (payload: unknown): void => {
        const move = moveOf(read(payload), rule);
        if (move.kind === 'refused') throw refused(move.reason);
      },
    },
  });

  const onClaim = answering(readClaim, ({ annotator }) => rules.claim(state, annotator, policy, Date.now()), 'Keep a seat: {"annotator": "you"}');
  const onRelease = answering(readClaim, ({ annotator }) => rules.release(state, annotator), 'Give a claimed seat back: {"annotator": "you"}');
  const onVerdict = answering(readVerdict, (verdict) => rules.submitVerdict(state, verdict, Date.now()), 'Answer: {"annotator": "you", "score": 0, 0.5 or 1, "comment": "…"}');
  const onFlag = answering(readFlag, (flag) => rules.flagProblem(state, flag, Date.now()), 'The problem is faulty: {"annotator": "you", "reason": "…"}');
  const onAdjudicate = answering(readVerdict, (verdict) => rules.adjudicate(state, verdict, Date.now()), 'Decide a disagreement: {"annotator": "you", "score": 0, 0.5 or 1}');
  wf.setHandler(messages.claim, onClaim.handler, onClaim.options);
  wf.setHandler(messages.release, onRelease.handler, onRelease.options);
  wf.setHandler(messages.submitVerdict, onVerdict.handler, onVerdict.options);
  wf.setHandler(messages.flagProblem, onFlag.handler, onFlag.options);
  wf.setHandler(messages.adjudicate, onAdjudicate.handler, onAdjudicate.options);
  wf.setHandler(messages.reviewProgress, progress, { description: 'How the review stands' });
  wf.setHandler(
    anyAnnotation,
    async (...sent) => {
      const payload = decoded(sent);
      const move = payload.kind === 'read' ? moveOf(readVerdict(payload.value), (verdict) => rules.submitVerdict(state, verdict, Date.now())) : payload;
      if (move.kind === 'refused') {
        state = rules.note(state, `submitAnnotation ${shown(payload.kind === 'read' ? payload.value : undefined)}`, move.reason, Date.now());
        show();
      } else await make(move);
    },
    { description: 'A verdict, fire and forget: {"annotator": "you", "score": 0, 0.5 or 1, "comment": "…"}' },
  );
  show();

  if (!state.escalated && !(await wf.condition(() => isDecided() || isLong(), Math.max(1, deadline - Date.now())))) {
    state = rules.passDeadline(state, policy);
    show();
    if (state.escalated) wf.upsertMemo({ escalated: true });
  }
  await wf.condition(() => isDecided() || isLong());
  await wf.condition(wf.allHandlersFinished);
  const result = rules.resultOf(state);
  if (!result) return wf.continueAsNew<typeof expertReview>({ question, policy, resumed: { state, deadline } });

  settle();
  await recording;
  await wf.condition(wf.allHandlersFinished);
  return result;
}

async function recordEntries(record: ReviewRecord): Promise<void> {
  try {
    await quick.recordReview(record);
  } catch (error) {
    if (!(error instanceof wf.ActivityFailure)) throw error;
    await patient.recordReview(record);
  }
}

function isLong(): boolean {
  return wf.workflowInfo().historyLength > MAX_HISTORY;
}

function moveOf<Message, Answer>(message: Read<Message>, rule: (message: Message) => Move<Answer>): Move<Answer> {
  return message.kind === 'read' ? rule(message.value) : message;
}

function decoded(sent: readonly RawValue[]): Read<unknown> {
  try {
    return { kind: 'read', value: sent[0] === undefined ? undefined : defaultPayloadConverter.fromPayload(sent[0].payload) };
  } catch (error) {
    return { kind: 'refused', reason: `Expected JSON, got a payload that cannot be decoded (${error instanceof Error ? error.message : String(error)})` };
  }
}

function refused(reason: string): wf.ApplicationFailure {
  return wf.ApplicationFailure.nonRetryable(reason, 'ReviewRefused');
}
