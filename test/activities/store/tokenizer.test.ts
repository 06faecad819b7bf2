import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FileStore } from '../../../activities/store/files.ts';
import { tokenCounter } from '../../../activities/store/tokenizer.ts';
import { config } from '../../../temporal.config.ts';

const shipped = (folder: string) => tokenCounter(new FileStore(path.join(config.root, 'domains', folder)));
const chat = (content: string) => [{ role: 'user' as const, content }];

/** Texts, and what transformers counts in each: alone, and as its chat template asks it. */
const TRANSFORMERS = {
  'rehearsal/checkpoints/rehearsal': [
    ['Let x > 1; 123456 = x. end\n\n\n  two  spaces\tt', 14, 15],
    ["Don't we'LL it's 3.14159e10", 4, 5],
  ],
  'implications/checkpoints/chance': [
    ['Let x > 1; 123456 = x. end\n\n\n  two  spaces\tt', 44, 45],
    ["Don't we'LL it's 3.14159e10", 27, 28],
  ],
} as const;

test.each(Object.entries(TRANSFORMERS))(
  '%s: texts and chats have the tokens that transformers counts',
  async (of, texts) => {
    const counter = await shipped(of);
    expect(counter.guessed).toBeUndefined();
    expect(texts.map(([text]) => [text, counter.tokens(text), counter.prompt(chat(text))])).toEqual(texts);
  },
);

describe('a folder that is made here', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'flywheel-tokenizer-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (name: string, value: unknown) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, name), JSON.stringify(value));
  };

  test('without a tokenizer that can be read three characters are a token, and that is said', async () => {
    write('tokenizer_config.json', { chat_template: '<s>{{ messages[0].content }}' });
    const none = await tokenCounter(new FileStore(folder));
    expect(none.guessed).toBe('there is no tokenizer.json');
    expect([none.tokens('1234567'), none.prompt(chat('1234567'))]).toEqual([3, 4]);
    write('tokenizer.json', { model: { type: 'Unheard' } });
    expect((await tokenCounter(new FileStore(folder))).guessed).toBeDefined();
  });

  test('a begin that the template writes is one token, and no second one is added', async () => {
    write('tokenizer.json', {
      added_tokens: [
        { id: 0, content: '<s>', special: true, single_word: false, lstrip: false, rstrip: false, normalized: false },
      ],
      pre_tokenizer: { type: 'WhitespaceSplit' },
      post_processor: {
        type: 'TemplateProcessing',
        single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
        pair: [],
        special_tokens: { '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] } },
      },
      normalizer: null,
      decoder: null,
      model: { type: 'BPE', vocab: { '<s>': 0, a: 1, b: 2 }, merges: [] },
    });
    write('tokenizer_config.json', {
      bos_token: { content: '<s>' },
      chat_template: '{{ bos_token }}{{ messages[0].content }}',
    });
    const counter = await tokenCounter(new FileStore(folder));
    expect(counter.guessed).toBeUndefined();
    expect([counter.tokens('a b'), counter.prompt(chat('a b'))]).toEqual([2, 3]);
  });
});
