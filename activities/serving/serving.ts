import type { Place } from '../../shared/ids.ts';
import { modelKey, type ModelRef } from '../../shared/records.ts';
import type { Endpoint } from '../inference/types.ts';
import { failure } from '../failure.ts';
import { Holds, type HeldModel } from './holds.ts';
import type { ServingEngine } from './types.ts';

export interface ServingSettings {
  /** The first is that of a model of which nobody has said another. */
  readonly engines: readonly ServingEngine[];
  /** Folder of the holds: the processes that share it share them. */
  readonly folder: string;
}

/** Who needs models, of which engine, and for how many hours at most. */
export interface Holding {
  readonly holder: Place;
  readonly engine: string;
  readonly hours: number;
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
  readonly #holds: Holds;
  readonly #seen = new Map<string, readonly Endpoint[]>();

  constructor(settings: ServingSettings) {
    this.#settings = settings;
    this.#holds = new Holds(settings.folder);
  }

  /** Names of the engines. */
  get engines(): string[] {
    return this.#settings.engines.map(({ name }) => name);
  }

  /**
   * Where a model is served. With `refresh` that is looked at, and seen to if it is gone or hangs; else what was seen
   * before is believed. Without an engine, the one by which it is held serves it, in whatever process that was said.
   * @throws `ModelMissing`, `EngineNotConfigured` or `ModelServerFailed`.
   */
  async endpoints(
    model: ModelRef,
    { refresh = false, engine }: { readonly refresh?: boolean; readonly engine?: string } = {},
  ): Promise<readonly Endpoint[]> {
    const chosen = this.#engine('endpoint' in model ? 'external' : (engine ?? (await this.#holds.engineOf(model))));
    const key = `${chosen.name} ${modelKey(model)}`;
    const seen = refresh ? undefined : this.#seen.get(key);
    const endpoints = seen ?? (await chosen.ensure(model));
    this.#seen.set(key, endpoints);
    return endpoints;
  }

  /** Has models served, and keeps them from being released. Returns when each answers. */
  async hold(models: readonly ModelRef[], { holder, engine, hours }: Holding): Promise<void> {
    this.#engine(engine);
    await this.#holds.take({ holder, engine, models, until: Date.now() + hours * 3_600_000 });
    await this.#release(await this.#holds.end());
    for (const model of models) await this.endpoints(model, { refresh: true, engine });
  }

  /** Ends a hold, and the servers that serve nothing but models which nobody holds any more. */
  async letGo(holder: Place): Promise<void> {
    await this.#release(await this.#holds.end(holder));
  }

  async #release(models: readonly HeldModel[]): Promise<void> {
    for (const { engine, model } of models) {
      await this.#engine(engine).release(model);
      this.#seen.delete(`${engine} ${modelKey(model)}`);
    }
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
}
