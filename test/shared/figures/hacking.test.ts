import { difference } from '../../../shared/figures/differences.ts';
import { hackingWarnings, type StageWatch } from '../../../shared/figures/hacking.ts';

const observations = (hits: number, n: number) =>
  Array.from({ length: n }, (_, index) => ({ hits: index < hits ? 1 : 0, of: 1, cluster: `p${index}` }));
const audit = (worth: number, got: number, n: number) => difference(observations(worth, n), observations(got, n));
const stage = (over: Partial<StageWatch> = {}): StageWatch => ({
  stage: 'generator',
  reward: 0.8,
  flatGroupShare: 0.3,
  steps: 5,
  stopReason: 'maxSteps',
  saturationReward: 0.97,
  audit: audit(160, 162, 200),
  heldOutTrueScore: null,
  ...over,
});
const none = { '0': null, '0.5': null, '1': null };
const figure = (value: number, low: number, high: number, n: number) => ({ value, low, high, n });

test.each<[string, StageWatch, readonly string[]]>([
  ['a reward that is what the truth is', stage(), []],
  ['a reward above the truth', stage({ audit: audit(168, 196, 200) }), ['fooledJudge']],
  ['a reward below it: a strict judge is no hacked one', stage({ audit: audit(196, 168, 200) }), []],
  ['a gap that chance explains', stage({ audit: audit(4, 5, 8) }), []],
  ['no audit', stage({ audit: null }), []],
  ['groups without spread', stage({ flatGroupShare: 0.9 }), ['flatGroups']],
  ['a stage that was stopped', stage({ stopReason: 'saturated' }), ['saturated']],
])('%s', (_, watched, kinds) => {
  expect(hackingWarnings([watched], none).map(({ kind }) => kind)).toEqual(kinds);
});

test('a warning has its numbers', () => {
  const [warning] = hackingWarnings([stage({ audit: audit(168, 196, 200) })], none);
  expect(warning).toMatchObject({
    about: 'generator',
    text: expect.stringMatching(
      /^reward 0\.98, audited 0\.84 \(0\.78–0\.88\) of 200: the judge is fooled or blind$/,
    ) as string,
  });
});

test.each([
  ['labels that are right', figure(0.99, 0.95, 1, 80), []],
  ['labels that are wrong for certain', figure(0.37, 0.19, 0.59, 19), ['label 0']],
  ['labels of which too few are known', figure(0, 0, 0.56, 3), []],
  ['labels below the goal by chance', figure(0.9, 0.8, 0.96, 60), []],
])('%s', (_, precision, about) => {
  expect(hackingWarnings([], { ...none, '0': precision }).map((warning) => warning.about)).toEqual(about);
});
