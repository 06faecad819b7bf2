import { curves } from '../../../cli/lap/courseLines.ts';

const line = (step: number, more: object) => ({ step, reward: 0, stepSeconds: 1, ...more });

test('a training under way shows each metric that it has as a curve, with its first and last value', () => {
  const lines = [0.9, 0.6, 0.3, 0.2].map((entropy, index) => line(index + 1, { reward: index / 10, entropy }));
  expect(curves(lines)).toEqual([
    'reward                         ▁▃▆█  0 → 0.3',
    'entropy                        █▅▂▁  0.9 → 0.2',
  ]);
});

test('many steps share a character, and a curve never gets wider than 32', () => {
  const lines = Array.from({ length: 1_000 }, (_, index) => line(index + 1, { gradientNorm: index }));
  const [curve = ''] = curves(lines).filter((each) => each.startsWith('gradient'));
  expect(curve.match(/[▁-█]+/)?.[0]).toHaveLength(32);
});

test('one step is no curve', () => {
  expect(curves([line(1, { reward: 0.5 })])).toEqual([]);
});
