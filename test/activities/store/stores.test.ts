import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileStore, hasHardLinks } from '../../../activities/store/files.ts';
import { registry } from '../../../activities/metrics/registry.ts';
import { measured } from '../../../activities/store/measured.ts';
import { contract } from './contract.ts';
import { MemoryStore } from './memoryStore.ts';

const folder = (): Promise<string> => fs.mkdtemp(path.join(tmpdir(), 'flywheel-store-'));

describe('a store in a folder', () => contract(async () => new FileStore(await folder())));
describe('a store in memory', () => contract(async () => new MemoryStore()));
describe('a store that is measured', () => contract(async () => measured(new FileStore(await folder()))));

test('what goes into a store, comes out of it and fails is counted', async () => {
  const counted = async (name: string) =>
    (await registry.getSingleMetric(name)?.get())?.values.reduce<Record<string, number>>(
      (all, { labels, value }) => ({ ...all, [Object.values(labels).join(' ')]: value }),
      {},
    );
  registry.resetMetrics();
  const store = measured(new FileStore(await folder()));
  await store.write('a', 'seven b');
  expect(await store.readText('a')).toBe('seven b');
  const log = await store.appendable('log');
  await log.append(Buffer.from('line\n'), 'a kill');
  await log.close();
  await expect(store.readText('nothing')).rejects.toThrow(); // what is not there is an answer
  await expect(store.write('a/b', 'a folder that is a file')).rejects.toThrow();
  expect(await counted('flywheel_store_bytes_total')).toMatchObject({ read: 7, append: 5 });
  expect(await counted('flywheel_store_operations_total')).toEqual({
    'write ok': 1,
    'read ok': 2,
    'append ok': 1,
    'write error': 1,
  });
});

test('a folder of the store may be on another disk', async () => {
  const store = new FileStore(await folder());
  await fs.symlink(await folder(), path.join(store.root, 'checkpoints'));
  await store.write('checkpoints/m/config.json', '{}');
  const uris = [];
  for await (const uri of store.list('')) uris.push(uri);
  expect(uris).toEqual(['checkpoints/m/config.json']);
  expect((await fs.readdir(path.join(store.root, 'checkpoints'))).sort()).toEqual(['m']);
});

test('files are for the eyes that the store is for', async () => {
  const store = new FileStore(await folder(), 0o600);
  await store.writeJson('token.json', {});
  expect((await fs.stat(path.join(store.root, 'token.json'))).mode & 0o777).toBe(0o600);
});

test.each(['EPERM', 'ENOTSUP', 'ENOSYS', 'EXDEV'])(
  'without hard links (%s), still one alone creates an artifact',
  async (code) => {
    const store = new FileStore(await folder());
    const refused = Object.assign(new Error(`${code}: link`), { code });
    const link = jest.spyOn(fs, 'link').mockRejectedValue(refused);
    try {
      const made = await Promise.all(Array.from({ length: 20 }, (_, n) => store.create('locks/a', `${n}`)));
      expect(made.filter((each) => each === 'created')).toHaveLength(1);
      expect(await store.readText('locks/a')).toBe(`${made.indexOf('created')}`);
      expect(link).toHaveBeenCalled();
      expect(await hasHardLinks(store.root)).toBe(false);
    } finally {
      link.mockRestore();
    }
    expect(await hasHardLinks(store.root)).toBe(true);
    expect(await fs.readdir(store.root)).toEqual(['locks']);
  },
);
