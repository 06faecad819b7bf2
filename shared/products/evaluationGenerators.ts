import { differenceBetween } from '../statistics/differences.ts';
import type { Estimate } from '../statistics/estimates.ts';
import { majorityOf } from '../statistics/majority.ts';
import type { Score } from '../scores.ts';
import {
  GENERATOR_FIGURES,
  type Differences,
  type GeneratorFigure,
  type GradedAnswer,
  type TopicFigures,
} from './evaluation.ts';
import { estimateOf, figuresOf } from './evaluationFigures.ts';

export type GeneratorEstimates = Readonly<Record<GeneratorFigure, Estimate | null>>;

/** What the verdicts on a proof make of it (paper 3.3.1: the majority of 8 analyses). */
export function worthOf(verdicts: readonly (Score | undefined)[]): GradedAnswer['score'] {
  const found = majorityOf(verdicts);
  return found.kind === 'lost' ? 'lost' : found.score;
}

/** What a generator's answers are worth; null where nothing can be measured. */
export function generatorEstimates(answers: readonly GradedAnswer[]): GeneratorEstimates {
  const scored = answers.flatMap(({ problem, score }) => {
    if (score === 'lost') return [];
    return [{ problem, score: score === 'withoutProof' ? 0 : score }];
  });
  const problems = [...new Set(scored.map(({ problem }) => problem))];
  const solved = new Set(scored.filter(({ score }) => score === 1).map(({ problem }) => problem));
  const written = answers.filter(({ score }) => score !== 'withoutProof');
  return {
    score: estimateOf(scored, ({ score }) => score),
    passed: estimateOf(scored, ({ score }) => +(score === 1)),
    solved: estimateOf(
      problems.map((problem) => ({ problem })),
      ({ problem }) => +solved.has(problem),
    ),
    withoutProof: estimateOf(answers, ({ score }) => +(score === 'withoutProof')),
    lost: estimateOf(written, ({ score }) => +(score === 'lost')),
  };
}

export function figuresByTopic(answers: readonly GradedAnswer[]): TopicFigures[] {
  const topics = [...new Set(answers.map(({ topic }) => topic))].sort();
  return topics.map((topic) => {
    const of = answers.filter((answer) => answer.topic === topic);
    const problems = new Set(of.map(({ problem }) => problem)).size;
    return { topic, problems, figures: figuresOf(generatorEstimates(of)) };
  });
}

/** Second − first, paired by problem: on the same problems. */
export const generatorDifferences = (first: GeneratorEstimates, second: GeneratorEstimates) =>
  Object.fromEntries(
    (Object.keys(GENERATOR_FIGURES) as GeneratorFigure[]).map((figure) => [
      figure,
      differenceBetween(first[figure], second[figure]),
    ]),
  ) as unknown as Differences<GeneratorFigure>;
