import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Load } from '../../inference/types.ts';
import type { ArtifactStore } from '../../store/types.ts';
import type { LoadReport, ReplicaBook } from './book.ts';

/** A process that has said nothing for so long asks nothing any more. Ours: several looks. */
const FRESH_MS = 30_000;
/** After so long its file goes. */
const FORGOTTEN_MS = 3_600_000;

/** One process's reports, under a name that no other has. */
const PROCESS = `${hostname().replaceAll(/[^\w.-]/g, '_')}-${process.pid}-${randomUUID().slice(0, 8)}`;

/** What all processes together ask of a model now. */
export interface Loads {
  readonly waiting: number;
  readonly inFlight: number;
  /** By the address of a replica. */
  readonly at: ReadonlyMap<string, number>;
  /** When anybody last asked anything, in milliseconds since the epoch; 0 where that was long ago. */
  readonly askedAt: number;
}

/** Says what this process asks. Who asks nothing says so once. */
export async function report(store: ArtifactStore, book: ReplicaBook, { waiting, inFlight }: Load): Promise<void> {
  const said: LoadReport = { at: new Date().toISOString(), waiting, inFlight };
  await store.writeJson(book.uri(`loads/${PROCESS}.json`), said);
}

export async function loadsOf(store: ArtifactStore, book: ReplicaBook, now = Date.now()): Promise<Loads> {
  const at = new Map<string, number>();
  let [waiting, inFlight, askedAt] = [0, 0, 0];
  for await (const file of store.list(book.uri('loads/'))) {
    const said = await store.findJson<LoadReport>(file).catch(() => undefined);
    if (said === undefined) continue;
    askedAt = Math.max(askedAt, Date.parse(said.at));
    const age = now - Date.parse(said.at);
    if (age > FORGOTTEN_MS) await store.remove(file);
    if (age > FRESH_MS) continue;
    waiting += said.waiting;
    for (const [address, calls] of Object.entries(said.inFlight)) {
      inFlight += calls;
      at.set(address, (at.get(address) ?? 0) + calls);
    }
  }
  return { waiting, inFlight, at, askedAt };
}
