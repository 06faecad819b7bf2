import { draws, type StubOptions } from './options.ts';

/** How an answer and what was thought before it come, by the server's parser and the model's chat template. */
export const STYLES = [
  // The answer is there:
  'field',
  'text',
  'bare', // the prompt opened the thinking
  // It is not:
  'cutInField',
  'cutInText',
  'cutBare',
  'endless', // thoughts that never end, though the model did
  'endlessBare',
  'swallowed', // the server took the answer for thinking
] as const;
export type Style = (typeof STYLES)[number];

/** Marks around thoughts that stand in the text, by the option `marks`: made up, of most families, of Mistral's. */
export const MARKS = [
  { open: '[MULL]', close: '[/MULL]' },
  { open: '<think>', close: '</think>' },
  { open: '[THINK]', close: '[/THINK]' },
] as const;
export const THOUGHT = 'Perhaps it holds.\n## Solution\nHere is my evaluation of the solution: \\boxed{1}?';

/** How the reply to a seed comes; undefined: without thoughts. */
export function styleOf(seed: number, options: StubOptions): Style | undefined {
  const { thinks, thinksInField, thinksBare, thinksInVain } = options;
  const [thought, field, vain] = draws(seed, 5);
  if (thought >= thinks) return undefined;
  if (vain < thinksInVain) return STYLES[3 + Math.floor(field * 6)];
  if (field < thinksInField) return 'field';
  return field < thinksInField + thinksBare ? 'bare' : 'text';
}

export interface Message {
  readonly content: string | null;
  readonly reasoning_content?: string;
}

/** The parts of a message, thoughts included. */
export function messageOf(answer: string, seed: number, options: StubOptions): Message {
  const { open, close } = MARKS[options.marks] ?? MARKS[0];
  switch (styleOf(seed, options)) {
    case undefined:
      return { content: answer };
    case 'field':
      return { content: answer, reasoning_content: THOUGHT };
    case 'text':
      return { content: `${open}\n${THOUGHT}\n${close}\n\n${answer}` };
    case 'bare':
      return { content: `${THOUGHT}\n${close}\n\n${answer}` };
    case 'cutInField':
      return { content: null, reasoning_content: THOUGHT };
    case 'cutInText':
    case 'endless':
      return { content: `${open}\n${THOUGHT}` };
    case 'cutBare':
    case 'endlessBare':
      return { content: THOUGHT };
    case 'swallowed':
      return { content: null, reasoning_content: `${THOUGHT}\n\n${answer}` };
  }
}

/** Whether the reply was cut at its limit while it thought. */
export function cutInThought(seed: number, options: StubOptions): boolean {
  return styleOf(seed, options)?.startsWith('cut') ?? false;
}
