import { prefixOf, uri } from '../../../shared/ids.ts';
import type { Presence, SubmittedJob } from '../../clusters/types.ts';
import type { ArtifactStore } from '../../store/types.ts';
import type { Scale } from '../../../shared/sampling/replicas.ts';

/** Where a replica listens, as its launcher says (trainer/serving/replica.py). */
export interface ReplicaAddress {
  readonly host: string;
  readonly port: number;
  /** Name of the machine, for people. */
  readonly node: string;
}

/** Why a replica gets no new calls and is ended. */
export interface Draining {
  readonly why: 'released' | 'fewer' | 'silent' | 'never ready' | 'another model';
  readonly words?: string;
  /** ISO time. */
  readonly at: string;
}

export interface ReplicaEnd {
  /** ISO time. */
  readonly at: string;
  /** What the cluster says of it, or why we ended it. */
  readonly words?: string;
}

/** One attempt of a replica, as its files say. */
export interface Replica {
  /** `<slot>-<attempt>`. */
  readonly id: string;
  readonly slot: number;
  readonly job: SubmittedJob;
  readonly address?: ReplicaAddress;
  /** When it first answered as the model that it is to serve. */
  readonly ready?: { readonly at: string };
  readonly draining?: Draining;
  readonly ended?: ReplicaEnd;
}

/** A replica that came to nothing, and when that was known. */
export interface FailedStart {
  readonly replica: Replica;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Attempts that ended before they served, or were given up, since one last served; those that had to go are none. */
export function failedStarts(all: readonly Replica[]): FailedStart[] {
  const byTime = [...all].sort((a, b) => (a.job.submittedAt < b.job.submittedAt ? -1 : 1));
  const served = byTime.findLastIndex(({ ready }) => ready !== undefined);
  return byTime.slice(served + 1).flatMap((replica) => {
    const { ended, draining } = replica;
    if (draining?.why === 'released' || draining?.why === 'fewer') return [];
    const at = draining?.at ?? ended?.at;
    return at === undefined ? [] : [{ replica, at: Date.parse(at) }];
  });
}

/** What one process asks of a model. */
export interface LoadReport {
  /** ISO time. */
  readonly at: string;
  readonly waiting: number;
  /** Calls under way by replica's address. */
  readonly inFlight: Readonly<Record<string, number>>;
}

const FILES = ['job', 'address', 'ready', 'draining', 'ended'] as const;
type File = (typeof FILES)[number];
/** Ended attempts whose files are kept, of each model. */
const KEPT_ENDS = 8;

/**
 * What all processes know of one model's replicas in one pool, as files of the store: each is written once, by whoever
 * learns it, and none is a lock. That an attempt is submitted once is the cluster's doing.
 */
export class ReplicaBook {
  readonly #store: ArtifactStore;
  readonly #key: string;

  constructor(store: ArtifactStore, pool: string, digest: string) {
    this.#store = store;
    this.#key = `${pool}/${digest}`;
  }

  /** Its job's key: of the digest as much as a cluster's names have room for. */
  jobKey(pool: string, digest: string, slot: number): string {
    return `serving/${pool}/${digest.slice(0, 16)}/${slot}`;
  }

  uri(file: string): string {
    return uri.serving(this.#key, file);
  }

  fileOf(id: string, file: File | 'log'): string {
    return this.uri(`replicas/${id}/${file === 'log' ? 'replica.log' : `${file}.json`}`);
  }

  /** All attempts, the ended ones included, by slot and attempt. */
  async replicas(): Promise<Replica[]> {
    const known = new Map<string, Set<string>>();
    for await (const path of this.#store.list(this.uri('replicas/'))) {
      const [, id = '', file = ''] = /\/replicas\/(\d+-\d+)\/(\w+)\.json$/.exec(path) ?? [];
      if (id !== '') known.set(id, (known.get(id) ?? new Set()).add(file));
    }
    const read = await Promise.all([...known].map(([id, files]) => this.#read(id, files)));
    const order = (one: Replica) => one.slot * 1e6 + one.job.attempt;
    return read.filter((one) => one !== undefined).sort((a, b) => order(a) - order(b));
  }

  /** Writes what is learned of a replica, unless somebody has. */
  async note(id: string, file: Exclude<File, 'address'>, value: object): Promise<void> {
    await this.#store.create(this.fileOf(id, file), `${JSON.stringify(value)}\n`);
  }

  /** @returns the replica with its end. */
  async noteEnd(replica: Replica, presence: Extract<Presence, { kind: 'gone' }>): Promise<Replica> {
    const said = [presence.why, presence.words].filter((word) => word !== undefined).join(', ');
    const words = said === '' ? replica.draining?.words : said;
    const ended: ReplicaEnd = { at: new Date().toISOString(), ...(words !== undefined && { words }) };
    await this.note(replica.id, 'ended', ended);
    return { ...replica, ended };
  }

  /**
   * Since when somebody wants the model served, in milliseconds since the epoch: who asks for it does, until it is
   * released. Undefined where nobody does.
   */
  heldSince(): Promise<number | undefined> {
    return this.#store.stat(this.uri('held')).then((found) => found?.changedAt);
  }

  async hold(): Promise<void> {
    await this.#store.create(this.uri('held'), '', 'a kill');
  }

  async letGo(): Promise<void> {
    await this.#store.remove(this.uri('held'));
  }

  /** Forgets attempts that ended long ago; of each slot the last one stays, for its number. */
  async prune(replicas: readonly Replica[]): Promise<void> {
    const last = new Map(replicas.map(({ slot, id }) => [slot, id]));
    const old = replicas.filter(({ ended, slot, id }) => ended !== undefined && last.get(slot) !== id);
    old.sort((a, b) => (a.job.submittedAt < b.job.submittedAt ? 1 : -1));
    for (const { id } of old.slice(KEPT_ENDS))
      for (const file of FILES) await this.#store.remove(this.fileOf(id, file));
  }

  scale(): Promise<Scale | undefined> {
    return this.#store.findJson(this.uri('scale.json'));
  }

  async writeScale(scale: Scale): Promise<void> {
    await this.#store.writeJson(this.uri('scale.json'), scale);
  }

  async #read(id: string, files: ReadonlySet<string>): Promise<Replica | undefined> {
    const [slot, attempt] = id.split('-').map(Number) as [number, number];
    const get = <T>(file: File) =>
      files.has(file) ? this.#store.findJson<T>(this.fileOf(id, file)) : Promise.resolve(undefined);
    const [job, address, ready, draining, ended] = await Promise.all([
      get<SubmittedJob>('job'),
      get<ReplicaAddress>('address'),
      get<{ at: string }>('ready'),
      get<Draining>('draining'),
      get<ReplicaEnd>('ended'),
    ]);
    if (job === undefined || job.attempt !== attempt) return undefined;
    return {
      id,
      slot,
      job,
      ...(address && { address }),
      ...(ready && { ready }),
      ...(draining && { draining }),
      ...(ended && { ended }),
    };
  }
}

/** Pool and digest of all models that were ever served by one. */
export async function pooledModels(store: ArtifactStore): Promise<(readonly [pool: string, digest: string])[]> {
  const top = prefixOf(uri.servingPools);
  const found = new Set<string>();
  for await (const file of store.list(top)) found.add(file.slice(top.length).split('/').slice(0, 2).join('/'));
  return [...found].map((each) => each.split('/') as [string, string]);
}
