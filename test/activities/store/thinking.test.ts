import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileStore } from '../../../activities/store/files.ts';
import { checkpointThinking, THINKING_FILE, thinkingOf } from '../../../activities/store/thinking.ts';

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

describe('a checkpoint', () => {
  const files = async (texts: Readonly<Record<string, string>>) => {
    const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-thinking-')));
    for (const [name, text] of Object.entries(texts)) await store.write(name, text);
    return store;
  };

  test('tells its thinking by its chat template, by what that is told', async () => {
    const known = await checkpointThinking(await files({ 'chat_template.jinja': switched }));
    expect(known.marks).toEqual(THINK);
    expect(known.of()).toEqual({ ...THINK, promptOpens: false });
    expect(known.of({ enable_thinking: false })).toBe('none');
  });

  test('tells it by a file of its own where that stands, and nothing where nothing does', async () => {
    const marks = { open: '<mull>', close: '</mull>', promptOpens: true };
    const declared = await files({ 'chat_template.jinja': switched, [THINKING_FILE]: JSON.stringify(marks) });
    expect((await checkpointThinking(declared)).of()).toEqual(marks);
    expect((await checkpointThinking(await files({}))).of()).toBeUndefined();
  });

  test('whose server separates the thinking still has marks, which its training sees', async () => {
    const declared = await files({ 'chat_template.jinja': switched, [THINKING_FILE]: '"field"' });
    const known = await checkpointThinking(declared);
    expect(known.of()).toBe('field');
    expect(known.marks).toEqual(THINK);
    expect((await checkpointThinking(await files({ [THINKING_FILE]: '"none"' }))).marks).toBeUndefined();
  });

  test('whose file says something else is refused by it', async () => {
    await expect(checkpointThinking(await files({ [THINKING_FILE]: '{"open":"<mull>"}' }))).rejects.toThrow(
      'thinking.json: expected none, field or the marks',
    );
  });
});
