import { endsOf, type RewardLine } from '../../../activities/training/rewardLines.ts';

/** Lines of a log, as many a step. */
async function* log(steps: readonly (number | undefined)[]) {
  for (const [index, step] of steps.entries())
    yield { responseSha256: `${index}`, ...(step !== undefined && { step }) } as RewardLine;
}
const stepsOf = (lines: readonly RewardLine[]) => [...new Set(lines.map(({ step }) => step))];
const every = (count: number, each: number) =>
  Array.from({ length: count }, (_, step) => Array.from({ length: each }, () => step + 1)).flat();

test('where 16 of 128 samples a step are distinct, the last five steps are five, not forty', async () => {
  const { first, last } = await endsOf(log(every(60, 16)), { steps: 5, samplesPerStep: 128 });
  expect([stepsOf(last), last.length]).toEqual([[56, 57, 58, 59, 60], 80]);
  expect([stepsOf(first), first.length]).toEqual([[1, 2, 3, 4, 5], 80]);
});

test('lines that come late, of an earlier step, are not of the last ones', async () => {
  const { last } = await endsOf(log([...every(8, 2), 3, 8, 2]), { steps: 2, samplesPerStep: 4 });
  expect([stepsOf(last), last.length]).toEqual([[7, 8], 5]);
});

test('a log that does not tell steps is read by lines, as many as the steps asked for', async () => {
  const none = Array.from({ length: 100 }, () => undefined);
  const { first, last } = await endsOf(log(none), { steps: 2, samplesPerStep: 8 });
  expect([first.length, last.length]).toEqual([16, 16]);
  expect(last.at(-1)?.responseSha256).toBe('99');
});

test('a training shorter than the window is looked at as a whole', async () => {
  const { first, last } = await endsOf(log(every(2, 3)), { steps: 5, samplesPerStep: 3 });
  expect([first.length, last.length]).toEqual([6, 6]);
});
