import { contestedTrend, type Audits } from '../../../shared/figures/contestedTrend.ts';
import { difference } from '../../../shared/statistics/differences.ts';
import { ratio } from '../../../shared/statistics/measures.ts';

const observations = (hits: number, n: number) =>
  Array.from({ length: n }, (_, index) => ({ hits: index < hits ? 1 : 0, of: 1, cluster: `p${index}` }));
const contested = (before: number, now: number, n = 200) =>
  difference(observations(before, n), observations(now, n), false);
const precision = (right: number, n: number) => ratio(observations(right, n));
const audits = (over: Partial<Audits> = {}): Audits => ({
  by: 'people',
  precision: precision(198, 200),
  precisionOf1: precision(99, 100),
  precisionBefore: precision(99, 100),
  goal: 0.95,
  ...over,
});

test.each<[string, Audits, string, string]>([
  ['audits show the labels to be right', audits(), 'mastery', '0.99'],
  ['nobody audited', audits({ precision: null, precisionOf1: null }), 'notKnown', 'labelling.auditShare'],
  ['too few were audited', audits({ precision: precision(20, 20), precisionOf1: null }), 'notKnown', 'too few'],
  ['the label 1 is wrong', audits({ precisionOf1: precision(40, 100) }), 'saturation', 'labelled 1'],
  ['the labels are wrong', audits({ precision: precision(120, 200) }), 'saturation', 'less than 0.95'],
  [
    'the labels are worse than they were',
    audits({ goal: 0.7, precision: precision(160, 200), precisionBefore: precision(199, 200) }),
    'saturation',
    'in the lap before',
  ],
])('fewer contested proofs: %s', (_, known, means, why) => {
  const trend = contestedTrend(contested(80, 20), known);
  expect(trend).toMatchObject({ means, why: expect.stringContaining(why) as string });
});

test.each([
  ['as many', 80, 80, 200],
  ['more', 20, 80, 200],
  ['fewer by chance', 8, 6, 20],
])('contested proofs that are %s mean nothing', (_, before, now, n) => {
  expect(contestedTrend(contested(before, now, n), audits())).toBeUndefined();
});
