import path from 'node:path';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { EngineSettings } from '../../shared/sampling/sets.ts';
import type { Endpoint } from '../inference/types.ts';
import { PYTHON_ENV, type Environment } from '../processes/records.ts';
import type { ArtifactStore } from '../store/types.ts';
import { LocalServers, type ServerPlan, type ServerRecord } from './localServers.ts';
import { parseExternalEndpoints, parseServeCommand } from './settings.ts';
import { uri } from '../../shared/ids.ts';
import { failure } from '../failure.ts';

export type EngineName = EngineSettings['engine'];

export interface ServingSettings {
  readonly store: ArtifactStore;
  /** Working directory of local servers: the project's root, where `trainer` is a package. */
  readonly root: string;
  /** Folder of pid files and the like; servers' records go under `servers/`. */
  readonly runDir: string;
  readonly logDir: string;
  readonly host: string;
  /** What local servers get to see, and where API keys are looked up. */
  readonly env: Environment;
  /** Engine of a model of which nobody has said another. @default 'batcher' */
  readonly engine?: EngineName;
  /** Engine `batcher`. */
  readonly batcher: {
    /** Program and arguments; `--checkpoints DIR --port P` follow. Such as `[python, '-m', 'trainer.serve']`. */
    readonly command: readonly string[];
    /** Taken if it is free. */
    readonly port?: number;
    /** @default 128 */
    readonly maxConcurrency?: number;
  };
  /** Engine `command`: see parseServeCommand. */
  readonly serveCommand?: string | undefined;
  /** Calls a `command` server may have at once. @default 128 */
  readonly serveCommandConcurrency?: number;
  /** Engine `external`: see parseExternalEndpoints. */
  readonly externalEndpoints?: string | undefined;
  /** Milliseconds until a local server's first answer. @default 120000 (batcher), 900000 (command) */
  readonly startMs?: number;
  readonly hungMs?: number;
}

/**
 * Knows where each model is served, and keeps local servers running. Any number of processes may have one for the same
 * folders.
 */
export class Serving {
  readonly #settings: ServingSettings;
  readonly #servers: LocalServers;

  constructor(settings: ServingSettings) {
    const { runDir, logDir, host, root, env, hungMs } = settings;
    this.#settings = settings;
    this.#servers = new LocalServers({
      folder: path.join(runDir, 'servers'),
      logDir,
      host,
      root,
      env: { ...env, ...PYTHON_ENV, PYTHONPATH: root },
      ...(hungMs !== undefined && { hungMs }),
    });
  }

  /**
   * Where a model is served. With `refresh` its server is looked at, and started again if it is gone or hangs; else
   * what was seen before is believed. The engine is the one last asked for by `ensureServed`, in whatever process.
   * @throws `ModelMissing`, `EngineNotConfigured` or `ModelServerFailed`.
   */
  async endpoints(
    model: string,
    options: { readonly refresh?: boolean; readonly engine?: EngineName } = {},
  ): Promise<Endpoint[]> {
    const engine = options.engine ?? (await this.#engineOf(model));
    if (engine === 'external') return this.#external(model);
    if (!(await this.#settings.store.exists(uri.checkpoint(model, 'config.json')))) {
      throw failure(
        'ModelMissing',
        `Expected ${uri.checkpoint(model)} to be a checkpoint in the store, got none: train or import it first`,
      );
    }
    const { host, port } = await this.#servers
      .running(this.#plan(model, engine), { refresh: options.refresh ?? false })
      .catch((error: Error) => {
        throw error instanceof ApplicationFailure
          ? error
          : failure('ModelServerFailed', error.message, { cause: error });
      });
    const { batcher, serveCommandConcurrency } = this.#settings;
    const maxConcurrency = (engine === 'batcher' ? batcher.maxConcurrency : serveCommandConcurrency) ?? 128;
    return [{ baseUrl: `http://${host}:${port}/v1`, model, maxConcurrency }];
  }

  /** Makes sure that models are served by an engine, here and for every process that asks later. */
  async ensure(models: readonly string[], engine: EngineName): Promise<void> {
    for (const model of models) {
      await this.endpoints(model, { refresh: true, engine });
      await this.#noteEngine(model, engine);
    }
  }

  /**
   * Ends the servers that serve nothing but these models. One that is needed after all starts again when it is asked
   * for.
   */
  async release(models: readonly string[]): Promise<void> {
    await this.#servers.stop({ names: models.map(commandName) });
  }

  /** The local servers that run now. */
  list(): Promise<ServerRecord[]> {
    return this.#servers.list();
  }

  /** Ends all local servers. Stop who calls them first, or they start again. */
  stop(options: { readonly graceMs?: number } = {}): Promise<ServerRecord[]> {
    return this.#servers.stop(options);
  }

  #plan(model: string, engine: Exclude<EngineName, 'external'>): ServerPlan {
    const { store, batcher, serveCommand, startMs } = this.#settings;
    if (engine === 'batcher') {
      return {
        name: 'batcher',
        command: (port) => [...batcher.command, '--checkpoints', store.path('checkpoints'), '--port', String(port)],
        ...(batcher.port !== undefined && { port: batcher.port }),
        startMs: startMs ?? 120_000,
      };
    }
    const template = configured('command', 'FLYWHEEL_SERVE_COMMAND', serveCommand, parseServeCommand);
    const checkpoint = store.path(uri.checkpoint(model));
    const fill = (word: string, port: number) =>
      word.replaceAll('{checkpoint}', checkpoint).replaceAll('{port}', String(port)).replaceAll('{model}', model);
    return {
      name: commandName(model),
      command: (port) => template.map((word) => fill(word, port)),
      startMs: startMs ?? 900_000,
    };
  }

  #external(model: string): Endpoint[] {
    const { env, externalEndpoints } = this.#settings;
    const all = configured('external', 'FLYWHEEL_ENDPOINTS', externalEndpoints, parseExternalEndpoints);
    const endpoints = all.flatMap(({ baseUrl, models, maxConcurrency, apiKeyEnv }): Endpoint[] => {
      const served = models ? (models[model] ?? models['*']) : model;
      if (served === undefined) return [];
      const apiKey = apiKeyEnv === undefined ? undefined : env[apiKeyEnv];
      if (apiKeyEnv !== undefined && apiKey === undefined) {
        throw failure(
          'EngineNotConfigured',
          `Expected the environment variable ${apiKeyEnv} to hold the API key of ${baseUrl} (apiKeyEnv in ` +
            'FLYWHEEL_ENDPOINTS), got nothing',
        );
      }
      return [{ baseUrl, model: served, maxConcurrency, ...(apiKey !== undefined && { apiKey }) }];
    });
    if (endpoints.length > 0) return endpoints;
    throw failure(
      'EngineNotConfigured',
      `Expected FLYWHEEL_ENDPOINTS to name an endpoint that serves ${model}, got ` +
        `${all.map(({ baseUrl }) => baseUrl).join(', ')} for other models: add it to "models", or "*"`,
    );
  }

  async #engineOf(model: string): Promise<EngineName> {
    try {
      return (JSON.parse(await readFile(this.#engineFile(model), 'utf8')) as { engine: EngineName }).engine;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return this.#settings.engine ?? 'batcher';
    }
  }

  async #noteEngine(model: string, engine: EngineName): Promise<void> {
    const file = this.#engineFile(model);
    await mkdir(path.dirname(file), { recursive: true });
    const temporary = `${file}.${randomUUID()}.tmp`;
    await writeFile(temporary, `${JSON.stringify({ engine })}\n`);
    await rename(temporary, file);
  }

  #engineFile(model: string): string {
    if (!/^[0-9a-f]{64}$/.test(model))
      throw failure('ModelMissing', `Expected a model to be a checkpoint digest, got ${JSON.stringify(model)}`);
    return path.join(this.#settings.runDir, 'servers', 'engines', `${model}.json`);
  }
}

function commandName(model: string): string {
  return `command-${model.slice(0, 16)}`;
}

function configured<T>(engine: EngineName, setting: string, text: string | undefined, parse: (text: string) => T): T {
  if (text === undefined)
    throw failure(
      'EngineNotConfigured',
      `Expected ${setting} to be set, since inference.engine is ${engine}, got nothing: set it, or choose the ` +
        'engine batcher',
    );
  try {
    return parse(text);
  } catch (error) {
    throw failure('EngineNotConfigured', (error as Error).message);
  }
}
