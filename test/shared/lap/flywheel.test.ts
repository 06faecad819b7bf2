import { headlineText, reasonToStop, type LapOutcome } from '../../../shared/lap/flywheel.ts';
import { resolveFlywheel, type FlywheelInput } from '../../../shared/lap/flywheelInput.ts';

const outcome = (headline: number | null, used: Partial<LapOutcome['used']> = {}): LapOutcome => ({
  lap: 'main/lap-0001',
  headline,
  used: { calls: 100, tokens: 1000, gpuHours: 1, cost: 0, expertMinutes: 5, ...used },
});
const stop = (input: FlywheelInput, laps: readonly LapOutcome[], finish = false) =>
  reasonToStop(resolveFlywheel(input), laps, { finish });
const curve = (...values: (number | null)[]) => values.map((value) => outcome(value));

describe('a flywheel goes on', () => {
  it('while laps are left, the budget holds and the curve rises', () => {
    expect(stop({ laps: 5, budget: { calls: 1000 }, plateau: {} }, curve(0.3, 0.5, 0.7))).toBeUndefined();
  });

  it('when a single lap gained nothing: one lap may be unlucky', () => {
    expect(stop({ laps: 9, plateau: { laps: 2 } }, curve(0.3, 0.8, 0.8))).toBeUndefined();
  });

  it('where the held-out figure was never measured', () => {
    expect(stop({ laps: 9, plateau: {} }, curve(null, null, null, null))).toBeUndefined();
  });
});

test.each([
  ['when its laps are done', { laps: 2 }, curve(0.3, 0.5), false, '2 of 2 laps are done'],
  ['after the lap in which that was asked for', { laps: 9 }, curve(0.3), true, 'finishAfterLap was asked for'],
  [
    'when its laps together have used a budget up',
    { laps: 9, budget: { calls: 200, gpuHours: 10 } },
    curve(0.3, 0.5),
    false,
    'the budget of 200 calls is used up (200)',
  ],
  [
    'when people have spent the minutes that they have',
    { laps: 9, budget: { expertMinutes: 9 } },
    curve(0.3, 0.5),
    false,
    'the budget of 9 expertMinutes is used up (10)',
  ],
  [
    'when the curve has flattened',
    { laps: 9, plateau: { laps: 2, minGain: 0.02 } },
    curve(0.3, 0.8, 0.81, 0.8),
    false,
    'the held-out curve has flattened: the last 2 laps gained 0.010, -0.010, each less than 0.02',
  ],
] as const)('a flywheel stops %s', (_, input, laps, finish, reason) => {
  expect(stop(input, laps, finish)).toBe(reason);
});

test.each([
  [{ laps: 0 }, /^Invalid flywheel input: laps: .*>=1, got 0$/],
  [{ laps: 'many' }, /laps: .*expected number.*got "many"/],
  [{ lap: 3 }, /lap: .*got 3/],
  [{ from: 'the first' }, /from: expected the name of a finished lap such as main\/lap-0001, got "the first"/],
  [{ lap: { run: 'other' } }, /lap\.run: expected it beside "lap"/],
  [{ budget: { dollars: 3 } }, /budget\.dollars: no such field, got 3/],
  [{ plateau: { minGain: -1 } }, /plateau\.minGain: .*got -1/],
])('%j is refused by name', (input, message) => {
  expect(() => resolveFlywheel(input)).toThrow(message);
});

describe('without a checker', () => {
  const by = (judge: 'people' | 'verifier', headline: number, before?: number): LapOutcome => ({
    ...outcome(headline),
    by: judge,
    ...(before !== undefined && { before }),
  });
  const plateau = { laps: 9, plateau: { laps: 2, minGain: 0.02 } };

  it('a gain in a verifier’s eyes is what one verifier sees, however strict another lap’s is', () => {
    const stricter = [by('verifier', 0.9, 0.2), by('verifier', 0.6, 0.5), by('verifier', 0.4, 0.3)];
    expect(stop(plateau, stricter)).toBeUndefined();
    const milder = [by('verifier', 0.2, 0.1), by('verifier', 0.5, 0.49), by('verifier', 0.8, 0.8)];
    expect(stop(plateau, milder)).toMatch(/the last 2 laps gained 0\.010, 0\.000/);
  });

  it('people’s figures are compared with people’s alone', () => {
    expect(stop(plateau, [by('people', 0.5), by('people', 0.5), by('people', 0.51)])).toMatch(/0\.000, 0\.010/);
    expect(stop(plateau, [outcome(0.5), by('people', 0.5), by('people', 0.5)])).toBeUndefined();
  });

  it('a figure is said with who judged', () => {
    expect([outcome(0.5), by('people', 0.25), by('verifier', 1), outcome(null)].map(headlineText)).toEqual([
      '0.500',
      '0.250 (people)',
      "1.000 (verifier's own eyes)",
      '–',
    ]);
  });
});
