import type { ModelRef } from '../../shared/records.ts';
import { beating } from '../processes/heartbeat.ts';
import { Serving, type EngineName, type ServingSettings } from './serving.ts';

export { Serving, type EngineName, type ServingSettings } from './serving.ts';
export type { ServerRecord } from './localServers.ts';
export { parseExternalEndpoints, parseServeCommand } from './settings.ts';

export interface EnsureServedInput {
  readonly models: readonly ModelRef[];
  readonly engine: EngineName;
}

export interface ReleaseServedInput {
  readonly models: readonly ModelRef[];
}

/** Activities of the queue `flywheel-inference`. Both are safe to repeat. */
export interface ServingActivities {
  /** Has models served, and returns when each answers. From then on every process asks the same engine for them. */
  readonly ensureServed: (input: EnsureServedInput) => Promise<void>;
  /** Frees the servers that serve only these models. The batcher serves all and stays. */
  readonly releaseServed: (input: ReleaseServedInput) => Promise<void>;
}

export function createServing(settings: ServingSettings): Serving {
  return new Serving(settings);
}

export function createServingActivities({ serving }: { readonly serving: Serving }): ServingActivities {
  return {
    ensureServed: ({ models, engine }) => beating(() => serving.ensure(digests(models), engine)),
    releaseServed: ({ models }) => beating(() => serving.release(digests(models))),
  };
}

function digests(models: readonly ModelRef[]): string[] {
  return models.map(({ checkpoint }) => checkpoint.sha256);
}
