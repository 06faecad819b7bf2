import * as fc from 'fast-check';
import { chainOf } from '../../../domains/rehearsal/chain.ts';
import { rehearsalChecker } from '../../../domains/rehearsal/checker.ts';
import { problemOf, randomChain } from '../../../domains/rehearsal/problems.ts';
import { analysisText, type AnalysisLine } from '../../../domains/rehearsal/analyses.ts';
import { randomFrom } from '../../../shared/seeds.ts';

const problem = problemOf(chainOf('8 L1 - 2 L2 * 3 L3 + 0 = 7'));
const right = 'L1 8 - 2 = 6\nL2 6 * 3 = 7\nL3 7 + 0 = 7';
const score = (proof: string) => rehearsalChecker.proofScore(problem, proof);

test.each([
  ['a line for every operation, each result right', right, 1],
  ['white space around the words and lines', ' L1  8 - 2 = 6 \n\n L2 6 * 3 = 7 \nL3 7 + 0 = 7\n', 1],
  ['two operations merged into a line', 'L1 8 - 2 L2 * 3 = 7\nL3 7 + 0 = 7', 0.5],
  ['all operations merged into a line', 'L1 8 - 2 L2 * 3 L3 + 0 = 7', 0.5],
  ['a wrong result', 'L1 8 - 2 = 5\nL2 5 * 3 = 4\nL3 4 + 0 = 4', 0],
  ['a wrong result, and the last line made to say the claim', 'L1 8 - 2 = 5\nL2 5 * 3 = 4\nL3 4 + 0 = 7', 0],
  ["an operand that is not the problem's", 'L1 8 - 2 = 6\nL2 6 * 4 = 2\nL3 2 + 0 = 2', 0],
  ["an operator that is not the problem's", 'L1 8 - 2 = 6\nL2 6 + 3 = 9\nL3 9 + 0 = 9', 0],
  ["a start that is not the last line's result", 'L1 8 - 2 = 6\nL2 5 * 3 = 4\nL3 4 + 0 = 4', 0],
  ['a merged line with a wrong result', 'L1 8 - 2 L2 * 3 = 8\nL3 8 + 0 = 8', 0],
  ['an operation left out in the middle', 'L1 8 - 2 = 6\nL3 6 + 0 = 6', 0],
  ['an operation left out at the end', 'L1 8 - 2 = 6\nL2 6 * 3 = 7', 0],
  ['lines in another order', 'L2 8 * 3 = 7\nL1 7 - 2 = 6\nL3 6 + 0 = 7', 0],
  ['a line said twice', 'L1 8 - 2 = 6\nL1 6 - 2 = 6\nL2 6 * 3 = 7\nL3 7 + 0 = 7', 0],
  ['a label that the problem has not', `${right}\nL4 7 + 1 = 8`, 0],
  ['garbage beside the right lines', `${right}\nclearly`, 0],
  ['a verdict beside the right lines', `${right}\n## Self Evaluation\n\\boxed{1}`, 0],
  ['a number out of range', 'L1 8 - 2 = 6\nL2 6 * 3 = 18\nL3 18 + 0 = 7', 0],
  ['only the claim', '= 7', 0],
  ['nothing', '', 0],
])('a proof with %s', (_, proof, expected) => {
  expect(score(proof)).toBe(expected);
});

const line = (text: string): AnalysisLine => {
  const [, expected = '', quoted = '', verdict = ''] = /^(.*) , (.*) (\S+)$/.exec(text) ?? [];
  return { label: expected.split(' ')[0] ?? '', expected, quoted, verdict: verdict as AnalysisLine['verdict'] };
};
const truth = (proof: string, lines: string[], boxed: 0 | 0.5 | 1) =>
  rehearsalChecker.analysis(problem, proof, analysisText(lines.map(line), boxed));

const wrongProof = 'L1 8 - 2 = 5\nL2 5 * 3 = 4\nL3 4 + 0 = 4';
const found = 'L1 8 - 2 = 6 , 8 - 2 = 5 wrong';
const rest = ['L2 5 * 3 = 4 , 5 * 3 = 4 ok', 'L3 4 + 0 = 4 , 4 + 0 = 4 ?'];

test('an analysis that reports the flaw and the remark, and nothing else, is perfect', () => {
  expect(truth(wrongProof, [found, ...rest], 0)).toEqual({
    quality: 1,
    claimedIssues: 2,
    realClaimedIssues: 2,
    flaws: 1,
    flawsReported: 1,
    remarks: 1,
    remarksReported: 1,
    falseRemarks: 0,
  });
});

test.each([
  [
    'silence on a wrong proof, by the meta rubric',
    wrongProof,
    ['L1 8 - 2 = 6 , 8 - 2 = 5 ok', rest[0], 'L3 4 + 0 = 4 , 4 + 0 = 4 ok'],
    1,
    1,
  ],
  [
    'silence, then a score that does not follow',
    wrongProof,
    ['L1 8 - 2 = 6 , 8 - 2 = 5 ok', rest[0], 'L3 4 + 0 = 4 , 4 + 0 = 4 ok'],
    0,
    0.5,
  ],
  ['a real flaw and a score that does not follow', wrongProof, [found, ...rest], 1, 0.5],
  [
    'a real flaw and an invented one',
    wrongProof,
    [found, 'L2 5 * 3 = 4 , 5 * 3 = 4 wrong', 'L3 4 + 0 = 4 , 4 + 0 = 4 ok'],
    0,
    0.5,
  ],
  [
    'a real flaw and a remark on a line that is not trivial',
    wrongProof,
    [found, 'L2 5 * 3 = 4 , 5 * 3 = 4 ?', 'L3 4 + 0 = 4 , 4 + 0 = 4 ok'],
    0,
    0.5,
  ],
  [
    'a foreign line, quoted',
    `${right}\nL9 4 + 3 = 7`,
    [
      'L1 8 - 2 = 6 , 8 - 2 = 6 ok',
      'L2 6 * 3 = 7 , 6 * 3 = 7 ok',
      'L3 7 + 0 = 7 , 7 + 0 = 7 ok',
      'extra , L9 4 + 3 = 7 wrong',
    ],
    0,
    1,
  ],
  [
    'a foreign line that is not there',
    right,
    [
      'L1 8 - 2 = 6 , 8 - 2 = 6 ok',
      'L2 6 * 3 = 7 , 6 * 3 = 7 ok',
      'L3 7 + 0 = 7 , 7 + 0 = 7 ok',
      'extra , L3 7 + 0 = 7 wrong',
    ],
    0,
    0,
  ],
  [
    'only an invented flaw',
    right,
    ['L1 8 - 2 = 6 , 8 - 2 = 6 wrong', 'L2 6 * 3 = 7 , 6 * 3 = 7 ok', 'L3 7 + 0 = 7 , 7 + 0 = 7 ok'],
    0,
    0,
  ],
  [
    'only a false remark',
    right,
    ['L1 8 - 2 = 6 , 8 - 2 = 6 ?', 'L2 6 * 3 = 7 , 6 * 3 = 7 ok', 'L3 7 + 0 = 7 , 7 + 0 = 7 ok'],
    1,
    0,
  ],
  [
    'a wrong line called merged',
    wrongProof,
    ['L1 8 - 2 = 6 , 8 - 2 = 5 skips', rest[0], 'L3 4 + 0 = 4 , 4 + 0 = 4 ok'],
    0.5,
    0,
  ],
  [
    'a flaw in a line that the proof does not have',
    wrongProof,
    ['L1 8 - 2 = 6 , 8 - 2 = 4 wrong', rest[0], 'L3 4 + 0 = 4 , 4 + 0 = 4 ok'],
    0,
    0,
  ],
  ['a real flaw, wrongly recomputed', wrongProof, ['L1 8 - 2 = 7 , 8 - 2 = 5 wrong', ...rest], 0, 0.5],
  [
    "praise, wrongly recomputed: out of the rubric's scope",
    right,
    ['L1 8 - 2 = 9 , 8 - 2 = 6 ok', 'L2 6 * 3 = 7 , 6 * 3 = 7 ok', 'L3 7 + 0 = 7 , 7 + 0 = 7 ?'],
    1,
    1,
  ],
  [
    'praise that misquotes the proof',
    right,
    ['L1 8 - 2 = 6 , 8 - 2 = 5 ok', 'L2 6 * 3 = 7 , 6 * 3 = 7 ok', 'L3 7 + 0 = 7 , 7 + 0 = 7 ?'],
    1,
    0.5,
  ],
  ['an operation passed over', wrongProof, [found, rest[1]], 0, 0.5],
] as [string, string, string[], 0 | 0.5 | 1, number][])(
  'the quality of an analysis with %s',
  (_, proof, lines, boxed, quality) => {
    expect(truth(proof, lines, boxed).quality).toBe(quality);
  },
);

test('an operation that the proof leaves out is a flaw that an analysis can report', () => {
  const lines = ['L1 8 - 2 = 6 , 8 - 2 = 6 ok', 'L2 6 * 3 = 7 , none wrong', 'L3 7 + 0 = 7 , 6 + 0 = 6 wrong'];
  expect(truth('L1 8 - 2 = 6\nL3 6 + 0 = 6', lines, 0)).toMatchObject({ quality: 1, flaws: 2, flawsReported: 2 });
});

test('saying one flaw many times does not raise the count of issues found', () => {
  expect(truth(wrongProof, [found, found, found, ...rest], 0)).toMatchObject({
    claimedIssues: 2,
    flawsReported: 1,
    quality: 0.5,
  });
});

test('any text at all gets a score and a quality, and garbage never a full score', () => {
  const words = fc.constantFrom(
    'L1',
    'L2',
    'L9',
    '-',
    '*',
    '2',
    '3',
    '=',
    '6',
    '7',
    '11',
    ',',
    'ok',
    'wrong',
    '?',
    'none',
    'extra',
    '\n',
    '\\boxed{',
    '}',
    'Here is my evaluation of the solution:',
    '## Solution',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(words, { maxLength: 60 }).map((parts) => parts.join(' ')),
  );
  fc.assert(
    fc.property(text, text, fc.integer({ min: 1, max: 8 }), fc.integer(), (proof, analysis, length, seed) => {
      const any = problemOf(randomChain(length, randomFrom(seed)));
      expect([0, 0.5, 1]).toContain(rehearsalChecker.proofScore(any, proof));
      const of = rehearsalChecker.analysis(any, proof, analysis);
      expect([0, 0.5, 1]).toContain(of.quality);
      expect(of.realClaimedIssues).toBeLessThanOrEqual(of.claimedIssues);
      expect(of.flawsReported).toBeLessThanOrEqual(of.flaws);
      expect(of.remarksReported).toBeLessThanOrEqual(of.remarks);
    }),
    { numRuns: 500 },
  );
});

test('megabytes of text are read like any other', () => {
  const long = `${'L1 8 - 2 '.repeat(200_000)}\n${'L1 8 - 2 = 6\n'.repeat(200_000)}${' '.repeat(1_000_000)}x`;
  expect(score(long)).toBe(0);
  expect(rehearsalChecker.analysis(problem, long, long).quality).toBe(0.5);
});
