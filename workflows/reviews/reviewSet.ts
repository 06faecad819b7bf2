import * as wf from '@temporalio/workflow';
import type { ListedQuestion } from '../../activities/reviews/activities.ts';
import { partsOf, QUESTIONS_PER_PART, refusalOfReviewSet } from '../../shared/review/reviewInput.ts';
import type { ReviewSetInput, ReviewSetResult } from '../../shared/review/reviews.ts';
import { QUESTION_TEXT } from '../../shared/review/reviewText.ts';
import { expertReview } from './expertReview.ts';
import { rangeName, reviewIdOf, type RowRange } from '../../shared/ids.ts';
import { failure } from '../failure.ts';
import { data, program } from '../proxies.ts';

/** Ours: parts that a program works on at once. People have all questions before them. */
const PROGRAM_PARTS = 2;
/**
 * Ours: one batch opens while another is answered; a server that is asked for hundreds of workflows at once spends its
 * time on retries.
 */
const BATCH = 25;
const BATCHES_AT_ONCE = 2;

/**
 * Asks experts one question per row, and gathers what they came to. A large set is asked in parts, so that every
 * history stays short.
 */
export async function reviewSet(input: ReviewSetInput): Promise<ReviewSetResult> {
  const refusal = refusalOfReviewSet(input);
  if (refusal) throw failure('BadReviewSetInput', refusal);
  const range = input.range ?? { from: 0, to: input.subject.rows };
  const questions = range.to - range.from;
  wf.setCurrentDetails(
    `${questions} questions (${input.kind}) to ${input.experts}. Each is a workflow of its own: ` +
      `\`${reviewIdOf(input.setId, '…')}\`.`,
  );

  await (questions <= QUESTIONS_PER_PART ? askEach(input, range) : askInParts(input, range));
  const result = await data.collectReviews(input);

  wf.setCurrentDetails(
    `${result.scored} scored, ${result.flagged} flagged, ${result.expired} expired, by ${result.verdicts} ` +
      `verdicts: \`${result.results.uri}\`.`,
  );
  return result;
}

async function askInParts(set: ReviewSetInput, range: RowRange): Promise<void> {
  const parts = partsOf(range);
  const next = parts.values();
  const atOnce = set.experts === 'program' ? PROGRAM_PARTS : parts.length;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const part of next) {
        await wf.executeChild(reviewSet, {
          workflowId: reviewIdOf(set.setId, rangeName(part)),
          args: [{ ...set, range: part }],
          staticSummary: `${set.kind} × ${part.to - part.from} (${rangeName(part)})`,
        });
      }
    }),
  );
}

/**
 * Every question without a result on record becomes a workflow; a program, where it stands in for people, answers each
 * batch that is open.
 */
async function askEach(set: ReviewSetInput, range: RowRange): Promise<void> {
  const questions = await data.listQuestions(set, range);
  const { setId, kind, lap, subject, seats, leaseMinutes, deadlineHours, onDeadline, assisted } = set;
  const ask = ({ id, row, recorded }: ListedQuestion) =>
    wf.startChild(expertReview, {
      workflowId: reviewIdOf(setId, id),
      args: [
        {
          question: { setId, id, kind, lap, subject, row },
          policy: { seats, leaseMinutes, deadlineHours, onDeadline, assisted },
          recorded,
        },
      ],
      memo: { setId, kind, lap, question: id, seats },
      staticSummary: `${QUESTION_TEXT[kind]} ${id}`,
    });

  const reviews: wf.ChildWorkflowHandle<typeof expertReview>[] = [];
  const openBatches = async (): Promise<void> => {
    for (let batch = questions.splice(0, BATCH); batch.length > 0; batch = questions.splice(0, BATCH)) {
      reviews.push(...(await Promise.all(batch.map(ask))));
      if (set.experts === 'program')
        await program.answerAsProgram(
          set,
          batch.map(({ id, row }) => ({ id, row })),
        );
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, openBatches));
  await Promise.all(reviews.map((review) => review.result().catch(withdrawn)));
}

/** A review that somebody ended by hand has no score, like one that expired; any other failure is the set's too. */
function withdrawn(error: unknown): undefined {
  const cause = error instanceof wf.ChildWorkflowFailure ? error.cause : undefined;
  if (cause instanceof wf.TerminatedFailure) return undefined;
  if (cause instanceof wf.CancelledFailure && !wf.CancellationScope.current().consideredCancelled) return undefined;
  throw error;
}
