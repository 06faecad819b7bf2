import { countVerdicts } from '../../../shared/products/pool.ts';
import type { RefinedProblem } from '../../../shared/products/refinement.ts';
import type { SequentialRefinement } from '../../../shared/products/search.ts';
import type { MaybeScore } from '../../../shared/label/autoLabel.ts';
import type { Score } from '../../../shared/scores.ts';
import { readRefinement } from '../../../reports/products/readRefinement.ts';
import { refinementLines, refinementSection } from '../../../reports/products/refinementSection.ts';
import { MemoryStore } from '../../activities/store/memoryStore.ts';

const REFINEMENT: SequentialRefinement = { kind: 'sequential', threads: 2, iterations: 3, verdicts: 3 };

/** Two threads: one is right at once, the other after `late` iterations; what the verifier and people say of both. */
function refined(id: string, late: number, verdicts: readonly MaybeScore[], people?: Score): RefinedProblem {
  const step = (iteration: number, proof: string, selfScore: Score) =>
    ({ iteration, outcome: 'answered', proof, selfScore }) as const;
  const proof = (name: string, scores: readonly MaybeScore[]) => ({
    id: name,
    proof: name,
    verdicts: countVerdicts(scores),
  });
  const drafts = Array.from({ length: late - 1 }, (_, index) => step(index + 1, 'draft', 0));
  return {
    problem: { id, statement: `Show ${id}.`, topic: 'algebra', source: 'made up' },
    end: 'claimed',
    best: null,
    threads: [{ steps: [step(1, 'good', 1)] }, { steps: [...drafts, step(late, 'late', 1)] }],
    proofs: [
      { ...proof('good', verdicts), ...(people !== undefined && { people }) },
      { ...proof('late', [1, 1, 0]), ...(people !== undefined && { people }) },
      ...(late > 1 ? [proof('draft', [0, 0, 0])] : []),
    ],
    iterations: [],
    spent: { calls: 0, usage: { promptTokens: 0, completionTokens: 0 }, cost: null },
  };
}

async function figuresOf(...problems: readonly RefinedProblem[]) {
  const store = new MemoryStore();
  return readRefinement(store, await store.writeJsonl('results.jsonl', problems), REFINEMENT);
}

test('shows a table and a plot for each judge, and never mixes them', async () => {
  const figures = await figuresOf(refined('p1', 1, [1, 1, 1], 1), refined('p2', 3, [1, 1, 1], 0));
  const { markup } = refinementSection(figures);
  expect(markup.match(/<h3>Scores .*?<\/h3>/g)).toEqual([
    '<h3>Scores by people</h3>',
    '<h3>Scores in the verifier&#39;s own eyes</h3>',
  ]);
  expect(markup.match(/aria-label="pass@1 and best@2 by iteration/g)).toHaveLength(2);
  expect(markup).toContain('from 1 to 2, so that the points differ in it');
  expect(markup).toContain('iteration 1, 1 of 2 problems');
});

test('says on a terminal what the page says, iteration by iteration', async () => {
  const lines = refinementLines(await figuresOf(refined('p1', 1, [1, 1, 1]), refined('p2', 3, [1, 1, 1])));
  expect(lines.slice(0, 5)).toEqual([
    "Mean score after each iteration, in the verifier's own eyes",
    expect.stringMatching(/^iteration +pass@1 +best@2 +gave themselves 1$/),
    expect.stringMatching(/^1 +0\.75 \(0\.\d\d–0\.\d\d\) +1\.00 \(0\.\d\d–1\.00\) +0\.75$/),
    expect.stringMatching(/^2 +0\.75 .* 1\.00 .* 0\.75$/),
    expect.stringMatching(/^3 +1\.00 .* 1\.00 .* 1\.00$/),
  ]);
});

test('says what is lost, and what it would be worth at most', async () => {
  const lost = [1, undefined, undefined];
  const lines = refinementLines(await figuresOf(refined('p1', 1, lost as MaybeScore[])));
  expect(lines.join('\n')).toContain(
    'Of 1 too few verdicts could be read: they count as 0. Were they all worth 1, the last pass@1 would be 1.00',
  );
});

test('says that nobody has judged where nobody has', async () => {
  const line = refined('p1', 1, []);
  const proofs = line.proofs.map((proof) => ({ ...proof, verdicts: countVerdicts([]) }));
  const figures = await figuresOf({ ...line, proofs });
  expect(refinementLines(figures)).toEqual([expect.stringContaining('Nobody has said what these proofs are worth')]);
  expect(refinementSection(figures).markup).toContain('is for people to grade');
});
