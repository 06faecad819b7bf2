import type { ExpertProgram } from '../../shared/domain.ts';
import { submitVerdict } from '../../shared/review/messages.ts';
import type { ReviewSetInput } from '../../shared/review/reviews.ts';
import type { ReviewDesk } from './desk.ts';
import type { SubjectRows } from './subjectRows.ts';
import { reviewIdOf } from '../../shared/ids.ts';
import { failure } from '../failure.ts';

/** Ours: questions that are answered at once; more does not make one server and worker faster. */
const AT_ONCE = 24;

export interface OpenQuestion {
  readonly id: string;
  readonly row: number;
}

interface Place {
  readonly desk: ReviewDesk;
  readonly expert: ExpertProgram;
  readonly rows: SubjectRows;
  readonly signal: AbortSignal;
  /** Called after every question. */
  readonly beat: (details: { readonly answered: number; readonly of: number }) => void;
}

/**
 * Answers questions by a program, on all seats, at the desk that people use, and under the program's name. What is
 * repeated after a crash has the same verdict ids, and changes nothing. Where people were first, the program is refused
 * or finds the question closed: what they say counts.
 */
export async function answerQuestions(
  set: ReviewSetInput,
  questions: readonly OpenQuestion[],
  { desk, expert, rows, signal, beat }: Place,
): Promise<void> {
  const next = questions.values();
  let answered = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const question of next) {
        signal.throwIfAborted();
        const row = await rows.row(set.subject, question.row);
        if (set.kind === 'scoreAnalysis' && row.analysis === undefined)
          throw failure(
            'BadReviewSubject',
            `Expected row ${row.id} to have an analysis, got none: scoreAnalysis asks about one`,
          );
        const score = expert.answer(set.kind, row, set.metaRubric);
        const workflowId = reviewIdOf(set.setId, question.id);
        await Promise.all(
          Array.from({ length: set.seats }, async (_, seat) => {
            const annotator = `${expert.name}/seat-${seat + 1}`;
            const verdictId = `${annotator} on ${question.id}`;
            const verdict = { annotator, score, source: 'program', verdictId } as const;
            await desk.send(workflowId, submitVerdict, verdict);
            if (set.assisted) await desk.send(workflowId, submitVerdict, { ...verdict, assisted: true });
          }),
        );
        answered += 1;
        beat({ answered, of: questions.length });
      }
    }),
  );
}
