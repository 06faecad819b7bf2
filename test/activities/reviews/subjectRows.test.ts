import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SubjectRows } from '../../../activities/reviews/subjectRows.ts';
import { FileStore } from '../../../activities/store/files.ts';

let store: FileStore;
beforeEach(async () => {
  store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-rows-')));
});
afterEach(() => rm(store.root, { recursive: true }));

test('any row of a dataset is found, whatever its length', async () => {
  const rows = Array.from({ length: 300 }, (_, index) => ({ id: `é${index}`, proof: '∀'.repeat((index * 37) % 900) }));
  const ref = await store.writeJsonl('d.jsonl', rows);
  const subject = new SubjectRows(store);
  expect(await subject.ids(ref)).toEqual(rows.map(({ id }) => id));
  for (const row of [0, 1, 150, 299]) expect(await subject.row(ref, row)).toEqual(rows[row]);
  await expect(subject.row(ref, 300)).rejects.toThrow('Expected a row from 0 to 299 of d.jsonl, got 300');
});

test('two rows with one id are refused by name', async () => {
  const ref = await store.writeJsonl('d.jsonl', [{ id: 'p1' }, { id: 'p2' }, { id: 'p1' }]);
  await expect(new SubjectRows(store).ids(ref)).rejects.toThrow(
    'Expected every row of d.jsonl to have an id of its own, got "p1" in rows 0 and 2',
  );
});

test('a dataset that was changed is refused', async () => {
  const ref = await store.writeJsonl('d.jsonl', [{ id: 'p1' }]);
  await store.writeJsonl('d.jsonl', [{ id: 'p2' }]);
  await expect(new SubjectRows(store).ids(ref)).rejects.toThrow(/it was changed after it was written$/);
});
