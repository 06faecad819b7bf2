import fs from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { frontMatter } from '../../../activities/store/card.ts';
import { checkpointDigest, importCheckpoint } from '../../../activities/store/checkpoints.ts';
import { newFolder, placeCheckpoint } from '../../../activities/store/exportFolder.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { checkpointFolder } from './checkpointFixture.ts';

const scratch = (): Promise<string> => fs.mkdtemp(path.join(tmpdir(), 'flywheel-export-'));
const never = new AbortController().signal;
const write = (name: string) => (folder: string) => fs.writeFile(path.join(folder, name), name);

async function stored() {
  const store = new FileStore(await scratch());
  return { store, ref: await importCheckpoint(store, await checkpointFolder()) };
}

test('a folder is made whole, with the folders above it, and in an empty one that is there', async () => {
  const at = await scratch();
  await newFolder(path.join(at, 'a/b'), write('one'));
  await fs.mkdir(path.join(at, 'empty'));
  await newFolder(path.join(at, 'empty'), write('two'));
  expect((await fs.readdir(at, { recursive: true })).sort()).toEqual(['a', 'a/b', 'a/b/one', 'empty', 'empty/two']);
});

test('of a folder that could not be filled nothing is left, nor of those that were made for it', async () => {
  const at = await scratch();
  const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
  const filled = newFolder(path.join(at, 'a/b'), async (folder) => {
    await write('half')(folder);
    throw full;
  });
  await expect(filled).rejects.toThrow(/^Cannot write .*a\/b \(ENOSPC\): the disk is full/);
  expect(await fs.readdir(at)).toEqual([]);
});

test.each([
  ['a file', 'file', /got a file: name another/],
  ['a path through a file', 'file/below', /got a path through a file/],
  ['a folder that holds something', 'held', /got one that holds mine and 1 more/],
])('%s is no new folder, and stays as it is', async (_, name, why) => {
  const at = await scratch();
  await fs.writeFile(path.join(at, 'file'), 'mine');
  await fs.mkdir(path.join(at, 'held'));
  for (const mine of ['mine', 'other']) await write(mine)(path.join(at, 'held'));
  await expect(newFolder(path.join(at, name), write('ours'))).rejects.toThrow(why);
  expect((await fs.readdir(at, { recursive: true })).sort()).toEqual(['file', 'held', 'held/mine', 'held/other']);
});

test('of two who make one folder the second is refused, and the first is left', async () => {
  const at = path.join(await scratch(), 'one');
  const first = newFolder(at, write('first'));
  await expect(
    newFolder(at, async (folder) => {
      await first;
      await write('second')(folder);
    }),
  ).rejects.toThrow('something that came meanwhile');
  expect(await fs.readdir(at)).toEqual(['first']);
});

test('what a process that died left unfinished beside is removed by the next', async () => {
  const at = await scratch();
  const left = `.${'0'.repeat(8)}-${'0'.repeat(4)}-${'0'.repeat(4)}-${'0'.repeat(4)}-${'0'.repeat(12)}`;
  await fs.mkdir(path.join(at, `${left}~${encodeURIComponent(hostname())}~1~never.tmp`));
  await newFolder(path.join(at, 'mine'), write('one'));
  expect(await fs.readdir(at)).toEqual(['mine']);
});

test("a checkpoint's files come as they are, and make its digest", async () => {
  const { store, ref } = await stored();
  const to = await scratch();
  const { files, bytes } = await placeCheckpoint(store, ref, to, { link: false, signal: never });
  expect(await checkpointDigest(to)).toBe(ref.sha256);
  expect((await fs.readdir(to)).sort()).toEqual([...files]);
  const sizes = await Promise.all(files.map(async (name) => (await fs.stat(path.join(to, name))).size));
  expect(bytes).toBe(sizes.reduce((all, each) => all + each, 0));
});

test('weights alone are linked, and only where that is asked for: what a person edits is their own', async () => {
  const { store, ref } = await stored();
  const inode = async (folder: string, name: string) => (await fs.stat(path.join(folder, name))).ino;
  const shared = async (link: boolean) => {
    const to = await scratch();
    const { linked, cloned } = await placeCheckpoint(store, ref, to, { link, signal: never });
    const names = (await fs.readdir(to)).sort();
    const same = await Promise.all(
      names.map(async (name) => (await inode(to, name)) === (await inode(store.path(ref.uri), name))),
    );
    return { linked: linked + cloned, same: names.filter((_, index) => same[index]) };
  };
  const { linked, same } = await shared(true);
  // Where the file system clones, nothing needs a link.
  expect([[], ['model.safetensors']]).toContainEqual(same);
  expect(linked).toBeGreaterThan(0);
  expect((await shared(false)).same).toEqual([]);
});

test('a checkpoint that was changed in the store is not written', async () => {
  const { store, ref } = await stored();
  await fs.appendFile(store.path(`${ref.uri}/config.json`), ' ');
  const at = path.join(await scratch(), 'model');
  const written = newFolder(at, (folder) => placeCheckpoint(store, ref, folder, { link: true, signal: never }));
  await expect(written).rejects.toThrow(/to have the digest .* it was changed/);
  await expect(fs.stat(at)).rejects.toThrow('ENOENT');
});

test('who interrupts it gets nothing', async () => {
  const { store, ref } = await stored();
  const at = path.join(await scratch(), 'model');
  const signal = AbortSignal.abort(new Error('stopped'));
  const written = newFolder(at, (folder) => placeCheckpoint(store, ref, folder, { link: false, signal }));
  await expect(written).rejects.toThrow('stopped');
  expect(await fs.readdir(path.dirname(at))).toEqual([]);
});

test.each([
  ['---\nlicense: apache-2.0\n---\ntext', { license: ['apache-2.0'] }],
  [
    '---\r\nlicense: "mit" # as ever\r\ntags:\r\n  - a\r\n  - \'b c\'\r\n---\r\n',
    { license: ['mit'], tags: ['a', 'b c'] },
  ],
  ['---\nlicense:\n- mit\n- bsd\n---\n', { license: ['mit', 'bsd'] }],
  ['---\nlicense: # nobody knows\n---\n', { license: [] }],
  ['---\nlicense: [mit, bsd]\nmap:\n  license: mit\n---\n', { license: [], map: [] }],
  ['---\nlicense: mit\nand no end', {}],
  ['license: mit', {}],
  ['# Title\n---\nlicense: mit\n---\n', {}],
])('the plain fields at the top of a card: %j', (card, fields) => {
  expect(Object.fromEntries(frontMatter(card))).toEqual(fields);
});
