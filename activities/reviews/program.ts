import type { ExpertProgram } from '../../shared/domain.ts';
import { submitVerdict } from '../../shared/review/messages.ts';
import type { QuestionKind, ReviewSetInput } from '../../shared/review/reviews.ts';
import type { Score } from '../../shared/scores.ts';
import type { ReviewDesk } from './desk.ts';
import type { SubjectRow } from './subjectRows.ts';
import { reviewIdOf } from '../../shared/ids.ts';
import { failure } from '../failure.ts';

/** Ours: questions that are answered at once; more does not make one server and worker faster. */
const AT_ONCE = 24;

export interface OpenQuestion {
  readonly id: string;
  readonly row: number;
}

interface Answering {
  readonly set: ReviewSetInput;
  readonly questions: readonly OpenQuestion[];
  readonly desk: ReviewDesk;
  readonly expert: ExpertProgram;
  readonly rowOf: (row: number) => Promise<SubjectRow>;
  /** Called after every question. */
  readonly onAnswered: (answered: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Answers questions by a program, on all seats, at the desk that people use, and under the program's name. What is
 * repeated after a crash has the same verdict ids, and changes nothing. Where people were first, the program is refused
 * or finds the question closed: what they say counts.
 */
export async function answerQuestions({
  set,
  questions,
  desk,
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
            const verdictId = `${annotator} on ${question.id}`;
            return desk.send(workflowId, submitVerdict, { annotator, score, source: 'program', verdictId });
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
    throw failure(
      'BadReviewSubject',
      `Expected row ${row.id} to have an analysis, got none: scoreAnalysis asks about one`,
    );
  return expert.answer(kind, row);
}
