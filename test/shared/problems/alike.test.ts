import * as fc from 'fast-check';
import { alikeTo, USUAL_RULE } from '../../../shared/problems/alike.ts';
import { groupStatements } from '../../../shared/problems/groups.ts';
import { normalised } from '../../../shared/problems/normalise.ts';
import { CASES, DISTINCT, NOTATIONS } from './cases.ts';

const kindOf = (one: string, other: string) => alikeTo([one])(other)?.kind;

describe('statements that are one problem', () => {
  test.each(NOTATIONS.map((each) => [each[0], each] as const))('%s: its notations are equal', (first, wordings) => {
    for (const wording of wordings) expect([wording, kindOf(first!, wording)]).toEqual([wording, 'exact']);
  });

  test('are those of a list, and no two lists are one', async () => {
    const lists = [...CASES, ...DISTINCT.map((each) => [each]), ...NOTATIONS];
    const { groupOf, pairs } = await groupStatements(lists.flat());
    const first = lists.map((_, index) => lists.slice(0, index).flat().length);
    expect(groupOf).toEqual(lists.flatMap((list, index) => list.map(() => first[index])));
    expect(pairs).toHaveLength(lists.flat().length - lists.length);
  });

  test.each([
    ['a number', 'Prove that n > 100 is even.', 'Prove that n > 101 is even.'],
    ['an exponent', 'Prove that $n^2$ is odd.', 'Prove that $n^3$ is odd.'],
    ['a sign', 'Find all $x$ greater than $-1$ with $f(x) = 2$.', 'Find all $x$ greater than $1$ with $f(x) = 2$.'],
    [
      'a sign in a long statement',
      'Let f be a polynomial with integer coefficients all of whose roots are real and greater than -1. Prove it.',
      'Let f be a polynomial with integer coefficients all of whose roots are real and greater than 1. Prove it.',
    ],
    ['a number more', 'Prove that 1, 2 and 3 are odd.', 'Prove that 1, 2, 3 and 4 are odd.'],
  ])('are not those that differ by %s', (_, one, other) => expect(kindOf(one, other)).toBeUndefined());

  test('may differ by their numbers where a field says so', () => {
    const rule = { ...USUAL_RULE, ignoresNumbers: true };
    expect(alikeTo([CASES[0]![0]!], rule)(CASES[1]![3]!)?.kind).toBe('exact');
    expect(alikeTo([DISTINCT[1]!], rule)(DISTINCT[3]!)?.kind).toBe('exact');
  });

  test('are similar ones too, above a threshold, with the same numbers', () => {
    const one =
      'Let n be a positive integer. Prove that the sum of the first n odd numbers is the square of n, for n > 7.';
    const other = one.replace('for n', 'if n');
    expect(alikeTo([one])(other)).toMatchObject({ kind: 'near', index: 0 });
    expect(alikeTo([one], { ...USUAL_RULE, similarity: 0.95 })(other)).toBeUndefined();
    expect(kindOf(one, other.replace('7', '8'))).toBeUndefined();
  });

  test('a rewording is not found: no threshold would', () => {
    expect(
      kindOf(CASES[0]![0]!, 'Show n(n+1) is divisible by two whenever the integer n exceeds 100.'),
    ).toBeUndefined();
  });

  test('are not mathematics alone: the article is no variable, and a variable no article', () => {
    expect(normalised('Let a be a set. If a is a unit, then a + 1 is one.')).toBe(
      normalised('Let $x$ be a set. If $x$ is a unit, then $x + 1$ is one.'),
    );
  });
});

const statement = fc.constantFrom(...CASES.flat(), ...DISTINCT, ...NOTATIONS.flat());
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc
    .array(
      fc.constantFrom('a', 'is', ' ', 'ABC', '$', '\\frac', '{', '}', '1', ',', '000', '-', '^', 'n', '!', '|', '.'),
    )
    .map((parts) => parts.join('')),
  statement,
);

describe('normalising', () => {
  test('twice changes nothing, whatever the text', () => {
    fc.assert(
      fc.property(anyText, (text) => expect(normalised(normalised(text))).toBe(normalised(text))),
      { numRuns: 2000 },
    );
  });

  test('leaves a problem the same however numbered, spaced and delimited, and another with another number', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('n', 'k', 'x', 'B', '\\alpha', 'a'),
        fc.constantFrom(['$', '$'], ['\\(', '\\)'], ['\\[', '\\]'], ['$$', '$$']),
        fc.constantFrom('', '7. ', 'Problem 12: ', '(3) ', 'Exercise 1.2. ', '**Problem 4** ', '#5 ', 'A3. '),
        fc.constantFrom(' ', '\n', '  ', '~'),
        fc.integer({ min: 2, max: 9999 }),
        (letter, [open, close], numbering, space, number) => {
          const write = (of: number) =>
            `${numbering}Prove that for every${space}integer ${open}${letter}>${of}${close}, the number ` +
            `${open}${letter}^{2} \\cdot ${letter}${close} is even.`;
          const plain = (of: number) => `prove that for every integer m > ${of}, the number m^2 m is even`;
          expect(kindOf(plain(number), write(number))).toBe('exact');
          expect(kindOf(plain(number + 1), write(number))).toBeUndefined();
        },
      ),
    );
  });
});

describe('groups', () => {
  const words = fc.constantFrom(
    'circle',
    'prime',
    'graph',
    'n',
    'k',
    'even',
    'sum',
    '2',
    '3',
    'integer',
    'of',
    'set',
    'is',
  );
  const statements = fc
    .array(fc.array(words, { minLength: 0, maxLength: 14 }), { maxLength: 14 })
    .chain((texts) =>
      // Some once more, with a word more or less.
      fc
        .array(fc.tuple(fc.nat(), fc.nat(14), words), { maxLength: 10 })
        .map((changes) => [
          ...texts,
          ...(texts.length === 0 ? [] : changes).map(([of, at, word]) =>
            texts[of % texts.length]!.toSpliced(at, 1, word),
          ),
        ]),
    )
    .map((texts) => texts.map((each) => each.join(' ')));
  const similarity = fc.constantFrom(0.5, 0.6, 0.8, 0.95, 1);

  test('are what comparing every statement with every other gives', async () => {
    await fc.assert(
      fc.asyncProperty(statements, similarity, fc.boolean(), async (texts, least, ignoresNumbers) => {
        const rule = { similarity: least, ignoresNumbers };
        const { groupOf, pairs } = await groupStatements(texts, rule);
        const same = texts.map((one) => texts.map((other) => alikeTo([one], rule)(other) !== undefined));
        const expected = texts.map((_, index) => index);
        for (let changed = true; changed;) {
          changed = false;
          for (const [one, row] of same.entries())
            for (const [other, isSame] of row.entries())
              if (isSame && expected[one]! < expected[other]!) {
                expected[other] = expected[one]!;
                changed = true;
              }
        }
        expect(groupOf).toEqual(expected);
        expect(pairs).toHaveLength(texts.length - new Set(expected).size);
        for (const { one, other, kind, similarity: found } of pairs)
          expect(alikeTo([texts[one]!], { ...rule, similarity: 0 })(texts[other]!)).toEqual({
            kind,
            index: 0,
            similarity: found,
          });
      }),
      { numRuns: 300 },
    );
  });

  test('of whole laps’ files come without holding the event loop', async () => {
    const many = Array.from({ length: 3_000 }, (_, index) => `${CASES[0]![0]!} ${'And so on. '.repeat(20)} ${index}`);
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await groupStatements(many);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });
});
