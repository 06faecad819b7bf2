import { analysesRefusal, qualityOf } from '../../../shared/review/judgedAnalyses.ts';
import { readRelease, readVerdict } from '../../../shared/review/messages.ts';

test.each([
  [[true, true], 1],
  [[true, false], 0.5],
  [[false], 0],
  [[], undefined],
])('of issues that are real or not, %j, the quality %p follows', (real, quality) => {
  expect(qualityOf(real)).toBe(quality);
});

test.each<[unknown, string]>([
  ['x', 'Expected analyses to be a list'],
  [[null], 'Expected each of analyses to say which'],
  [[{ analysis: -1, real: [], score: 1 }], 'Expected each of analyses to say which'],
  [[{ analysis: 0, real: [1], score: 1 }], 'Expected real to be a list of true and false'],
  [[{ analysis: 0, real: [true], score: 2 }], 'Expected the quality of analysis 0 to be 0, 0.5 or 1, got 2'],
  [[{ analysis: 0, real: [true], score: 0 }], 'Expected quality 1 of analysis 0, which follows from its issues'],
  [[{ analysis: 0, real: [true], score: 0, override: ' ' }], 'Expected override to be a text'],
  [
    [
      { analysis: 0, real: [], score: 1 },
      { analysis: 0, real: [], score: 1 },
    ],
    'Expected each analysis once, got 0 twice',
  ],
])('what cannot be is refused: %j', (sent, why) => {
  expect(analysesRefusal(sent)).toContain(why);
});

test('another quality than the one that follows is taken with its reason', () => {
  const analyses = [{ analysis: 0, real: [true, false], score: 1, override: 'the second is harmless' }];
  expect(readVerdict({ annotator: 'ada', score: 1, analyses })).toMatchObject({ kind: 'read', value: { analyses } });
});

test('lines are numbers of lines, each once and in order', () => {
  const read = readVerdict({ annotator: 'ada', score: 0, comment: 'no', lines: [7, 2, 7], uncertain: true });
  expect(read).toMatchObject({ kind: 'read', value: { lines: [2, 7], uncertain: true } });
  expect(readVerdict({ annotator: 'ada', score: 0, lines: [0] })).toMatchObject({
    kind: 'refused',
    reason: expect.stringContaining('Expected lines to be at most 200 numbers'),
  });
});

test('a seat is given back for a reason that is known', () => {
  expect(readRelease({ annotator: 'ada', reason: 'tired' })).toEqual({
    kind: 'refused',
    reason: 'Expected reason to be outOfMyDepth or tooLong, or left out, got "tired"',
  });
});
