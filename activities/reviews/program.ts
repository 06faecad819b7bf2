import { ApplicationFailure, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { ExpertProgram } from '../../shared/domain.ts';
import type { VerdictMessage } from '../../shared/review/messages.ts';
import type { QuestionKind, ReviewSetInput } from '../../shared/review/reviews.ts';
import type { Score } from '../../shared/scores.ts';
import { submitVerdict } from '../../workflows/messages.ts';
import type { SubjectRow } from './subjectRows.ts';
import { reviewIdOf } from '../../shared/ids.ts';

/** Ours: questions that are answered at once; more does not make one server and worker faster. */
const AT_ONCE = 24;

export interface OpenQuestion {
  readonly id: string;
  readonly row: number;
}

interface Answering {
  readonly set: ReviewSetInput;
  readonly questions: readonly OpenQuestion[];
  readonly client: Client;
  readonly expert: ExpertProgram;
  readonly rowOf: (row: number) => Promise<SubjectRow>;
  /** Called after every question. */
  readonly onAnswered: (answered: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Answers questions by a program, on all seats, through the Updates that people use, and
 * under the program's name. What is repeated after a crash has the same verdict ids, and changes nothing.
 */
export async function answerQuestions({
  set,
  questions,
  client,
  expert,
  rowOf,
  onAnswered,
  signal,
}: Answering): Promise<void> {
  const next = questions.values();
  let answered = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const question of next) {
        signal.throwIfAborted();
        const score = answer(set.kind, expert, await rowOf(question.row));
        const workflowId = reviewIdOf(set.setId, question.id);
        await Promise.all(
          Array.from({ length: set.seats }, (_, seat) => {
            const annotator = `${expert.name}/seat-${seat + 1}`;
            return submit(client, workflowId, {
              annotator,
              score,
              source: 'program',
              verdictId: `${annotator} on ${question.id}`,
            });
          }),
        );
        answered += 1;
        onAnswered(answered);
      }
    }),
  );
}

function answer(kind: QuestionKind, expert: ExpertProgram, row: SubjectRow): Score {
  if (kind === 'scoreAnalysis' && row.analysis === undefined)
    throw ApplicationFailure.nonRetryable(
      `Expected row ${row.id} to have an analysis, got none: scoreAnalysis asks about one`,
      'BadReviewSubject',
    );
  return expert.answer(kind, row);
}

async function submit(client: Client, workflowId: string, message: VerdictMessage): Promise<void> {
  try {
    await client.workflow
      .getHandle(workflowId)
      .executeUpdate(submitVerdict, { args: [message], updateId: message.verdictId ?? message.annotator });
  } catch (error) {
    // People were here first: what they say counts.
    if (
      error instanceof WorkflowUpdateFailedError &&
      error.cause instanceof ApplicationFailure &&
      error.cause.type === 'ReviewRefused'
    )
      return;
    // The question is closed: by an earlier attempt of ours, or by people.
    if (error instanceof WorkflowNotFoundError) return;
    throw error;
  }
}
