import { chatTemplateOf } from './chatTemplate.ts';
import { tensorsIn } from './safetensors.ts';
import type { ArtifactStore } from './types.ts';

/** What a file begins with that stands for another, which was not fetched. */
const POINTER = 'version https://git-lfs.github.com/spec/v1';
/** Where transformers looks for weights, in its order. */
const WEIGHTS = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
] as const;
/** What a tokenizer is made of; the first is every family's, the others' files are older. */
const TOKENIZERS = [
  ['tokenizer.json'],
  ['tokenizer.model'],
  ['vocab.json', 'merges.txt'],
  ['spiece.model'],
  ['sentencepiece.bpe.model'],
] as const;
/** Model types whose decoder is a plain Llama's, by the names of its weights. */
const PLAIN = ['llama', 'mistral', 'qwen2', 'qwen3'];
/** Bytes at a zip's end without a comment, as torch writes it, and what they begin with. */
const ZIP_END = 22;

/** Of config.json, what is looked at. */
interface Config {
  readonly model_type?: unknown;
  readonly architectures?: unknown;
  readonly is_encoder_decoder?: unknown;
  readonly quantization_config?: { readonly quant_method?: string };
  readonly num_hidden_layers?: unknown;
  readonly tie_word_embeddings?: unknown;
}

/**
 * Why a checkpoint folder cannot be trained and served, a sentence a file; none where nothing is seen. Small files are
 * read whole, of weights the headers alone: a checkpoint of any size takes no longer than its tokenizer.
 * @param files where the checkpoint is all there is.
 */
export async function faultsOf(files: ArtifactStore, names: readonly string[]): Promise<string[]> {
  const folder = new Folder(files, names);
  const config = await folder.json<Config>('config.json');
  if (config !== undefined) folder.say('config.json', refusalOf(config));
  await checkWeights(folder, config ?? {});
  const tokenizer = TOKENIZERS.find((parts) => parts.every((name) => names.includes(name)));
  if (tokenizer === undefined) folder.say('tokenizer.json', 'is missing, and there is no other tokenizer');
  for (const name of tokenizer ?? [])
    if (name.endsWith('.json')) await folder.json(name);
    else await folder.isThere(name);
  await checkChat(folder);
  return folder.faults;
}

/** A checkpoint's files, and what was found wrong with them. */
class Folder {
  readonly faults: string[] = [];
  readonly files: ArtifactStore;
  readonly names: readonly string[];

  constructor(files: ArtifactStore, names: readonly string[]) {
    this.files = files;
    this.names = names;
  }

  say(name: string, fault: string | undefined): void {
    if (fault !== undefined) this.faults.push(`${name} ${fault}`);
  }

  /** Whether the file is there, and is itself. */
  async isThere(name: string): Promise<boolean> {
    if (!this.names.includes(name)) this.say(name, 'is missing');
    else if ((await this.files.readBytes(name, { from: 0, to: POINTER.length })).toString() === POINTER)
      this.say(name, 'is a Git LFS pointer, not the file that it points to: run `git lfs pull` where it came from');
    else return true;
    return false;
  }

  /** The object in a file; undefined, and said, where there is none. */
  async json<T extends object>(name: string): Promise<T | undefined> {
    if (!(await this.isThere(name))) return undefined;
    try {
      const value = await this.files.readJson<T | null>(name);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    this.say(name, 'is no JSON object');
    return undefined;
  }

  /** Names of the tensors in a file of weights; none where they cannot be told. */
  async tensors(name: string): Promise<readonly string[]> {
    if (!(await this.isThere(name))) return [];
    try {
      if (name.endsWith('.safetensors')) return await tensorsIn(this.files, name);
      await this.#checkPickle(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== undefined) throw error; // the disk's
      this.say(name, (error as Error).message);
    }
    return [];
  }

  /** torch's own format is a zip, whose directory stands at its end. */
  async #checkPickle(name: string): Promise<void> {
    const { bytes = 0 } = (await this.files.stat(name)) ?? {};
    const start = (await this.files.readBytes(name, { from: 0, to: 2 })).toString('latin1');
    const end = await this.files.readBytes(name, { from: Math.max(0, bytes - ZIP_END), to: bytes });
    const isWhole = start === 'PK' ? end.subarray(0, 2).toString('latin1') === 'PK' : start.startsWith('\u0080');
    if (!isWhole) throw new Error(`is cut off, or no file of torch: it has ${bytes} bytes`);
  }
}

function refusalOf(config: Config): string | undefined {
  const { model_type: type, architectures, quantization_config: quantization } = config;
  if (typeof type !== 'string') return 'names no model_type';
  const classes = Array.isArray(architectures) ? architectures.map(String) : [];
  if (
    config.is_encoder_decoder === true ||
    !classes.every((name) => /(ForCausalLM|LMHeadModel|Generation)$/.test(name))
  )
    return `is of ${classes.join(', ') || type}, which is no model that writes on from a text: it cannot be trained`;
  if (quantization !== undefined && quantization !== null)
    return (
      `says that the weights are quantized (${quantization.quant_method ?? 'quantization_config'}): they ` +
      'cannot be trained; take the checkpoint in bf16'
    );
  return undefined;
}

async function checkWeights(folder: Folder, config: Config): Promise<void> {
  const chosen = WEIGHTS.find((name) => folder.names.includes(name));
  if (chosen === undefined) {
    const others = folder.names.filter((name) => /\.(safetensors|bin|gguf|pth|pt)$/.test(name));
    const found = others.length === 0 ? '' : `; of ${others.join(', ')} nobody says how they belong together`;
    return folder.say('model.safetensors', `is missing, and there is no model.safetensors.index.json${found}`);
  }
  let tensors = chosen.endsWith('.json') ? [] : await folder.tensors(chosen);
  if (chosen.endsWith('.json')) {
    const index = await folder.json<{ readonly weight_map?: Readonly<Record<string, string>> }>(chosen);
    if (index === undefined) return;
    const places = Object.entries(index.weight_map ?? {});
    if (places.length === 0) return folder.say(chosen, 'has no weight_map');
    tensors = places.map(([tensor]) => tensor);
    for (const shard of [...new Set(places.map(([, name]) => name))].sort()) {
      const before = folder.faults.length;
      const inShard = new Set(await folder.tensors(shard));
      const lost = places.find(([tensor, name]) => name === shard && !inShard.has(tensor));
      if (lost !== undefined && folder.faults.length === before && shard.endsWith('.safetensors'))
        folder.say(shard, `lacks ${lost[0]}, which ${chosen} says is in it`);
    }
  }
  if (folder.faults.length === 0 && chosen.includes('safetensors'))
    folder.say(chosen, lackOf(new Set(tensors), config));
}

/** Weights that a plain decoder's file lacks: transformers would put random numbers in their place. */
function lackOf(tensors: ReadonlySet<string>, config: Config): string | undefined {
  if (!PLAIN.includes(String(config.model_type))) return undefined;
  const layers = Array.from({ length: Number(config.num_hidden_layers) || 0 }, (_, layer) => `model.layers.${layer}.`);
  const wanted = [
    'model.embed_tokens.weight',
    'model.norm.weight',
    ...layers.flatMap((layer) => [`${layer}self_attn.q_proj.weight`, `${layer}mlp.down_proj.weight`]),
    ...(config.tie_word_embeddings === true ? [] : ['lm_head.weight']),
  ];
  const lost = wanted.find((name) => !tensors.has(name));
  return lost === undefined ? undefined : `has no ${lost}, which config.json asks for`;
}

async function checkChat(folder: Folder): Promise<void> {
  for (const name of ['tokenizer_config.json', 'generation_config.json', 'chat_template.json'])
    if (folder.names.includes(name) && (await folder.json(name)) === undefined) return;
  if ((await chatTemplateOf(folder.files)) === undefined)
    folder.say(
      'tokenizer_config.json',
      'has no chat_template, or none named default, and there is no chat_template.jinja: add the one by which the ' +
        'model was tuned',
    );
}
