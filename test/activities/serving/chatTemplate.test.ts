import { thinkingOf } from '../../../activities/serving/chatTemplate.ts';

const THINK = { open: '<think>', close: '</think>' };
const turns = (generation: string, assistant = '{{ m.content }}') =>
  `{%- for m in messages %}<|{{ m.role }}|>{%- if m.role == 'assistant' %}{% generation %}${assistant}` +
  `{% endgeneration %}{%- else %}{{ m.content }}{%- endif %}<|end|>{%- endfor %}` +
  `{%- if add_generation_prompt %}<|assistant|>${generation}{%- endif %}`;
/** It opens no thinking, and closes it at once where it is told to. */
const switched = turns(
  "{{- '\\n' }}{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}" +
    '{%- endif %}',
);
const dropsOldThoughts = "{%- if '</think>' in m.content %}{{ m.content.split('</think>')[-1] }}{%- endif %}";

test.each([
  ['says nothing of thinking', turns('\n'), undefined, undefined],
  ['leaves the opening to the model', switched, undefined, { ...THINK, promptOpens: false }],
  ['is told to switch thinking off', switched, { enable_thinking: false }, 'none'],
  ['is told to switch thinking on', switched, { enable_thinking: true }, { ...THINK, promptOpens: false }],
  ['opens the thinking', turns('<think>\\n', dropsOldThoughts), undefined, { ...THINK, promptOpens: true }],
  ['only drops old thoughts', turns('', dropsOldThoughts), undefined, { ...THINK, promptOpens: false }],
  [
    'has brackets for marks',
    turns('', '[THINK]{{ m.reasoning_content }}[/THINK]{{ m.content }}'),
    undefined,
    { open: '[THINK]', close: '[/THINK]', promptOpens: false },
  ],
  [
    'has marks of its own',
    turns('<my:reasoning>', '{{ m.content }}'),
    undefined,
    { open: '<my:reasoning>', close: '</my:reasoning>', promptOpens: true },
  ],
  ['refuses a plain question', `{{ raise_exception('system first') }}<think>`, undefined, THINK],
])('a chat template that %s', (_, template, templateKwargs, format) => {
  expect(thinkingOf(template, templateKwargs)).toEqual(format);
});
