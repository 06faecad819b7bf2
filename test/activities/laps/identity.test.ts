import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { allocateLap } from '../../../activities/laps/identity.ts';
import { FileStore } from '../../../activities/store/files.ts';

let store: FileStore;
beforeEach(async () => {
  store = new FileStore(await mkdtemp(path.join(os.tmpdir(), 'flywheel-store-')));
});
afterEach(() => rm(store.root, { recursive: true }));

describe('a lap’s name', () => {
  it('counts up within its run', async () => {
    expect(await allocateLap(store, 'main', 'a')).toBe('main/lap-0001');
    expect(await allocateLap(store, 'main', 'b')).toBe('main/lap-0002');
    expect(await allocateLap(store, 'seed-2', 'c')).toBe('seed-2/lap-0001');
  });

  it('is the same when the same workflow asks again', async () => {
    const first = await allocateLap(store, 'main', 'a');
    await allocateLap(store, 'main', 'b');
    expect(await allocateLap(store, 'main', 'a')).toBe(first);
  });

  it('is never given to two workflows that ask at once', async () => {
    const owners = Array.from({ length: 24 }, (_, index) => `owner-${index}`);
    const names = await Promise.all(owners.map((owner) => allocateLap(store, 'main', owner)));
    expect(new Set(names).size).toBe(owners.length);
  });
});
