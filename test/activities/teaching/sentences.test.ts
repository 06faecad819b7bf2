import { wholeSentences } from '../../../activities/teaching/sentences.ts';

test.each([
  [
    'whole sentences stay, and what was broken off goes',
    'One is odd. Two is even. Three is',
    'One is odd. Two is even.',
  ],
  ['a number’s point ends nothing', 'Let x be 0.5 and y', 'Let x be 0.5 and.'],
  ['a quotation ends with its sentence', 'He says "it holds." And then', 'He says "it holds."'],
  ['a formula may end a sentence', 'So it is $a = b.$ Now let', 'So it is $a = b.$'],
  ['a first sentence that never ends is closed', 'Suppose that n is even, and that', 'Suppose that n is even, and.'],
  ['a new title ends it', 'It holds so.\n## Self Evaluation\nIt is right.', 'It holds so.'],
  ['a key phrase ends it', 'It holds so. Based on my evaluation, the', 'It holds so.'],
  ['a box ends it', 'It is right: \\boxed{1}. Done.', 'It is right.'],
  ['a list’s number ends nothing', '1. Let n be even.\n2. Then', '1. Let n be even.'],
  ['a few words are kept whole where a mark follows', 'This is trivial ## Solution', 'This is trivial.'],
  ['a word or two are nothing', 'Trivial. 1.', ''],
  ['signs alone are nothing', '... !! ??', ''],
  ['nothing is nothing', ' \n', ''],
])('%s', (_, text, expected) => {
  expect(wholeSentences(text)).toBe(expected);
});
