import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordOfThisProcess } from '../../../activities/processes/records.ts';
import { takeLease, withLease, type Owner } from '../../../activities/store/lease.ts';
import type { ArtifactStore } from '../../../activities/store/types.ts';

const LOCK = 'locks/a.lock';
const SIGN = 'leases/its.json';
const HASTY = { renewMs: 1_000, sureMs: 60, deadMs: 100 };
/** So slow that nothing of it passes in a test, but by `laterBy`. */
const SLOW = { renewMs: 3_600_000, sureMs: 3_600_000, deadMs: 7_200_000 };
/** @returns what sets the clock ahead. */
function laterBy(): (ms: number) => void {
  let ahead = 0;
  const began = Date.now() - performance.now();
  jest.spyOn(performance, 'now').mockImplementation(() => Date.now() - began + ahead);
  return (ms) => (ahead += ms);
}
const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await sleep(10);
};
const nobody = (): never => {
  throw new Error('nobody to wait for');
};

/** What a lease is in every store. @param open an empty one. */
export function leaseContract(open: () => Promise<ArtifactStore>): void {
  let store: ArtifactStore;
  beforeEach(async () => {
    store = await open();
  });
  afterEach(() => jest.restoreAllMocks());
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

  test('a process of another host that gives no signs of life is left its lease', async () => {
    await owned({ host: 'elsewhere', pid: spawnSync('true').pid });
    const refusal = /^Expected locks\/a to be free, but process \d+ on elsewhere has it\. If .* gone, delete locks/;
    for (let look = 0; look < 3; look += 1) await expect(takeLease(store, LOCK, HASTY)).rejects.toThrow(refusal);
  });

  test('that of another host is taken over by one alone, after as long a time without a sign of life', async () => {
    await owned({ host: 'elsewhere', sign: SIGN });
    const later = laterBy();
    const taken = () => takeLease(store, LOCK, SLOW).catch((error: Error) => error.name);
    const others = () => Promise.all(Array.from({ length: 10 }, taken));
    for (let sign = 1; sign < 4; sign += 1) {
      await store.write(SIGN, `${sign}`);
      expect(new Set(await others())).toEqual(new Set(['LeaseHeld']));
      later(SLOW.deadMs * 0.9);
    }
    expect(new Set(await others())).toEqual(new Set(['LeaseHeld']));
    later(SLOW.deadMs);
    const leases = (await others()).filter((each) => typeof each !== 'string');
    expect(leases).toHaveLength(1);
    expect(await store.exists(SIGN)).toBe(false);
    await leases[0]?.release();
    expect(await store.exists('locks')).toBe(false);
  });

  test('a holder gives signs of life, and none once it holds nothing', async () => {
    const lease = await takeLease(store, LOCK, { ...HASTY, renewMs: 10 });
    const { sign = '' } = await store.readJson<Owner>(LOCK);
    await until(async () => Number(await store.readText(sign).catch(() => '0')) > 2);
    await lease.release();
    await sleep(50);
    expect(await store.exists('leases')).toBe(false);
  });

  test('one that cannot be given back is given back once it can', async () => {
    const pace = { ...HASTY, renewMs: 20 };
    const lease = await takeLease(store, LOCK, pace);
    const remove = jest.spyOn(store, 'remove').mockRejectedValue(new Error('away'));
    await lease.release();
    await sleep(60);
    await expect(takeLease(store, LOCK, pace)).rejects.toThrow('has it');
    remove.mockRestore();
    await until(async () => !(await store.exists(LOCK)));
    await (await takeLease(store, LOCK, pace)).release();
  });

  test('a holder that was away is sure again while nobody followed it, and else finds that it has lost', async () => {
    const pace = { ...HASTY, sureMs: 0 };
    const lease = await takeLease(store, LOCK, pace);
    await lease.sure();
    await lease.sure();
    await owned({});
    await expect(lease.sure()).rejects.toThrow(
      'Expected this process still to hold locks/a.lock, but another process has taken it',
    );
    await lease.release();
    expect(await store.exists(LOCK)).toBe(true);
  });

  test('who comes back while it is about to be followed keeps its lease', async () => {
    await owned({ host: 'elsewhere', sign: SIGN });
    await takeLease(store, LOCK, SLOW).catch(() => undefined);
    laterBy()(SLOW.deadMs);
    const guard = await takeLease(store, `${LOCK}.takeover`, SLOW);
    await expect(takeLease(store, LOCK, SLOW)).rejects.toThrow('takeover to be free');
    await store.write(SIGN, 'again');
    await guard.release();
    await expect(takeLease(store, LOCK, SLOW)).rejects.toThrow('elsewhere has it');
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
}
