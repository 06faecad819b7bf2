import { readVerdict } from '../../../shared/review/messages.ts';
import { linesIn, verdictFrom, type Sent } from '../../../workers/annotation-desk/pages/fields.ts';

const GIVEN = { score: '0.5', comment: 'A gap.' };
const reading = (sent: Sent) => {
  const read = verdictFrom(sent);
  return read.kind === 'read' ? read.value : read.reason;
};

describe('what a form says of a verdict', () => {
  test.each<[string, Sent, object]>([
    ['a score and a rationale', GIVEN, { score: 0.5, comment: 'A gap.' }],
    [
      'the lines as they are typed',
      { ...GIVEN, lines: '7, 3-5; line 4' },
      { score: 0.5, comment: 'A gap.', lines: [3, 4, 5, 7] },
    ],
    ['a doubt', { ...GIVEN, uncertain: 'yes', lines: '' }, { score: 0.5, comment: 'A gap.', uncertain: true }],
    ['lines of a rationale ended as in the store', { ...GIVEN, comment: ' a\r\nb ' }, { score: 0.5, comment: 'a\nb' }],
    [
      'the quality that follows from the issues, where no other is chosen',
      { ...GIVEN, 'issues-0': '2', 'issue-0-0': 'real', 'issue-0-1': 'notReal', 'issues-1': '1' },
      { score: 0.5, comment: 'A gap.', analyses: [{ analysis: 0, real: [true, false], score: 0.5 }] },
    ],
    [
      'another quality, and why',
      { ...GIVEN, 'issues-0': '1', 'issue-0-0': 'real', 'quality-0': '0.5', 'override-0': 'Imprecise.' },
      { score: 0.5, comment: 'A gap.', analyses: [{ analysis: 0, real: [true], score: 0.5, override: 'Imprecise.' }] },
    ],
    [
      'no reason where the quality is what follows',
      { ...GIVEN, 'issues-0': '1', 'issue-0-0': 'real', 'quality-0': '1', 'override-0': 'left from before' },
      { score: 0.5, comment: 'A gap.', analyses: [{ analysis: 0, real: [true], score: 1 }] },
    ],
    [
      'the quality of an analysis without issues',
      { ...GIVEN, 'issues-0': '0', 'quality-0': '0' },
      { score: 0.5, comment: 'A gap.', analyses: [{ analysis: 0, real: [], score: 0 }] },
    ],
    [
      'the score as the quality, where an analysis is what is scored',
      { ...GIVEN, isQuality: 'yes', 'issues-0': '2', 'issue-0-0': 'real', 'issue-0-1': 'notReal' },
      { score: 0.5, comment: 'A gap.', analyses: [{ analysis: 0, real: [true, false], score: 0.5 }] },
    ],
    [
      'nothing of issues at which nobody looked',
      { ...GIVEN, isQuality: 'yes', 'issues-0': '2' },
      { score: 0.5, comment: 'A gap.' },
    ],
  ])('is %s', (_, sent, expected) => {
    const value = reading(sent);
    expect(value).toEqual(expected);
    expect(readVerdict({ annotator: 'ada', ...(value as object) }).kind).toBe('read');
  });

  test.each<[string, Sent | undefined, RegExp]>([
    ['without a score', { comment: 'A gap.' }, /Expected a score, got none/],
    ['with another score', { ...GIVEN, score: '0.7' }, /Expected a score/],
    ['without a rationale', { score: '1', comment: ' \n ' }, /Expected a rationale, got none/],
    ['with too long a rationale', { score: '1', comment: 'x'.repeat(4001) }, /at most 4000 characters, got 4001/],
    ['with lines that are none', { ...GIVEN, lines: '3, four' }, /such as "3, 5-7", got "four"/],
    ['with a line 0', { ...GIVEN, lines: '0' }, /such as "3, 5-7"/],
    ['with a range backwards', { ...GIVEN, lines: '7-3' }, /such as "3, 5-7"/],
    ['with more lines than anybody points at', { ...GIVEN, lines: '1-999999' }, /at most 200 lines/],
    [
      'with some issues marked',
      { ...GIVEN, 'issues-1': '3', 'issue-1-2': 'real' },
      /3 issues of analysis 2 to be real or not real, got 1/,
    ],
    [
      'with another quality and no reason',
      { ...GIVEN, 'issues-0': '1', 'issue-0-0': 'notReal', 'quality-0': '1' },
      /why the quality of analysis 1 is 1, got none: from its issues follows 0/,
    ],
    [
      'with another score of an analysis and no reason',
      { ...GIVEN, isQuality: 'yes', 'issues-0': '1', 'issue-0-0': 'notReal' },
      /why the quality of the analysis is ½/,
    ],
    ['that is no form', undefined, /Expected a score/],
  ])('is refused %s, in a sentence for who filled it', (_, sent, reason) => {
    expect(verdictFrom(sent)).toEqual({ kind: 'refused', reason: expect.stringMatching(reason) as string });
  });

  test('never throws, whatever a browser sends', () => {
    for (const sent of [null, 3, 'x', [], { score: ['1', '0'], comment: ['a'], lines: ['1', '2'], 'issues-0': '1e9' }])
      expect(['read', 'refused']).toContain(verdictFrom(sent).kind);
    expect(linesIn('')).toEqual([]);
  });
});
