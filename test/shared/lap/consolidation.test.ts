import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { chooseExamples, proofPasses, selfAnalysisPasses, type Example } from '../../../shared/lap/consolidation.ts';
import type { Score } from '../../../shared/scores.ts';

const example = (over: Partial<Example> = {}): Example => ({
  task: 'verify',
  subject: 'p1',
  topic: 'algebra',
  score: 1,
  completion: 'text',
  ...over,
});

interface Case {
  readonly label: Score;
  readonly selfScore: Score;
  readonly proofTrained: boolean;
  readonly selfAnalysisTrained: boolean;
}
const cases = JSON.parse(readFileSync('test/shared/lap/selfAnalyses.json', 'utf8')) as Case[];

test.each(cases)(
  'of label $label and self-score $selfScore the proof is trained: $proofTrained, its analysis: $selfAnalysisTrained',
  ({ label, selfScore, proofTrained, selfAnalysisTrained }) => {
    expect(proofPasses(label)).toBe(proofTrained);
    expect(selfAnalysisPasses(label, selfScore)).toBe(selfAnalysisTrained);
  },
);

test('without a label neither passes, and without a self-score no self-analysis', () => {
  expect([proofPasses(undefined), selfAnalysisPasses(undefined, undefined)]).toEqual([false, false]);
  expect([proofPasses(1), selfAnalysisPasses(1, undefined)]).toEqual([true, false]);
});

test('a rare score is not drowned by a common one', () => {
  const passed = [
    ...Array.from({ length: 90 }, (_, index) => example({ subject: `p${index}` })),
    ...Array.from({ length: 10 }, (_, index) => example({ subject: `q${index}`, score: 0 })),
  ];
  expect(chooseExamples('analyses', 120, passed, 20, 1).counts).toEqual({
    skill: 'analyses',
    seen: 120,
    passed: 100,
    distinct: 100,
    chosen: 20,
    byScore: { '0': 10, '1': 10 },
    byTopic: { algebra: 20 },
  });
});

const examples = fc.array(
  fc.record({
    task: fc.constantFrom('verify' as const, 'prove' as const),
    subject: fc.constantFrom('a', 'b', 'c'),
    topic: fc.constantFrom('algebra', 'geometry'),
    score: fc.constantFrom<Score>(0, 0.5, 1),
    completion: fc.constantFrom('x', 'y', 'z'),
  }),
);

test(
  'what is chosen passed, is distinct, is no more than was asked for, and does not depend on anything but the ' +
    'seed',
  () => {
    fc.assert(
      fc.property(
        examples,
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 0, max: 1000 }),
        (passed, most, seed) => {
          const { chosen, counts } = chooseExamples('proofs', passed.length, passed, most, seed);
          const keys = chosen.map(({ task, subject, completion }) => `${task} ${subject} ${completion}`);
          expect(new Set(keys).size).toBe(keys.length);
          expect(chosen.every((each) => passed.includes(each))).toBe(true);
          expect(chosen).toHaveLength(Math.min(most, counts.distinct));
          expect(chooseExamples('proofs', passed.length, passed, most, seed).chosen).toEqual(chosen);
        },
      ),
    );
  },
);
