import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { FileStore } from '../../../activities/store/files.ts';
import { RowIndex } from '../../../workers/reward-service/rows.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'rows-'));
});
afterEach(() => rm(folder, { recursive: true }));

const rowOf = (itemId: string, characters: number) => ({
  itemId,
  task: 'prove',
  prompt: [{ role: 'user', content: 'prove, please' }],
  meta: { problem: { id: itemId, statement: 'x'.repeat(characters), topic: 'algebra', source: 'test' } },
});

/** A store that counts what is read of it. */
class CountingStore extends FileStore {
  reads = 0;

  override readBytes(...asked: Parameters<FileStore['readBytes']>) {
    this.reads += 1;
    return super.readBytes(...asked);
  }
}

test('a row is read from disk once for all of its group, and as much as memory has room for is kept', async () => {
  const store = new CountingStore(folder);
  const many = Array.from({ length: 12 }, (_, number) => rowOf(`p${number}`, 2 ** 20));
  const index = await RowIndex.open(store, [await store.writeJsonl('rows.jsonl', many)]);
  const before = store.reads;
  for (let sample = 0; sample < 16; sample += 1)
    expect((await index.get('p0'))?.meta.problem.statement).toHaveLength(2 ** 20);
  expect(store.reads - before).toBe(1);

  for (const { itemId } of many) await index.get(itemId);
  const all = store.reads;
  await index.get('p11');
  expect(store.reads).toBe(all);
  await index.get('p0');
  expect(store.reads).toBe(all + 1);
  expect(await index.get('p99')).toBeUndefined();
});
