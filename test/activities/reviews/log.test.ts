import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import { FileStore } from '../../../activities/store/files.ts';
import type { ReviewEntry } from '../../../shared/review/reviews.ts';
import { uri } from '../../../shared/ids.ts';

let store: FileStore;
beforeEach(async () => {
  store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-log-')));
});
afterEach(() => rm(store.root, { recursive: true }));

const flag = (id: string): ReviewEntry => ({
  kind: 'flag',
  id,
  at: '2026-01-01T00:00:00.000Z',
  annotator: 'ada',
  reason: 'faulty',
});
const file = () => store.path(uri.reviewLog('set', 'q'));

test('an entry recorded twice is there once', async () => {
  const log = new ReviewLog(store);
  await log.append('set', 'q', [flag('a')]);
  await log.append('set', 'q', [flag('a'), flag('b')]);
  expect((await log.read('set', 'q')).map(({ id }) => id)).toEqual(['a', 'b']);
});

test('entries that are recorded at the same time are all there', async () => {
  const log = new ReviewLog(store);
  const ids = Array.from({ length: 20 }, (_, index) => `e${index}`);
  await Promise.all(ids.map((id) => log.append('set', 'q', [flag(id)])));
  expect((await log.read('set', 'q')).map(({ id }) => id).sort()).toEqual(ids.sort());
});

test('a line that a crash cut off is not an entry, and the next entry takes its place', async () => {
  const log = new ReviewLog(store);
  await log.append('set', 'q', [flag('a')]);
  await appendFile(file(), '{"kind":"flag","id":"ü');
  expect(await log.read('set', 'q')).toHaveLength(1);
  await log.append('set', 'q', [flag('b')]);
  expect((await readFile(file(), 'utf8')).split('\n')).toHaveLength(3);
  expect((await log.read('set', 'q')).map(({ id }) => id)).toEqual(['a', 'b']);
});

test('a damaged line is refused by file and number', async () => {
  const log = new ReviewLog(store);
  await log.append('set', 'q', [flag('a')]);
  await writeFile(file(), `garbage\n${await readFile(file(), 'utf8')}`);
  await expect(log.read('set', 'q')).rejects.toThrow(
    /^Expected line 1 of .*q\.jsonl \(byte 0\) to be a review entry, got "garbage"/,
  );
});

test('a question id cannot leave its set', () => {
  expect(uri.reviewLog('main/lap-0001/experts', 'p1#r0 ü')).toBe(
    'reviews/main/lap-0001/experts/p1%23r0%20%C3%BC.jsonl',
  );
  expect(() => uri.reviewLog('set', '../q')).toThrow(/^Expected the id of a question to be a path/);
});
