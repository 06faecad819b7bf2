import { readFileSync } from 'node:fs';
import path from 'node:path';
import { answerIn } from '../../shared/answers.ts';
import type { Task } from '../../shared/records.ts';
import { separate, type ThinkingFormat } from '../../shared/thinking.ts';

const THINK = { open: '<think>', close: '</think>' } as const;
const FORMATS: Readonly<Record<string, ThinkingFormat>> = { none: 'none', field: 'field', tags: THINK };

/** Messages as servers send them, how their models separate thinking, and what they hold. */
interface Case {
  readonly id: string;
  readonly separates: string;
  readonly task: Task;
  readonly message: {
    readonly content: string | null;
    readonly reasoning_content?: string;
    readonly reasoning?: string;
  };
  readonly thinking: string;
  readonly answer?: string;
  readonly proof?: string;
  readonly score?: number;
  readonly kind?: 'truncated';
}
const cases = JSON.parse(readFileSync(path.join(import.meta.dirname, 'thinking.json'), 'utf8')) as Case[];

test.each(cases)('$id: thinking and answer are told apart, once', (each) => {
  const { content, reasoning_content, reasoning } = each.message;
  const parts = separate(FORMATS[each.separates] as ThinkingFormat, {
    content: content ?? '',
    reasoning: reasoning_content ?? reasoning,
  });
  expect(parts.thinking ?? '').toBe(each.thinking);
  if (each.answer !== undefined) expect(parts.answer).toBe(each.answer);
  expect(parts.stillThinking).toBe(each.kind === 'truncated');
  const parsed = answerIn({ task: each.task, text: parts.answer });
  if (each.proof !== undefined) expect(parsed).toMatchObject({ kind: 'wellFormed', proof: each.proof });
  if (each.score !== undefined) expect(parsed).toMatchObject({ kind: 'wellFormed', score: each.score });
});

test.each([
  ['a prompt that opens the thinking', { ...THINK, promptOpens: true }, 'so far</think>\nDone.', 'so far', 'Done.'],
  [
    'a model that repeats the opening mark',
    { ...THINK, promptOpens: true },
    '<think>so far</think>Done.',
    'so far',
    'Done.',
  ],
  [
    'a prompt that leaves it to the model',
    { ...THINK, promptOpens: false },
    'No </think> here.',
    undefined,
    'No </think> here.',
  ],
  [
    'marks of any form',
    { open: '[THINK]', close: '[/THINK]' },
    '[THINK]a </think> b[/THINK] Done.',
    'a </think> b',
    'Done.',
  ],
  ['thinking of nothing', THINK, '<think>\n\n</think>\n\nDone.', undefined, 'Done.'],
])('%s', (_, format, content, thinking, answer) => {
  expect(separate(format, { content })).toEqual({ ...(thinking && { thinking }), answer, stillThinking: false });
});

test.each([
  ['the model opened', THINK, '<think>so far'],
  ['the prompt opened', { ...THINK, promptOpens: true }, 'so far'],
])('thinking that %s and never ended is no answer', (_, format, content) => {
  expect(separate(format, { content })).toEqual({ thinking: 'so far', answer: '', stillThinking: true });
});
