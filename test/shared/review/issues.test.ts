import fc from 'fast-check';
import { MAX_ISSUES } from '../../../shared/review/judgedAnalyses.ts';
import { issuesOf } from '../../../shared/review/issues.ts';

const tex = String.raw;
const OPENING = 'Here is my evaluation of the solution:';
const CLOSING = tex`Based on my evaluation, the final overall score should be:
\boxed{0.5}`;
const analysis = (...lines: readonly string[]) => [OPENING, ...lines, '', CLOSING].join('\n');

describe('the issues of an analysis', () => {
  test.each<[string, string, readonly string[]]>([
    ['numbered items', analysis('The idea is sound.', '', '1. A gap.', '2. An error.'), ['1. A gap.', '2. An error.']],
    ['numbers in brackets', analysis('(1) A gap.', '(2) An error.'), ['(1) A gap.', '(2) An error.']],
    ['bullets', analysis('- A gap.', '- An error.'), ['- A gap.', '- An error.']],
    [
      'bold titles with numbers',
      analysis('**Issue 1: division.** It may be zero.', '', 'So it fails.', '', '**Issue 2: cases.** One is missing.'),
      ['**Issue 1: division.** It may be zero.\n\nSo it fails.', '**Issue 2: cases.** One is missing.'],
    ],
    [
      'headings with numbers',
      analysis('### Step 1', 'It is wrong.', '### Step 2', 'It is a gap.'),
      ['### Step 1\nIt is wrong.', '### Step 2\nIt is a gap.'],
    ],
    [
      'bold titles without numbers, where there is no list',
      analysis('**Division by zero.** In line 3.', '', '**A missing case.** In line 5.'),
      ['**Division by zero.** In line 3.', '**A missing case.** In line 5.'],
    ],
    [
      'the outermost level alone',
      analysis('1. A gap:', '   - here,', '   - there.', '2. An error.'),
      ['1. A gap:\n   - here,\n   - there.', '2. An error.'],
    ],
    [
      'bullets below numbers, at the same depth',
      analysis('1. A gap:', '- here,', '- there.', '2. An error.'),
      ['1. A gap:\n- here,\n- there.', '2. An error.'],
    ],
    [
      'what stands below a title that names defects, and no list of what is right',
      analysis(
        '**Check of the steps**',
        '',
        '1. Right.',
        '2. Right.',
        '',
        '**Defects found**',
        '',
        '1. A gap in line 4.',
      ),
      ['1. A gap in line 4.'],
    ],
    [
      'lists under several titles, where none names defects',
      analysis('## Algebra', '', '- A sign.', '', '## Logic', '', '- A case.'),
      ['- A sign.', '- A case.'],
    ],
    [
      'nothing, where defects are said to be none',
      analysis('Key steps:', '', '- Fine.', '', 'Defects:', '', 'None.'),
      [],
    ],
    [
      'an issue that begins with No',
      analysis('- No reason is given.', '- A gap.'),
      ['- No reason is given.', '- A gap.'],
    ],
    [
      'items with a displayed formula, whose lines begin like items',
      analysis('1. It claims', tex`\[`, '- x + y', '2. = 3', tex`\]`, 'which is wrong.', '2. A gap.'),
      [
        tex`1. It claims
\[
- x + y
2. = 3
\]
which is wrong.`,
        '2. A gap.',
      ],
    ],
    [
      'no summary behind the last item',
      analysis('1. A gap.', '2. An error.', '', 'Overall, the proof is incomplete.'),
      ['1. A gap.', '2. An error.'],
    ],
    [
      'paragraphs, where there is no list',
      analysis(
        'The first step divides by zero.',
        '',
        'The last step',
        tex`$$x = 1$$`,
        '',
        tex`\[ y = 2 \]`,
        '',
        'is a gap.',
      ),
      [
        'The first step divides by zero.',
        tex`The last step
$$x = 1$$

\[ y = 2 \]

is a gap.`,
      ],
    ],
    [
      'one paragraph',
      analysis('The square is used rightly. That a > 0 is not said.'),
      ['The square is used rightly. That a > 0 is not said.'],
    ],
    ['a text without the key phrases', '1. A gap.\n2. An error.', ['1. A gap.', '2. An error.']],
    [
      'lines ended as elsewhere',
      analysis('1. A gap.', '2. An error.').replaceAll('\n', '\r\n'),
      ['1. A gap.', '2. An error.'],
    ],
    ['an empty text', '', []],
    ['key phrases alone', analysis(''), []],
  ])('are %s', (_, text, expected) => {
    expect(issuesOf(text)).toEqual(expected);
  });

  test('are parts of the text, none of them empty, at most as many as a verdict may speak of', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '',
        '1. a',
        '2) b',
        '- c',
        '  - d',
        '**Issue 3** e',
        '**f**',
        '## Errors',
        'Steps:',
        '$$',
        '\\[',
        '\\]',
        '```',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
        const text = lines.join('\n');
        const issues = issuesOf(text);
        for (const issue of issues) {
          expect(issue.trim()).not.toBe('');
          expect(text.replaceAll(/\r\n?/g, '\n')).toContain(issue.split('\n')[0]);
        }
      }),
    );
    const many = issuesOf(Array.from({ length: 300 }, (_, index) => `${index + 1}. x`).join('\n'));
    expect(many).toHaveLength(MAX_ISSUES);
    expect(many.at(-1)).toMatch(/300\. x$/);
  });

  test('take time in proportion to a hostile text', () => {
    for (const part of ['1. ', '**', '(', '- \n', ' ', '\\[\n', '$$', 'None '])
      expect(Array.isArray(issuesOf(part.repeat(100_000 / part.length)))).toBe(true);
  });
});
