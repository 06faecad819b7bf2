import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileStore } from '../../../activities/store/files.ts';
import { formatOf, markFormat, STORE_FORMAT, StoreFormatUnknown } from '../../../activities/store/format.ts';

let store: FileStore;
beforeEach(async () => {
  store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-format-')));
});

test('a store that says no format is of the first, and is read; what is written from then on is said', async () => {
  await store.writeJson('laps/main/lap-0001/manifest.json', {});
  expect(await formatOf(store)).toBe(1);
  await markFormat(store);
  expect(await store.readJson('format.json')).toEqual({ format: STORE_FORMAT });
  expect(await formatOf(store)).toBe(STORE_FORMAT);
});

test('a store of an earlier format is read, and goes over to ours when it is written to', async () => {
  await store.writeJson('format.json', { format: 1 });
  expect(await formatOf(store)).toBe(1);
  await markFormat(store);
  expect(await formatOf(store)).toBe(STORE_FORMAT);
});

test('a store that a later version wrote is refused by its number, with what to do, and left as it is', async () => {
  await store.write('format.json', `{"format":${STORE_FORMAT + 1}}`);
  const refusal =
    `Expected ${store.address('format.json')} to say a format from 1 to ${STORE_FORMAT}, got ${STORE_FORMAT + 1}: a ` +
    'later version of this project wrote this store. Use that version, or another folder (FLYWHEEL_STATE)';
  await expect(formatOf(store)).rejects.toThrow(refusal);
  await expect(markFormat(store)).rejects.toThrow(StoreFormatUnknown);
  expect(await store.readText('format.json')).toBe(`{"format":${STORE_FORMAT + 1}}`);
});

test.each(['', '{', '{"format":"2"}', '{"format":0}', '{"format":1.5}', '[2]', 'null'])(
  'a format of %j is damage',
  async (text) => {
    await store.write('format.json', text);
    await expect(formatOf(store)).rejects.toThrow(`got ${JSON.stringify(text)}: it was damaged`);
  },
);
