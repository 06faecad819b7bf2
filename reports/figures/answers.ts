import { answerImitatesVerdict, answerIn, type ParsedAnswer } from '../../shared/answers.ts';
import type { EvaluationSet } from '../../shared/lap/manifest.ts';
import type { DatasetRef } from '../../shared/records.ts';
import { readOutcomes } from '../../activities/sets/outcomes.ts';
import type { Measuring } from './notes.ts';

export type Decoding = EvaluationSet['decoding'];

/** A call that was answered, in some way; `parsed` only when the answer is complete and well formed. */
interface Answer<Row> {
  /** What it is about. */
  readonly row: Row;
  readonly parsed?: Extract<ParsedAnswer, { kind: 'wellFormed' }> | undefined;
}

/** `greedy.` stands before the figures at T = 0, as in the report. */
export const figureName = (name: string, decoding: Decoding): string =>
  decoding === 'greedy' ? `greedy.${name}` : name;

/** The set in which a model was asked, with the figure that it is for; null, and noted, where it was not. */
export function askedSet(
  { manifest, notes }: Measuring,
  { subject, model, decoding }: Omit<EvaluationSet, 'setId'>,
  name: string,
) {
  const figure = figureName(name, decoding);
  const set = manifest.evaluation.sets.find(
    (each) => each.subject === subject && each.model === model && each.decoding === decoding,
  );
  const role = subject === 'metaVerifier' ? 'meta-verifier' : subject;
  return set === undefined
    ? notes.absent(figure, `no ${decoding} evaluation of ${model} as ${role} in this lap`)
    : { setId: set.setId, figure };
}

/**
 * The answers of a set, one after the other (texts may be long: keep what you measure, not the text). Failed calls are
 * left out and noted; imitations of verdicts are counted under the figure.
 * @throws when the set was asked about other rows than the manifest says.
 */
export async function* answersOf<Row>(
  { store, notes }: Measuring,
  { setId, figure }: { readonly setId: string; readonly figure: string },
  rows: ReadonlyMap<string, Row>,
  { uri }: DatasetRef,
): AsyncGenerator<Answer<Row>> {
  let failed = 0;
  let seen = 0;
  let imitations = 0;
  for await (const outcome of readOutcomes(store, setId)) {
    const { row: id, kind, task } = outcome;
    if (kind === 'failed') {
      failed += 1;
      continue;
    }
    seen += 1;
    const parsed = answerIn(outcome);
    if (answerImitatesVerdict(task, parsed)) imitations += 1;
    const row = rows.get(id);
    if (row === undefined)
      throw new Error(`Expected set ${setId} to ask about rows of ${uri}, got row ${JSON.stringify(id)}`);
    yield { row, parsed: kind === 'answered' && parsed.kind === 'wellFormed' ? parsed : undefined };
  }
  notes.imitations[figure] = { found: imitations, of: seen };
  if (failed > 0) notes.absent(figure, `${failed} of ${failed + seen} calls failed and are no observation`);
}
