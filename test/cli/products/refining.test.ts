import { refinementFrom } from '../../../cli/products/refining.ts';

const nothing = (): void => undefined;

test('sizes of a sequential refinement are asked for by numbers; what is not said is left to its defaults', async () => {
  expect(await refinementFrom({}, nothing)).toEqual({});
  expect(await refinementFrom({ refine: true }, nothing)).toEqual({ refine: {} });
  expect(await refinementFrom({ refine: true, threads: '4', verdicts: '0' }, nothing)).toEqual({
    refine: { threads: 4, verdicts: 0 },
  });
});

test.each([
  [{ threads: '4' }, 'Expected --refine with --threads'],
  [{ graded: 'grades.jsonl' }, 'Expected --refine with --graded'],
  [{ refine: true, search: 'paper' }, 'Expected --refine or --search, got both'],
  [{ refine: true, iterations: '0' }, 'Expected --iterations to be a whole number of at least 1, got "0"'],
])('%j is refused by the option', async (options, message) => {
  await expect(refinementFrom(options, nothing)).rejects.toThrow(message);
});
