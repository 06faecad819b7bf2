import { MAX_OPERATIONS, MODULUS, OPERATORS } from '../chain.ts';
import { EXTRA, MISSING, VERDICTS } from '../analyses.ts';
import { PHRASES } from '../phrases.ts';
import { TASKS } from '../../../shared/records.ts';

/** Ends a prompt: what follows is the answer. */
export const ANSWER = '<answer>';
const SPECIAL_TOKENS = ['<pad>', '<eos>', '<unk>', ANSWER] as const;

/** Longest prompt and answer of the domain together, with room: a trajectory of three drafts on eight operations. */
export const MAX_LENGTH = 1024;

/**
 * All tokens; the id is the place. Words stand between white space; fixed phrases and the newline are found wherever
 * they stand.
 */
export const VOCABULARY: readonly string[] = [
  ...SPECIAL_TOKENS,
  '\n',
  ...PHRASES,
  ...TASKS,
  'proof:',
  'analysis:',
  ...Array.from({ length: MODULUS }, (_, value) => String(value)),
  '0.5',
  ...Array.from({ length: MAX_OPERATIONS }, (_, index) => `L${index + 1}`),
  ...OPERATORS,
  '=',
  ',',
  ...VERDICTS,
  MISSING,
  EXTRA,
  'real',
  'unreal',
  'score',
  'follows',
  'fails',
];

/**
 * `tokenizer.json`, as the tokenizers library reads it. Decoding puts one space between tokens and none around a
 * newline or inside a box, so the domain's texts come back as they went in; what it does not know becomes `<unk>`.
 */
export function tokenizerJson(): object {
  const found = new Set<string>([...SPECIAL_TOKENS, '\n', ...PHRASES]);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: VOCABULARY.flatMap((content, id) =>
      found.has(content)
        ? [
            {
              id,
              content,
              single_word: false,
              lstrip: false,
              rstrip: false,
              normalized: false,
              special: SPECIAL_TOKENS.some((token) => token === content),
            },
          ]
        : [],
    ),
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        // Puts a space before every token but the first; the prefix is one that no token has.
        { type: 'WordPiece', prefix: '\u0000', cleanup: false },
        { type: 'Fuse' },
        { type: 'Replace', pattern: { Regex: ' *\\n *' }, content: '\n' },
        { type: 'Replace', pattern: { String: '\\boxed{ ' }, content: '\\boxed{' },
        { type: 'Replace', pattern: { String: ' }' }, content: '}' },
      ],
    },
    model: {
      type: 'WordLevel',
      vocab: Object.fromEntries(VOCABULARY.map((token, id) => [token, id])),
      unk_token: '<unk>',
    },
  };
}

export function tokenizerConfigJson(): object {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    pad_token: '<pad>',
    eos_token: '<eos>',
    unk_token: '<unk>',
    extra_special_tokens: [ANSWER],
    model_max_length: MAX_LENGTH,
    padding_side: 'left',
    clean_up_tokenization_spaces: false,
    chat_template: CHAT_TEMPLATE,
  };
}

/** The messages' texts, then the token after which the answer begins; an assistant's message is the answer itself. */
const CHAT_TEMPLATE =
  "{% for message in messages %}{% if message.role == 'assistant' %}{{ '<answer>' + message.content + '<eos>' " +
  "}}{% else %}{{ message.content }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<answer>' }}{% " +
  'endif %}';
