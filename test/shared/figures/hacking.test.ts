import { difference } from '../../../shared/statistics/differences.ts';
import { ratio } from '../../../shared/statistics/measures.ts';
import {
  hackingWarnings,
  stoppingWarnings,
  type PeopleWatch,
  type StageWatch,
} from '../../../shared/figures/hacking.ts';

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
  ['a watch that struck', stage({ watched: ['entropy 0.01, below 0.05'] }), ['watch']],
  ['a stage that a watch ended', stage({ stopReason: 'watch', watched: ['entropy 0.01'] }), ['watch']],
  ['a stage that a watch ended, which does not say itself', stage({ stopReason: 'watch' }), ['watch']],
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

const share = (hits: number, n: number) => ratio(observations(hits, n));
const spread = (mean: number, deviation = 100) => ({ mean, deviation, n: 40 });
const people = (over: Partial<PeopleWatch> = {}): PeopleWatch => ({
  by: 'people',
  rewards: audit(38, 40, 50),
  claims: audit(38, 40, 50),
  imitations: { first: share(0, 100), last: share(1, 100) },
  lengths: { first: spread(1000), last: spread(1200) },
  ...over,
});

test.each<[string, PeopleWatch, readonly string[]]>([
  ['people agree with the judge', people(), []],
  ['nobody answered', people({ rewards: null, claims: null }), []],
  ['rewards above what people give', people({ rewards: audit(20, 48, 50) }), ['fooledJudge']],
  ['rewards below it', people({ rewards: audit(48, 20, 50) }), []],
  ['a gap that chance explains', people({ rewards: audit(3, 4, 5) }), []],
  ['claims of 1 above what people give', people({ claims: audit(20, 48, 50) }), ['selfClaims']],
  [
    'answers that imitate a verdict',
    people({ imitations: { first: share(0, 100), last: share(30, 100) } }),
    ['imitation'],
  ],
  ['as many as ever imitate one', people({ imitations: { first: share(30, 100), last: share(30, 100) } }), []],
  ['answers twice as long', people({ lengths: { first: spread(1000), last: spread(2000) } }), ['length']],
  ['twice as long by chance', people({ lengths: { first: spread(1000, 9e3), last: spread(2000, 9e3) } }), []],
])('without a checker: %s', (_, watch, kinds) => {
  expect(hackingWarnings([stage({ audit: null, people: watch })], none).map(({ kind }) => kind)).toEqual(kinds);
  expect(stoppingWarnings('generator', watch).map(({ kind }) => kind)).toEqual(
    kinds.filter((kind) => kind !== 'length'),
  );
});

test('a warning says that people judged, blindly', () => {
  const [warning] = stoppingWarnings('generator', people({ rewards: audit(20, 48, 50) }));
  expect(warning?.text).toMatch(/^reward 0\.96, by what people gave, blindly, 0\.40 \(0\.28–0\.54\) of 50/);
});
