import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const TINY_CONFIG = {
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  num_hidden_layers: 1,
  tie_word_embeddings: false,
};
export const TENSORS = [
  'lm_head.weight',
  'model.embed_tokens.weight',
  'model.layers.0.mlp.down_proj.weight',
  'model.layers.0.self_attn.q_proj.weight',
  'model.norm.weight',
];

/** A file of weights that is whole: two numbers a tensor. */
export function safetensors(tensors: readonly string[]): Buffer {
  const places = tensors.map((name, at) => [
    name,
    { dtype: 'BF16', shape: [1, 2], data_offsets: [4 * at, 4 * at + 4] },
  ]);
  const header = Buffer.from(JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(places) }));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([size, header, Buffer.alloc(4 * tensors.length)]);
}

/** A checkpoint's files, as small as they can be; no model could be made of them. */
export const TINY: Readonly<Record<string, string | Buffer>> = {
  'config.json': JSON.stringify(TINY_CONFIG),
  'model.safetensors': safetensors(TENSORS),
  'tokenizer.json': '{}',
  'tokenizer_config.json': '{"chat_template":"{{ messages[0].content }}"}',
};

/** A checkpoint's folder, with other files in place of some; those that are undefined are left out. */
export async function checkpointFolder(
  others: Readonly<Record<string, string | Buffer | undefined>> = {},
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'flywheel-checkpoint-'));
  for (const [name, content] of Object.entries({ ...TINY, ...others }))
    if (content !== undefined) await writeFile(path.join(folder, name), content);
  return folder;
}
