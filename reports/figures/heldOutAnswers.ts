import { answerIn } from '../../shared/answers.ts';
import { majorityOf, stratumOf, type MajorityScore } from '../../shared/statistics/majority.ts';
import type { OfProblem } from '../../shared/statistics/measures.ts';
import type { EvaluationSet } from '../../shared/lap/manifest.ts';
import type { Problem } from '../../shared/records.ts';
import type { Score } from '../../shared/scores.ts';
import { idOfText } from '../../activities/datasets/judged.ts';
import { readOutcomes, scoresByRow } from '../../activities/sets/outcomes.ts';
import type { Measuring } from './notes.ts';

/** A generator's answer to a held-out problem, as its judges know it. */
export interface HeldOutAnswer extends OfProblem {
  readonly topic: string;
  /** Of its proof; undefined where it has none. */
  readonly proof: string | undefined;
  readonly selfScore: Score | undefined;
  /** What the verifier thinks of the proof, 0 where there is none; undefined where its verdicts are lost. */
  readonly score: number | undefined;
  /** Proofs of which the verifier thinks the same; those without a proof are one of their own. */
  readonly stratum: string;
}

export const NO_PROOF = 'no proof';

/** Reads generators' answers with what the lap's verifier thinks of them; undefined where it was not asked. */
export async function answerReader({ store, manifest }: Measuring) {
  const problems = await store.rowsById<Problem>(manifest.problems.heldOut);
  const { judged, sets } = manifest.evaluation;
  const verdicts = judged?.verdicts && (await scoresByRow(store, judged.verdicts.setId));
  const thought = new Map<string, MajorityScore>(
    Array.from(verdicts ?? [], ([id, scores]) => [id, majorityOf(scores)]),
  );

  async function answersOf(
    subject: EvaluationSet['subject'],
    model: EvaluationSet['model'],
  ): Promise<HeldOutAnswer[] | null> {
    const set = sets.find((each) => each.subject === subject && each.model === model && each.decoding === 'sampled');
    if (set === undefined) return null;
    const answers: HeldOutAnswer[] = [];
    for await (const outcome of readOutcomes(store, set.setId)) {
      const problem = problems.get(outcome.row);
      if (outcome.kind === 'failed' || problem === undefined) continue; // an outage is no observation
      const parsed = outcome.kind === 'answered' ? answerIn(outcome) : undefined;
      const { proof, score: selfScore } = parsed?.kind === 'wellFormed' ? parsed : {};
      const of = { problem: problem.id, difficulty: problem.difficulty, topic: problem.topic, selfScore };
      answers.push({ ...of, ...(proof === undefined ? WITHOUT : thoughtOf(idOfText(problem.id, proof))) });
    }
    return answers;
  }

  function thoughtOf(proof: string) {
    const of = thought.get(proof) ?? { kind: 'lost' };
    return { proof, score: of.kind === 'lost' ? undefined : of.score, stratum: verdicts ? stratumOf(of) : '' };
  }
  return { answersOf, thought: [...thought.values()] };
}

const WITHOUT = { proof: undefined, score: 0, stratum: NO_PROOF };
