import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileStore } from '../../../activities/store/files.ts';
import { Journal, readJournal, type JournalLines } from '../../../activities/store/journal.ts';
import { PACE } from '../../../activities/store/signs.ts';
import { S3Store } from '../../../activities/store/s3/store.ts';
import type { ArtifactStore } from '../../../activities/store/types.ts';
import { JournalChild } from './journalChild.ts';
import { BUCKET, S3Server } from './s3Server.ts';

const LOG = 'log.jsonl';
const lines: JournalLines<{ n: number }> = { what: 'a number', remedy: '', isOne: ({ n }) => typeof n === 'number' };

let server: S3Server;
beforeAll(async () => {
  server = await S3Server.start();
  Object.assign(process.env, server.environment);
});
afterAll(() => server?.kill());

const folder = (): Promise<string> => mkdtemp(path.join(tmpdir(), 'flywheel-leases-'));

describe.each(['on S3', 'in a folder that hosts share'])('a lease over hosts, %s', (where) => {
  test('a paused holder is followed after a minute, and writes nothing when it wakes up', async () => {
    const place = where === 'on S3' ? { bucket: BUCKET, prefix: 'paused', endpoint: server.endpoint } : await folder();
    const store: ArtifactStore = typeof place === 'string' ? new FileStore(place) : new S3Store(place, await folder());
    const holder = await JournalChild.open(place, await folder(), 'another-host');
    holder.tell(1);
    await holder.until('safe 1');

    // It lives: nobody follows it, for longer than a dead one is believed in.
    const refused = async (): Promise<Journal<{ n: number }> | undefined> =>
      Journal.open(store, LOG, { lines }).catch((error: Error) => {
        expect(error.name).toBe('LeaseHeld');
        return undefined;
      });
    for (const end = Date.now() + PACE.deadMs * 1.2; Date.now() < end; await sleep(1_000))
      expect(await refused()).toBeUndefined();

    holder.process.kill('SIGSTOP');
    const paused = Date.now();
    let journal: Journal<{ n: number }> | undefined;
    while (journal === undefined) [journal] = [await refused(), await sleep(1_000)];
    expect(Date.now() - paused).toBeGreaterThanOrEqual(PACE.deadMs - PACE.renewMs);
    await journal.append({ n: 2 });
    holder.tell(3);
    holder.process.kill('SIGCONT');
    await holder.until('refused 3 LeaseLost');
    holder.tell(4);
    await holder.until('refused 4 LeaseLost');
    await journal.append({ n: 5 });
    await journal.close();
    await holder.kill();
    const there: number[] = [];
    for await (const { value } of readJournal(store, LOG, lines)) there.push(value.n);
    expect(there).toEqual([1, 2, 5]);
  });
});
