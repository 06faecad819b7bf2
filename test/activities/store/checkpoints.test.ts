import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  checkpointDigest,
  checkpointRef,
  importCheckpoint,
  recordMade,
} from '../../../activities/store/checkpoints.ts';
import { madeBy } from '../../../activities/store/made.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { checkpointFolder, safetensors, TENSORS, TINY, TINY_CONFIG } from './checkpointFixture.ts';

async function folder(files: Readonly<Record<string, string>>): Promise<string> {
  const where = await mkdtemp(path.join(tmpdir(), 'flywheel-checkpoint-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(where, name)), { recursive: true });
    await writeFile(path.join(where, name), text);
  }
  return where;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('the digest is that of `sha256sum * | sha256sum`, by name in byte order', async () => {
  const where = await folder({ 'config.json': '{}', 'model.safetensors': 'weights', 'Z.txt': 'z', 'é.txt': 'e' });
  const lines = [
    `${sha256('z')}  Z.txt`,
    `${sha256('{}')}  config.json`,
    `${sha256('weights')}  model.safetensors`,
    `${sha256('e')}  é.txt`,
  ];
  expect(await checkpointDigest(where)).toBe(sha256(lines.map((line) => `${line}\n`).join('')));
});

test('the digest is the one that the trainer computes', async () => {
  const where = await folder({
    'config.json': '{}',
    'model.safetensors': 'weights',
    'Z.txt': 'z',
    'é.txt': 'e',
    '\u{ff5e}.txt': 'w',
    '\u{1f300}.txt': 'c',
    '.hidden': '',
    'additional_chat_templates/tool_use.jinja': 'tools',
  });
  const code =
    'import sys; from pathlib import Path; from trainer.contract.files import checkpoint_digest; ' +
    'print(checkpoint_digest(Path(sys.argv[1])))';
  const { stdout } = await promisify(execFile)('python3', ['-c', code, where], { cwd: process.cwd() });
  expect(await checkpointDigest(where)).toBe(stdout.trim());
});

test('a changed byte or a changed name is another checkpoint', async () => {
  const one = await checkpointDigest(await folder({ a: '1', b: '2' }));
  expect(await checkpointDigest(await folder({ a: '1', b: '3' }))).not.toBe(one);
  expect(await checkpointDigest(await folder({ a: '1', c: '2' }))).not.toBe(one);
  expect(await checkpointDigest(await folder({ b: '2', a: '1' }))).toBe(one);
});

test('an imported base lies whole under its digest, once, however many import it at the same time', async () => {
  const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-store-')));
  const base = await checkpointFolder();
  const refs = await Promise.all(Array.from({ length: 5 }, () => importCheckpoint(store, base)));
  const digest = await checkpointDigest(base);
  expect(refs).toEqual(Array.from({ length: 5 }, () => ({ uri: `checkpoints/${digest}`, sha256: digest })));
  expect(await readdir(store.path('checkpoints'))).toEqual([digest, `${digest}.made.json`]);
  expect(await readFile(store.path(`checkpoints/${digest}/model.safetensors`))).toEqual(TINY['model.safetensors']);
});

test('chat templates in a folder of their own are a part of a base', async () => {
  const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-store-')));
  const base = await checkpointFolder();
  const plain = await checkpointDigest(base);
  await mkdir(path.join(base, 'additional_chat_templates'));
  await writeFile(path.join(base, 'additional_chat_templates/tool_use.jinja'), 'tools');
  const { uri, sha256: digest } = await importCheckpoint(store, base);
  expect(digest).not.toBe(plain);
  expect(await readFile(store.path(`${uri}/additional_chat_templates/tool_use.jinja`), 'utf8')).toBe('tools');
});

test('of equal checkpoints the one that was made first says what it was made of', async () => {
  const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-store-')));
  const base = await checkpointFolder();
  const ref = checkpointRef(await checkpointDigest(base));
  const made = madeBy('main/lap-0001/verifier-v1', { 'trained on': { uri: 'datasets/one.jsonl', sha256: 'a' } });
  await recordMade(store, ref, made);
  await importCheckpoint(store, base);
  expect(await store.readMade(ref.uri)).toEqual({ sha256: ref.sha256, ...made });
});

test('an import that a kill broke off is finished by the next', async () => {
  const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-store-')));
  const base = await checkpointFolder();
  await store.write(`checkpoints/${await checkpointDigest(base)}/model.safetensors`, 'wei');
  const ref = await importCheckpoint(store, base);
  expect(await checkpointDigest(store.path(ref.uri))).toBe(ref.sha256);
});

test('a stored checkpoint that was changed is refused', async () => {
  const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-store-')));
  const base = await checkpointFolder();
  const { uri } = await importCheckpoint(store, base);
  await writeFile(store.path(`${uri}/config.json`), 'changed');
  await expect(importCheckpoint(store, base)).rejects.toThrow('it was changed');
});

test('what is no checkpoint is refused by name', async () => {
  const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-store-')));
  await expect(importCheckpoint(store, '/no/such/folder')).rejects.toThrow(
    'Expected /no/such/folder to be a checkpoint folder, got an empty one or none',
  );
  await expect(importCheckpoint(store, await folder({}))).rejects.toThrow('an empty one or none');
  await expect(importCheckpoint(store, await folder({ 'model.gguf': '' }))).rejects.toThrow('config.json');
  const nested = await folder({ 'config.json': '{}', 'original/params.json': '{}' });
  await expect(importCheckpoint(store, nested)).rejects.toThrow('"original"');
});

const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 1815000\n`;
const SHARDED = {
  'model.safetensors': undefined,
  'model.safetensors.index.json': JSON.stringify({
    weight_map: Object.fromEntries(
      TENSORS.map((name, at) => [name, `model-0000${at < 2 ? 1 : 2}-of-00002.safetensors`]),
    ),
  }),
  'model-00001-of-00002.safetensors': safetensors(TENSORS.slice(0, 2)),
  'model-00002-of-00002.safetensors': safetensors(TENSORS.slice(2)),
};
const WHOLE = safetensors(TENSORS);
const config = (more: object) => JSON.stringify({ ...TINY_CONFIG, ...more });
const tokenizer = (chat_template: unknown) => JSON.stringify({ chat_template });

test.each<[string, Parameters<typeof checkpointFolder>[0], string]>([
  ['weights that are a pointer', { 'model.safetensors': POINTER }, 'model.safetensors is a Git LFS pointer'],
  ['a tokenizer that is a pointer', { 'tokenizer.json': POINTER }, 'tokenizer.json is a Git LFS pointer'],
  ['weights cut off', { 'model.safetensors': WHOLE.subarray(0, -5) }, 'model.safetensors is cut off: it has'],
  [
    'a header cut off',
    { 'model.safetensors': WHOLE.subarray(0, 40) },
    'model.safetensors is cut off within its header',
  ],
  [
    'weights with more behind them',
    { 'model.safetensors': Buffer.concat([WHOLE, WHOLE]) },
    'bytes more than its header',
  ],
  [
    'a page of text as weights',
    { 'model.safetensors': '<!DOCTYPE html><html>' },
    'model.safetensors does not begin with',
  ],
  ['an empty file', { 'model.safetensors': '' }, 'model.safetensors has 0 bytes'],
  ['no weights', { 'model.safetensors': undefined }, 'model.safetensors is missing'],
  [
    'shards without their index',
    { 'model.safetensors': undefined, 'model-00001-of-00002.safetensors': WHOLE },
    'of model-00001-of-00002.safetensors nobody says how they belong together',
  ],
  [
    'a shard that is missing',
    { ...SHARDED, 'model-00002-of-00002.safetensors': undefined },
    'model-00002-of-00002.safetensors is missing',
  ],
  [
    'a shard of another checkpoint',
    { ...SHARDED, 'model-00002-of-00002.safetensors': safetensors(['model.norm.weight']) },
    'model-00002-of-00002.safetensors lacks model.layers.0.mlp.down_proj.weight',
  ],
  ['an index that is cut off', { ...SHARDED, 'model.safetensors.index.json': '{"weight_' }, 'index.json is no JSON'],
  [
    'a head that is neither there nor tied',
    { 'model.safetensors': safetensors(TENSORS.slice(1)) },
    'model.safetensors has no lm_head.weight, which config.json asks for',
  ],
  ['a layer too few', { 'config.json': config({ num_hidden_layers: 2 }) }, 'has no model.layers.1.self_attn.q_proj'],
  [
    "weights of torch's that are cut off",
    { 'model.safetensors': undefined, 'pytorch_model.bin': 'PK\u0003\u0004 and so on, but no end of it' },
    'pytorch_model.bin is cut off',
  ],
  ['a config that is no JSON', { 'config.json': '{' }, 'config.json is no JSON object'],
  ['a config of no model', { 'config.json': '{}' }, 'config.json names no model_type'],
  [
    'a model that does not write',
    { 'config.json': config({ model_type: 'bert', architectures: ['BertForMaskedLM'] }) },
    'config.json is of BertForMaskedLM, which is no model that writes on from a text',
  ],
  [
    'quantized weights',
    { 'config.json': config({ quantization_config: { quant_method: 'gptq' } }) },
    'config.json says that the weights are quantized (gptq)',
  ],
  ['no tokenizer', { 'tokenizer.json': undefined }, 'tokenizer.json is missing'],
  ['half a tokenizer', { 'tokenizer.json': undefined, 'vocab.json': '{}' }, 'tokenizer.json is missing'],
  ['no chat template', { 'tokenizer_config.json': '{}' }, 'tokenizer_config.json has no chat_template'],
  [
    'chat templates of which none is the default',
    { 'tokenizer_config.json': tokenizer([{ name: 'tool_use', template: 'x' }]) },
    'or none named default',
  ],
])('a base with %s is refused by its name', async (_, files, fault) => {
  const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-store-')));
  const where = await checkpointFolder(files);
  await expect(importCheckpoint(store, where)).rejects.toThrow(
    `Expected ${where} to be a checkpoint that can be trained and served: `,
  );
  await expect(importCheckpoint(store, where)).rejects.toThrow(fault);
  expect(await store.exists('checkpoints')).toBe(false);
});

test('all that is wrong with a base is said at once', async () => {
  const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-store-')));
  const where = await checkpointFolder({ 'tokenizer.json': undefined, 'model.safetensors': POINTER });
  await expect(importCheckpoint(store, where)).rejects.toThrow(
    /safetensors is a Git LFS .*; tokenizer\.json is missing/,
  );
});

test.each<[string, Parameters<typeof checkpointFolder>[0]]>([
  ['in shards', SHARDED],
  [
    'with tied embeddings',
    { 'config.json': config({ tie_word_embeddings: true }), 'model.safetensors': safetensors(TENSORS.slice(1)) },
  ],
  [
    'with its template in a file of its own',
    { 'tokenizer_config.json': '{}', 'chat_template.jinja': '{{ messages }}' },
  ],
  [
    'with its template as JSON',
    { 'tokenizer_config.json': undefined, 'chat_template.json': tokenizer('{{ messages }}') },
  ],
  ['with named templates', { 'tokenizer_config.json': tokenizer([{ name: 'default', template: 'x' }]) }],
  ['with a tokenizer of an older form', { 'tokenizer.json': undefined, 'vocab.json': '{}', 'merges.txt': '' }],
  [
    'with weights of a model that is no plain decoder',
    {
      'config.json': config({ model_type: 'gpt_neox' }),
      'model.safetensors': safetensors(['gpt_neox.embed_in.weight']),
    },
  ],
  ['with other files beside its weights', { 'consolidated.00.pth': POINTER, 'README.md': 'about' }],
])('a base %s is taken', async (_, files) => {
  const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-store-')));
  const { sha256 } = await importCheckpoint(store, await checkpointFolder(files));
  expect(await store.exists(`checkpoints/${sha256}/config.json`)).toBe(true);
});
