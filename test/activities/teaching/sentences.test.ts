import { wholeSentences } from '../../../activities/teaching/sentences.ts';

test.each([
  [
    'whole sentences stay, and what was broken off goes',
    'One is odd. Two is even. Three is',
    'One is odd. Two is even.',
  ],
  ['a number’s point ends nothing', 'Let x = 0.5 and y', 'Let x = 0.5 and.'],
  ['a quotation ends with its sentence', 'He says "it holds." And then', 'He says "it holds."'],
  ['a formula may end a sentence', 'So $a = b.$ Now let', 'So $a = b.$'],
  ['a first sentence that never ends is closed', 'Suppose that n is even, and that', 'Suppose that n is even, and.'],
  ['a new title ends it', 'It holds.\n## Self Evaluation\nIt is right.', 'It holds.'],
  ['a key phrase ends it', 'It holds. Based on my evaluation, the', 'It holds.'],
  ['a box ends it', 'It is right: \\boxed{1}. Done.', 'It is right.'],
  ['a lone word is kept whole where a mark follows', 'Trivial ## Solution', 'Trivial.'],
  ['signs alone are nothing', '... !! ??', ''],
  ['nothing is nothing', ' \n', ''],
])('%s', (_, text, expected) => {
  expect(wholeSentences(text)).toBe(expected);
});
