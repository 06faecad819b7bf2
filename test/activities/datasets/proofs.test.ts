import { proofId } from '../../../activities/datasets/proofs.ts';

test("a proof's id tells its problem, its series, and the samples along its refinements", () => {
  const problem = { id: 'chain-3-17', statement: '', topic: '', source: '' };
  const ids = ['r0', 'r1', 'r2'].reduce<string[]>(
    (path, series, round) => [
      ...path,
      proofId({ problem }, { row: path.at(-1) ?? problem.id, sample: 4 + round }, series),
    ],
    [],
  );
  expect(ids).toEqual(['chain-3-17-r0-4', 'chain-3-17-r1-4-5', 'chain-3-17-r2-4-5-6']);
  expect(proofId({ problem }, { row: problem.id, sample: 2 }, 'lap3')).toBe('chain-3-17-lap3-2');
  expect(proofId({ problem }, { row: 'chain-3-17-solve-2', sample: 0 }, 'solve')).toBe('chain-3-17-solve-2-0');
});
