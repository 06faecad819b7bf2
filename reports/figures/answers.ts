import { answerImitatesVerdict, parseAnswer, type ParsedAnswer } from '../../shared/answers.ts';
import type { EvaluationRecord, EvaluationSet } from '../../shared/lap/manifest.ts';
import type { Outcome } from '../../shared/outcomes.ts';
import { readOutcomes } from '../../activities/sets/outcomes.ts';
import type { Measuring } from './notes.ts';

export type WellFormedAnswer = Extract<ParsedAnswer, { kind: 'wellFormed' }>;

/** A call that was answered, in some way; `parsed` only when the answer is complete and well formed. */
export interface Answer {
  readonly outcome: Outcome;
  readonly parsed?: WellFormedAnswer;
}

export function findSet(
  evaluation: EvaluationRecord,
  subject: EvaluationSet['subject'],
  model: EvaluationSet['model'],
  decoding: EvaluationSet['decoding'],
) {
  return evaluation.sets.find((set) => set.subject === subject && set.model === model && set.decoding === decoding);
}

/**
 * The answers of a set, one after the other (texts may be long: keep what you measure, not the text). Failed calls are
 * left out and noted; imitations of verdicts are counted under `where`.
 */
export async function* answersOf({ store, notes }: Measuring, setId: string, where: string): AsyncGenerator<Answer> {
  let failed = 0;
  let seen = 0;
  let imitations = 0;
  for await (const outcome of readOutcomes(store, setId)) {
    if (outcome.kind === 'failed') {
      failed += 1;
      continue;
    }
    seen += 1;
    const parsed = parseAnswer(outcome.task, outcome.text ?? '');
    if (answerImitatesVerdict(outcome.task, parsed)) imitations += 1;
    yield outcome.kind === 'answered' && parsed.kind === 'wellFormed' ? { outcome, parsed } : { outcome };
  }
  notes.imitations[where] = { found: imitations, of: seen };
  if (failed > 0) notes.absent(where, `${failed} of ${failed + seen} calls failed and are no observation`);
}

/** The row that an answer is about. @throws when the set was asked about other rows than the manifest says. */
export function rowOf<Row>(rows: ReadonlyMap<string, Row>, answer: Answer, setId: string, uri: string): Row {
  const row = rows.get(answer.outcome.row);
  if (row === undefined)
    throw new Error(`Expected set ${setId} to ask about rows of ${uri}, got row ${JSON.stringify(answer.outcome.row)}`);
  return row;
}
