import { aboutModel } from '../../../activities/imports/aboutModel.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { checkpointFolder } from '../store/checkpointFixture.ts';

const TEMPLATE =
  '{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}' +
  '{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';

async function about(
  template: string,
  { ends = [2], bos = '<s>', eos = '<|im_end|>' }: { ends?: number | number[]; bos?: string; eos?: string } = {},
) {
  const folder = await checkpointFolder({
    'tokenizer_config.json': JSON.stringify({ chat_template: template, bos_token: bos, eos_token: { content: eos } }),
    'tokenizer.json': JSON.stringify({
      added_tokens: [
        { id: 2, content: '<|im_end|>' },
        { id: 3, content: '</s>' },
      ],
    }),
    'generation_config.json': JSON.stringify({ eos_token_id: ends }),
  });
  return aboutModel({ files: new FileStore(folder), prefix: '' });
}

test('a question is shown as the template writes it, with the tokens at which an answer ends', async () => {
  expect(await about(`{{ bos_token }}${TEMPLATE}`, { ends: [2, 3, 4] })).toEqual({
    asked: '<s><|im_start|>user\nHow many primes are even?<|im_end|>\n<|im_start|>assistant\n',
    generationPrompt: '<|im_end|>\n<|im_start|>assistant\n',
    begins: '<s>',
    stops: ['<|im_end|>', '</s>', 'token 4'],
    thinking: 'nothing said of thinking',
    warnings: [],
  });
  expect((await about(TEMPLATE)).begins).toBeUndefined();
});

test.each([
  ['begins a text twice', `{{ bos_token }}{{ bos_token }}${TEMPLATE}`, {}, 'begins a text twice with <s>'],
  ['asks for no answer', TEMPLATE.replace(/\{% if.*$/s, ''), {}, 'writes nothing before an answer'],
  ['cannot be rendered', '{{ raise_exception("no user") }}', {}, 'cannot be rendered here'],
  [
    'ends turns at what does not stop',
    TEMPLATE,
    { ends: 3, eos: '</s>' },
    'ends a turn with "<|im_end|>", at which it does not stop (</s>)',
  ],
])('a template that %s is warned of', async (_, template, more, warning) => {
  expect((await about(template, more)).warnings).toEqual([expect.stringContaining(warning) as string]);
});

test('how a model thinks is told from its template', async () => {
  const thinking = TEMPLATE.replace('assistant\n{% endif %}', 'assistant\n<think>\n{% endif %}') + '{# </think> #}';
  expect((await about(thinking)).thinking).toContain('<think>');
});
