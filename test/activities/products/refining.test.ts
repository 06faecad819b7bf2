import { checkerAsked, refinementAsked } from '../../../activities/products/openRefining.ts';
import type { AttemptRow } from '../../../activities/products/refine.ts';
import { writeRefinedProblem } from '../../../activities/products/refined.ts';
import { openSolve } from '../../../activities/products/solve.ts';
import { domains } from '../../../domains/index.ts';
import type { Checker } from '../../../shared/domain.ts';
import type { Place } from '../../../shared/ids.ts';
import type { LapManifest } from '../../../shared/lap/manifest.ts';
import type { SolveInput } from '../../../shared/products/input.ts';
import type { RefinedProblem } from '../../../shared/products/refinement.ts';
import type { Score } from '../../../shared/scores.ts';
import { MemoryStore } from '../store/memoryStore.ts';

const PROBLEM = { id: 'p1', statement: 'Show it.', topic: 'algebra', source: 'made up' };
const OWNER = { workflowId: 'solve/x', runId: 'r' };
let store: MemoryStore;
let input: SolveInput;
beforeEach(async () => {
  store = new MemoryStore();
  const { uri: problems } = await store.writeJsonl('imports/problems/one.jsonl', [PROBLEM]);
  input = { problems, generator: { endpoint: 'http://127.0.0.1:1/v1', model: 'm' }, refine: {} };
});

describe('what proofs are worth', () => {
  const lap = (checker?: 'none') => ({ recipe: { domain: { name: 'rehearsal', checker } } }) as unknown as LapManifest;
  const world = { store: new MemoryStore(), checkers: domains.checkerOf };

  test('is the checker’s word where the lap’s domain has one and the lap does not go without', () => {
    expect(checkerAsked(world, input, lap())).toBe('rehearsal');
    expect(checkerAsked(world, input, lap('none'))).toBeUndefined();
    expect(checkerAsked(world, input, undefined)).toBeUndefined();
    expect(checkerAsked(world, { problems: '' }, lap())).toBeUndefined();
  });

  test('is asked of the verifier where there is no checker, or somebody says so', () => {
    expect(refinementAsked({ threads: 2 }, 'rehearsal')).toEqual({ threads: 2, verdicts: 0 });
    expect(refinementAsked({ verdicts: 4 }, 'rehearsal')).toEqual({ verdicts: 4 });
    expect(refinementAsked({ threads: 2 }, undefined)).toEqual({ threads: 2 });
  });

  test('stands beside each proof as the checker has it', async () => {
    const checker = { name: 'a fake', proofScore: (_, proof) => (proof === 'right' ? 1 : 0) } as Checker;
    const wrote = (thread: number, iteration: number, proof: string, selfScore: Score): AttemptRow => {
      const texts = { id: `p1-${proof}`, proof, selfAnalysis: `of ${proof}`, selfScore, model: 'm' };
      return { id: `p1-t${thread}`, thread, iteration, outcome: 'answered', wrote: texts };
    };
    const attempts = [
      await store.writeJsonl('a1.jsonl', [wrote(0, 1, 'wrong', 0), wrote(1, 1, 'right', 1)]),
      await store.writeJsonl('a2.jsonl', [wrote(0, 2, 'right', 1)]),
    ];
    await writeRefinedProblem(store, (name) => (name === 'rehearsal' ? checker : undefined), {
      place: 'solve/x' as Place,
      problem: await store.writeJsonl('asked.jsonl', [{ id: 'p1', problem: PROBLEM }]),
      threads: 2,
      attempts,
      summaries: [],
      checkedBy: 'rehearsal',
      end: 'claimed',
      spent: { calls: 3, usage: { promptTokens: 0, completionTokens: 0 }, cost: null },
    });
    const refined = await store.readJson<RefinedProblem>('products/solve/x/problems/p1.json');
    expect(refined.proofs.map(({ id, checker: score }) => [id, score])).toEqual([
      ['p1-wrong', 0],
      ['p1-right', 1],
    ]);
    expect(refined.best).toMatchObject({ thread: 0, iteration: 2, selfAnalysis: 'of right', checker: 1, evidence: [] });
    expect(refined.threads.map(({ steps }) => steps.length)).toEqual([2, 1]);
  });
});

describe('what is asked for', () => {
  test.each<[string, Partial<SolveInput>, string]>([
    ['a search beside', { search: 'small' }, 'search: expected it to be left out beside refine'],
    ['grades of a search', { refine: undefined, graded: 'imports/proofs/0.jsonl' }, 'graded: expected grades of a seq'],
    ['grades that are not there', { graded: 'imports/proofs/0.jsonl' }, 'graded: expected a file of the store such as'],
    ['no thread', { refine: { threads: 0 } }, 'refine.threads'],
  ])('is refused by the field: %s', async (_, more, message) => {
    await expect(openSolve({ store }, { ...input, ...more }, OWNER)).rejects.toMatchObject({
      type: 'InvalidProduct',
      message: expect.stringContaining(message),
    });
  });

  test('are the paper’s sizes, and prompts that refine and evaluate at once where the set has a text for it', async () => {
    const opened = await openSolve({ store }, input, OWNER);
    expect(opened.search).toEqual({ kind: 'sequential', threads: 32, iterations: 8, verdicts: 32 });
    expect(opened.refining).toEqual({ atOnce: true });
    const other = await openSolve({ store }, { ...input, prompts: 'rehearsal' }, OWNER);
    expect(other.refining).toEqual({ atOnce: false });
    const search = await openSolve({ store }, { ...input, refine: undefined }, OWNER);
    expect([search.search.kind, search.refining]).toEqual(['pool', undefined]);
    expect(search.prompts).not.toEqual(opened.prompts);
  });
});
