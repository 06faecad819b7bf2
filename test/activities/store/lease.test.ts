import { mkdtemp, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileStore } from '../../../activities/store/files.ts';
import { takeLease, withLease } from '../../../activities/store/lease.ts';
import { leaseContract } from './leaseContract.ts';
import { MemoryStore } from './memoryStore.ts';

const LOCK = 'locks/a.lock';
const inFolder = async (): Promise<FileStore> => new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-lease-')));
const nobody = (): never => {
  throw new Error('nobody to wait for');
};

describe('a lease in a folder', () => leaseContract(inFolder));
describe('a lease in memory', () => leaseContract(async () => new MemoryStore()));

test('an owner that a kill left half-written is held for some seconds, and nobody’s then', async () => {
  const store = await inFolder();
  await store.write(LOCK, '{"pid":');
  await expect(takeLease(store, LOCK)).rejects.toThrow('a host that is still writing it');
  await utimes(await store.local(LOCK), new Date(0), new Date(0));
  await withLease(store, LOCK, nobody, async () => undefined);
});
