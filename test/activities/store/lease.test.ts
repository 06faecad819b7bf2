import { spawnSync } from 'node:child_process';
import { mkdtemp, utimes } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordOfThisProcess } from '../../../activities/processes/records.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { takeLease, withLease, type Owner } from '../../../activities/store/lease.ts';
import type { ArtifactStore } from '../../../activities/store/types.ts';
import { MemoryStore } from './memoryStore.ts';

const LOCK = 'locks/a.lock';
const inFolder = async (): Promise<FileStore> => new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-lease-')));
const nobody = (): never => {
  throw new Error('nobody to wait for');
};

describe.each<[string, () => Promise<ArtifactStore>]>([
  ['in a folder', inFolder],
  ['in memory', async () => new MemoryStore()],
])('a lease %s', (_, open) => {
  let store: ArtifactStore;
  beforeEach(async () => {
    store = await open();
  });
  const owned = async (owner: Partial<Owner>): Promise<unknown> =>
    store.write(LOCK, JSON.stringify({ ...(await recordOfThisProcess()), host: hostname(), nonce: 'x', ...owner }));

  test('work under one lease never overlaps', async () => {
    let [inside, most, waits] = [0, 0, 0];
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(20);
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => withLease(store, LOCK, () => (waits += 1), work)));
    expect([most, waits]).toEqual([1, 2]);
    expect(await store.exists(LOCK)).toBe(false);
  });

  test('that of a process that died, or that another has the id of now, is taken over by one alone', async () => {
    for (const dead of [{ pid: spawnSync('true').pid }, { startTime: '1 another-boot' }]) {
      await owned(dead);
      let inside = 0;
      const taken = await Promise.allSettled(
        Array.from({ length: 20 }, async () => {
          const lease = await takeLease(store, LOCK);
          inside += 1;
          return lease;
        }),
      );
      expect(inside).toBe(1);
      for (const each of taken) if (each.status === 'fulfilled') await each.value.release();
    }
    expect(await store.exists('locks')).toBe(false);
  });

  test('whether the process of another host lives is not known here', async () => {
    await owned({ host: 'elsewhere', pid: spawnSync('true').pid });
    await expect(takeLease(store, LOCK)).rejects.toThrow(/^Expected locks\/a to be free, but process \d+ on elsewhere/);
  });

  test('one that was lost and taken by another is not given back', async () => {
    const lease = await takeLease(store, LOCK);
    await owned({});
    await lease.release();
    expect(await store.exists(LOCK)).toBe(true);
  });

  test('work that fails gives the lease back', async () => {
    const failing = (): Promise<never> => Promise.reject(new Error('disk full'));
    await expect(withLease(store, LOCK, nobody, failing)).rejects.toThrow('disk full');
    expect(await store.exists(LOCK)).toBe(false);
  });
});

test('an owner that a kill left half-written is held for some seconds, and nobody’s then', async () => {
  const store = await inFolder();
  await store.write(LOCK, '{"pid":');
  await expect(takeLease(store, LOCK)).rejects.toThrow('a host that is still writing it');
  await utimes(await store.local(LOCK), new Date(0), new Date(0));
  await withLease(store, LOCK, nobody, async () => undefined);
});
