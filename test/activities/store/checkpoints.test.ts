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

async function folder(files: Readonly<Record<string, string>>): Promise<string> {
  const where = await mkdtemp(path.join(tmpdir(), 'flywheel-checkpoint-'));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(where, name), text);
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
  const base = await folder({ 'config.json': '{}', 'model.safetensors': 'weights' });
  const refs = await Promise.all(Array.from({ length: 5 }, () => importCheckpoint(store, base)));
  const digest = await checkpointDigest(base);
  expect(refs).toEqual(Array.from({ length: 5 }, () => ({ uri: `checkpoints/${digest}`, sha256: digest })));
  expect(await readdir(store.path('checkpoints'))).toEqual([digest, `${digest}.made.json`]);
  expect(await readFile(store.path(`checkpoints/${digest}/model.safetensors`), 'utf8')).toBe('weights');
});

test('of equal checkpoints the one that was made first says what it was made of', async () => {
  const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-store-')));
  const base = await folder({ 'config.json': '{}' });
  const ref = checkpointRef(await checkpointDigest(base));
  const made = madeBy('main/lap-0001/verifier-v1', { 'trained on': { uri: 'datasets/one.jsonl', sha256: 'a' } });
  await recordMade(store, ref, made);
  await importCheckpoint(store, base);
  expect(await store.readMade(ref.uri)).toEqual({ sha256: ref.sha256, ...made });
});

test('an import that a kill broke off is finished by the next', async () => {
  const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-store-')));
  const base = await folder({ 'config.json': '{}', 'model.safetensors': 'weights' });
  await store.write(`checkpoints/${await checkpointDigest(base)}/model.safetensors`, 'wei');
  const ref = await importCheckpoint(store, base);
  expect(await checkpointDigest(store.path(ref.uri))).toBe(ref.sha256);
});

test('a stored checkpoint that was changed is refused', async () => {
  const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-store-')));
  const base = await folder({ 'config.json': '{}' });
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
  const nested = await folder({ 'config.json': '{}' });
  await mkdir(path.join(nested, 'original'));
  await writeFile(path.join(nested, 'original', 'params.json'), '{}');
  await expect(importCheckpoint(store, nested)).rejects.toThrow('"original"');
});
