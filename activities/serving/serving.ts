import type { BaseFacts, Window } from '../../shared/lap/facts.ts';
import { uri, type Place } from '../../shared/ids.ts';
import { modelKey, type CheckpointModel, type ModelRef } from '../../shared/records.ts';
import { failure } from '../failure.ts';
import type { Endpoint, Load } from '../inference/types.ts';
import { FileStore } from '../store/files.ts';
import type { ArtifactStore } from '../store/types.ts';
import type { CheckpointThinking } from '../store/thinking.ts';
import type { ServingEngine } from './types.ts';

interface ServingSettings {
  /** The first is that of a model of which nobody has said another. */
  readonly engines: readonly ServingEngine[];
  /** Folder of the holds, a file for each holder: the processes that share it share them. */
  readonly folder: string;
  /** Where the holds lie of engines whose servers processes of several machines share. @default none is such */
  readonly shared?: ArtifactStore;
  /**
   * How a checkpoint tells its thinking from its answers, where its endpoint's setting does not say.
   * @default nobody says that one thinks
   */
  readonly thinking?: (checkpoint: string) => Promise<CheckpointThinking>;
}

/** How long a model that somebody asked for, and nobody holds, is served after the last call. Ours. */
const UNHELD_MS = 600_000;

/** Who needs models, of which engine, and for how many hours at most. */
export interface Holding {
  readonly holder: Place;
  readonly engine: string;
  readonly hours: number;
}

interface Hold extends Holding {
  readonly models: readonly ModelRef[];
  /** Milliseconds since the epoch. */
  readonly until: number;
  /** It holds nothing any more, but tells the engine: its work may be under way after all. */
  readonly lapsed?: true;
}

/**
 * Knows where each model is served. Any number of processes may have one for the same folder.
 *
 * A server that is asked for is there, held or not; what a hold prevents is its end. It ends when the last holder lets
 * go. A holder that died (its lap was terminated) does not: its hold lapses after the hours that its work can take at
 * most, and whoever next takes a hold or lets one go ends what only lapsed ones held.
 */
export class Serving {
  readonly #settings: ServingSettings;
  readonly #local: HoldPlace;
  readonly #seen = new Map<string, readonly Endpoint[]>();
  #tending: Promise<void> | undefined;

  constructor(settings: ServingSettings) {
    this.#settings = settings;
    this.#local = { store: new FileStore(settings.folder, 0o600), prefix: '' };
  }

  /** Names of the engines. */
  get engines(): string[] {
    return this.#settings.engines.map(({ name }) => name);
  }

  /** Tokens that an engine takes of a base. @throws as the engine's own. */
  async window(engine: string, base: BaseFacts | undefined): Promise<Window | undefined> {
    return this.#engine(engine).window?.(base);
  }

  /**
   * Where a model is served. With `refresh` that is looked at, and seen to if it is gone or hangs; else what was seen
   * before is believed. Without an engine, the one by which it is held serves it, in whatever process that was said.
   * With a load an engine whose servers come and go is told it, and nothing is waited for.
   * @throws `ModelMissing`, `EngineNotConfigured` or `ModelServerFailed`.
   */
  async endpoints(
    model: ModelRef,
    {
      refresh = false,
      engine,
      load,
    }: { readonly refresh?: boolean; readonly engine?: string; readonly load?: Load } = {},
  ): Promise<readonly Endpoint[]> {
    if ('endpoint' in model) return this.#engine('external').ensure(model);
    const chosen = this.#engine(engine ?? (await this.#engineOf(model)));
    const key = keyOf(chosen.name, model);
    const seen = refresh ? undefined : this.#seen.get(key);
    const found =
      load !== undefined && chosen.look !== undefined
        ? await chosen.look(model, load)
        : (seen ?? (await chosen.ensure(model)));
    const endpoints = found === seen ? seen : await this.#withThinking(model, found);
    if (endpoints.length > 0) this.#seen.set(key, endpoints);
    return endpoints;
  }

  /** Has models served, and keeps them from being released. Returns when each answers. */
  async hold(models: readonly ModelRef[], holding: Holding): Promise<void> {
    const { engine, hours } = holding;
    this.#engine(engine);
    await this.#write({ ...holding, models, until: Date.now() + hours * 3_600_000 });
    await this.letGo();
    for (const model of models) await this.endpoints(model, { refresh: true, engine });
  }

  /**
   * Ends the holder's hold, and every one that has lapsed, and the servers that serve nothing but models which nobody
   * holds any more.
   */
  async letGo(holder?: Place): Promise<void> {
    const holds = (await this.#holds()).filter(({ lapsed }) => !lapsed);
    const over = new Set(holds.filter((hold) => hold.holder === holder || hold.until <= Date.now()));
    const held = new Set(holds.filter((hold) => !over.has(hold)).flatMap(keysOf));
    for (const hold of over) {
      for (const model of hold.models) {
        const key = keyOf(hold.engine, model);
        if (held.has(key)) continue;
        await this.#engine(hold.engine).release?.(model);
        this.#seen.delete(key);
      }
      if (hold.holder === holder) await this.#remove(hold);
      else await this.#write({ ...hold, lapsed: true });
    }
  }

  /**
   * Sees to the servers that come and go of all that is held, and ends what only lapsed holds have: for while nobody asks
   * them anything. To be called from time to time by each process that runs for long; one call at a time does it.
   */
  tend(): Promise<void> {
    this.#tending ??= this.#tend().finally(() => (this.#tending = undefined));
    return this.#tending;
  }

  async #tend(): Promise<void> {
    await this.letGo();
    const held = new Map<string, () => Promise<unknown>>();
    for (const { engine, models, lapsed } of await this.#holds()) {
      const of = this.#settings.engines.find(({ name }) => name === engine);
      if (of?.look === undefined || lapsed === true) continue;
      for (const model of models) held.set(keyOf(engine, model), async () => of.look?.(model));
    }
    const left = this.#settings.engines.map(async (engine) => {
      for (const model of (await engine.idle?.(UNHELD_MS)) ?? [])
        if (!held.has(keyOf(engine.name, model))) await engine.release?.(model);
    });
    // One whose cluster is away keeps no other waiting.
    await Promise.allSettled([...left, ...[...held.values()].map((look) => look())]);
  }

  async #withThinking(
    { checkpoint: { sha256 } }: CheckpointModel,
    endpoints: readonly Endpoint[],
  ): Promise<readonly Endpoint[]> {
    const known = await this.#settings.thinking?.(sha256);
    return known === undefined ? endpoints : endpoints.map((endpoint) => ({ thinking: known.of, ...endpoint }));
  }

  async #engineOf(model: ModelRef): Promise<string | undefined> {
    const holds = (await this.#holds()).filter(({ models }) =>
      models.some((each) => modelKey(each) === modelKey(model)),
    );
    return holds.sort((a, b) => b.until - a.until)[0]?.engine;
  }

  #engine(name: string | undefined): ServingEngine {
    const { engines } = this.#settings;
    const engine = name === undefined ? engines[0] : engines.find((each) => each.name === name);
    if (engine) return engine;
    throw failure(
      'EngineNotConfigured',
      `Expected inference.engine to be one of ${this.engines.join(', ')}, got ${JSON.stringify(name)}`,
    );
  }

  async #holds(): Promise<Hold[]> {
    const { shared } = this.#settings;
    const places: readonly HoldPlace[] = [
      this.#local,
      ...(shared === undefined ? [] : [{ store: shared, prefix: uri.holds }]),
    ];
    const holds: Hold[] = [];
    for (const { store, prefix } of places)
      for await (const file of store.list(prefix)) {
        const hold = await store.findJson<Hold>(file);
        if (hold !== undefined) holds.push(hold);
      }
    return holds;
  }

  async #write(hold: Hold): Promise<void> {
    const { store, prefix } = this.#placeOf(hold.engine);
    await store.writeJson(prefix + fileOf(hold), hold);
  }

  async #remove(hold: Hold): Promise<void> {
    const { store, prefix } = this.#placeOf(hold.engine);
    await store.remove(prefix + fileOf(hold));
  }

  /** An engine that is not there any more is nobody's to share. */
  #placeOf(engine: string): HoldPlace {
    const { shared, engines } = this.#settings;
    const isShared = engines.some(({ name, shared }) => name === engine && shared === true);
    return shared !== undefined && isShared ? { store: shared, prefix: uri.holds } : this.#local;
  }
}

interface HoldPlace {
  readonly store: ArtifactStore;
  readonly prefix: string;
}

function fileOf({ holder }: Pick<Holding, 'holder'>): string {
  return `${encodeURIComponent(holder)}.json`;
}

function keyOf(engine: string, model: ModelRef): string {
  return `${engine} ${modelKey(model)}`;
}

function keysOf({ engine, models }: Hold): string[] {
  return models.map((model) => keyOf(engine, model));
}
