import * as wf from '@temporalio/workflow';
import { defaultPayloadConverter, rawValueTypeInfo, type RawValue, type UpdateDefinition } from '@temporalio/common';
import { refusalOfReview } from '../../shared/review/reviewInput.ts';
import * as messages from '../../shared/review/messages.ts';
import * as rules from '../../shared/review/reviewState.ts';
import type { ExpertReviewInput, ReviewResult, ReviewState } from '../../shared/review/reviews.ts';
import { reviewDetails, reviewProgress } from '../../shared/review/reviewText.ts';
import { shown } from '../../shared/inputRules.ts';
import { reviewRecorder } from './reviewRecorder.ts';
import { failure } from '../failure.ts';

/** Ours: far below the server's limit of events, and no review of people comes near it. */
const MAX_HISTORY = 2000;

/** The Signal as it arrives: looked at before it is decoded, so that nothing undecodable can stop the review. */
const anyAnnotation = wf.defineSignal<RawValue[]>(messages.submitAnnotation.name, {
  typeInfo: { inputTypes: Array.from({ length: 8 }, () => rawValueTypeInfo) },
});

/**
 * One question to experts. It ends when all seats agree, a lead has decided, two people have flagged it, or, where the
 * policy says so, at the deadline.
 */
export async function expertReview(input: ExpertReviewInput): Promise<ReviewResult> {
  const refusal = refusalOfReview(input);
  if (refusal) throw failure('BadReviewInput', refusal);
  const { question, policy, page } = input;
  const deadline = input.resumed?.deadline ?? Date.now() + policy.deadlineHours * 3_600_000;
  const recorder = reviewRecorder(question.setId, question.id);
  let state: ReviewState = input.resumed?.state ?? rules.openReview(policy, input.recorded);
  let isDecided = false;

  const progress = () => reviewProgress(input, state, deadline);
  const become = (next: ReviewState): void => {
    state = next;
    wf.setCurrentDetails(reviewDetails(progress(), page));
    const result = rules.resultOf(state);
    if (!result || isDecided) return;
    isDecided = true;
    recorder.add({ kind: 'result', id: 'result', at: new Date().toISOString(), result });
  };
  /** What a message does to the review is in the store before its sender hears of it. */
  const make = async <Answer>(move: rules.Move<Answer>): Promise<Answer> => {
    if (move.kind === 'refused') throw failure('ReviewRefused', move.reason);
    if (move.entry) recorder.add(move.entry);
    become(move.state);
    await recorder.done();
    return move.answer;
  };
  /** An Update is refused before it is accepted: read by its guard, tried by its rule. */
  const answer = <Message, Answer>(
    update: UpdateDefinition<Answer, [Message]>,
    description: string,
    moveOf: (payload: unknown) => rules.Move<Answer>,
  ): void =>
    wf.setHandler(update, (payload: unknown) => make(moveOf(payload)), {
      description,
      validator: (payload: unknown) => {
        const move = moveOf(payload);
        if (move.kind === 'refused') throw failure('ReviewRefused', move.reason);
      },
    });

  const verdictMove = (payload: unknown) =>
    after(messages.readVerdict(payload), (verdict) => rules.submitVerdict(state, verdict, Date.now()));
  answer(messages.claim, 'Keep a seat: {"annotator": "you"}', (payload) =>
    after(messages.readClaim(payload), ({ annotator }) => rules.claim(state, annotator, policy, Date.now())),
  );
  answer(
    messages.release,
    'Give a claimed seat back: {"annotator": "you", "reason": "outOfMyDepth" or "tooLong", if you like}',
    (payload) => after(messages.readRelease(payload), (given) => rules.release(state, given, Date.now())),
  );
  answer(
    messages.withdraw,
    'Take back what you said last, while the question is open: {"annotator": "you"}',
    (payload) =>
      after(messages.readClaim(payload), ({ annotator }) => rules.withdraw(state, annotator, policy, Date.now())),
  );
  answer(messages.submitVerdict, 'Answer: {"annotator": "you", "score": 0, 0.5 or 1, "comment": "…"}', verdictMove);
  answer(
    messages.flagProblem,
    'The problem is faulty, or a flag is right: {"annotator": "you", "reason": "…"}',
    (payload) => after(messages.readFlag(payload), (flag) => rules.flagProblem(state, flag, Date.now())),
  );
  answer(messages.adjudicate, 'Decide, as a lead: {"annotator": "you", "score": 0, 0.5 or 1}', (payload) =>
    after(messages.readVerdict(payload), (verdict) => rules.adjudicate(state, verdict, Date.now())),
  );
  wf.setHandler(messages.reviewProgress, progress, { description: 'How the review stands' });
  wf.setHandler(
    anyAnnotation,
    async (...sent) => {
      const payload = decoded(sent);
      const move = payload.kind === 'read' ? verdictMove(payload.value) : payload;
      if (move.kind === 'made') await make(move);
      else {
        const message = `submitAnnotation ${shown(payload.kind === 'read' ? payload.value : undefined)}`;
        become(rules.note(state, message, move.reason, Date.now()));
      }
    },
    { description: 'A verdict, fire and forget: {"annotator": "you", "score": 0, 0.5 or 1, "comment": "…"}' },
  );
  become(state);

  /** Decided, recorded and every sender answered; or so long that it goes on in a new run. */
  const isOver = () => wf.allHandlersFinished() && recorder.isIdle() && (isDecided || isLong());
  try {
    if (!state.escalated && !state.carried && !(await wf.condition(isOver, Math.max(1, deadline - Date.now())))) {
      become(rules.passDeadline(state, policy));
      if (state.escalated) wf.upsertMemo({ escalated: true });
    }
    if (!isOver()) await wf.condition(isOver);
  } catch (cancelled) {
    await wf.CancellationScope.nonCancellable(() => wf.condition(() => wf.allHandlersFinished() && recorder.isIdle()));
    throw cancelled;
  }
  return (
    rules.resultOf(state) ??
    wf.continueAsNew<typeof expertReview>({ question, policy, page, resumed: { state, deadline } })
  );
}

function isLong(): boolean {
  return wf.workflowInfo().historyLength > MAX_HISTORY;
}

function after<Message, Answer>(
  message: messages.Read<Message>,
  rule: (message: Message) => rules.Move<Answer>,
): rules.Move<Answer> {
  return message.kind === 'read' ? rule(message.value) : message;
}

function decoded(sent: readonly RawValue[]): messages.Read<unknown> {
  try {
    return { kind: 'read', value: sent[0] && defaultPayloadConverter.fromPayload(sent[0].payload) };
  } catch (error) {
    const { message } = error as Error;
    return messages.refused(`Expected JSON, got a payload that cannot be decoded (${message})`);
  }
}
