import type { Presence } from '../../clusters/types.ts';
import type { Draining, Replica, ReplicaBook } from './book.ts';
import type { PoolMeans } from './means.ts';
import type { PoolSettings } from './settings.ts';

export type Reason = Pick<Draining, 'why' | 'words'>;

/** Bytes of a log's end that are looked at, and characters of its last line that are shown. */
const END = { bytes: 2_048, characters: 300 };

interface Silence {
  readonly replica: Replica;
  readonly presence: Presence;
  /** For how long it has not answered. */
  readonly silentMs: number;
  readonly pool: PoolSettings;
}

/** Why a replica that does not answer is waited for no longer; undefined where it is. */
export function hopeless({ replica, presence, silentMs, pool }: Silence): Reason | undefined {
  if (presence.kind === 'alive' && presence.lostSince !== undefined)
    return { why: 'silent', words: `its node has not been heard of since ${presence.lostSince}` };
  if (replica.ready !== undefined)
    return silentMs > pool.silentSeconds * 1_000
      ? { why: 'silent', words: `it said nothing for ${pool.silentSeconds} s` }
      : undefined;
  const late = presence.kind === 'alive' && Date.now() - Date.parse(presence.since) > pool.startSeconds * 1_000;
  return late ? { why: 'never ready', words: `it did not serve within ${pool.startSeconds} s` } : undefined;
}

/** Why there is no replica, in words: how its last attempt ended, and what its log says. */
export async function whyNot(
  { pool, cluster, store }: PoolMeans,
  book: ReplicaBook,
  { id, job, ended, draining }: Replica,
  digest: string,
): Promise<string> {
  const log = book.fileOf(id, 'log');
  const bytes = (await store.stat(log))?.bytes ?? 0;
  const from = Math.max(0, bytes - END.bytes);
  const end = bytes === 0 ? '' : (await store.readBytes(log, { from, to: bytes })).toString('utf8');
  const last = end.trim().split('\n').at(-1)?.slice(0, END.characters) ?? '';
  const words = draining?.words ?? ended?.words;
  return (
    `Expected a replica of pool ${pool.name} to serve ${digest}, but job ${job.id} on ${cluster.name} ended before it ` +
    `did${words === undefined ? '' : ` (${words})`}; its log ${log} ` +
    (last === '' ? 'is empty' : `ends with ${JSON.stringify(last)}`)
  );
}
