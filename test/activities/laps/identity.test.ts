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

  it('is the same when one workflow asks twice at once, whoever else does', async () => {
    const owners = ['a', 'b', 'a', 'c', 'a', 'b'];
    const names = await Promise.all(owners.map((owner) => allocateLap(store, 'main', owner)));
    for (const [index, owner] of owners.entries()) expect(names[index]).toBe(names[owners.indexOf(owner)]);
    expect(new Set(names).size).toBe(3);
  });

  it('counts on from the parent’s, in a run that branches from it', async () => {
    expect(await allocateLap(store, 'other', 'a', 7)).toBe('other/lap-0008');
    expect(await allocateLap(store, 'other', 'b', 2)).toBe('other/lap-0009');
  });
});
