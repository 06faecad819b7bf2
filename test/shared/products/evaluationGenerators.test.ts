import {
  figuresByTopic,
  generatorDifferences,
  generatorEstimates,
  worthOf,
} from '../../../shared/products/evaluationGenerators.ts';
import type { GradedAnswer } from '../../../shared/products/evaluation.ts';

const answer = (problem: string, topic: string, score: GradedAnswer['score']): GradedAnswer => ({
  problem,
  topic,
  score,
});
const ANSWERS = [
  answer('p', 'algebra', 1),
  answer('p', 'algebra', 0),
  answer('q', 'algebra', 'withoutProof'),
  answer('q', 'algebra', 0.5),
  answer('r', 'geometry', 'lost'),
  answer('r', 'geometry', 1),
];

test('a proof is worth what the majority of its verdicts says, their mean where there is none, nothing where most are lost', () => {
  expect(worthOf([1, 1, 1, 0])).toBe(1);
  expect(worthOf([1, 1, 0, 0])).toBe(0.5);
  expect(worthOf([1, 1, undefined, undefined])).toBe('lost');
});

test('an answer without a proof scores 0, and a proof whose verdicts are lost is left out, and told', () => {
  const { score, passed, solved, withoutProof, lost } = generatorEstimates(ANSWERS);
  expect(score?.value).toBeCloseTo((1 + 0 + 0 + 0.5 + 1) / 5);
  expect(passed?.value).toBeCloseTo(2 / 5);
  expect(solved?.value).toBeCloseTo(2 / 3);
  expect(withoutProof?.value).toBeCloseTo(1 / 6);
  expect(lost?.value).toBeCloseTo(1 / 5);
});

test('topics have their own figures, by their own problems', () => {
  expect(
    figuresByTopic(ANSWERS).map(({ topic, problems, figures }) => [topic, problems, figures.solved?.value]),
  ).toEqual([
    ['algebra', 2, 0.5],
    ['geometry', 1, 1],
  ]);
});

test('nothing answered is nothing measured', () => {
  expect(Object.values(generatorEstimates([])).every((estimate) => estimate === null)).toBe(true);
});

test('two generators are compared problem by problem', () => {
  const better = ANSWERS.map((each) => (each.score === 0 ? { ...each, score: 1 } : each));
  const { score, solved } = generatorDifferences(generatorEstimates(ANSWERS), generatorEstimates(better));
  expect(score).toMatchObject({ value: expect.closeTo(0.2) as number, shared: 3 });
  expect(solved?.value).toBe(0);
});
