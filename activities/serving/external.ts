import type { Window } from '../../shared/lap/facts.ts';
import { modelKey } from '../../shared/records.ts';
import { failure } from '../failure.ts';
import { listedBy } from '../inference/listing.ts';
import type { Endpoint } from '../inference/types.ts';
import type { Environment } from '../processes/records.ts';
import {
  configuredEndpoints,
  MAX_CONCURRENCY,
  settingsOf,
  type EndpointSettings,
  type EndpointSources,
} from './endpoints.ts';
import type { ServingEngine } from './types.ts';

/** How long a server may take to say what it serves, before anything is asked of it. Ours. */
const ANSWERS_WITHIN_MS = 2_000;

export interface ExternalSettings extends EndpointSources {
  /** Where API keys are looked up. */
  readonly env: Environment;
}

/**
 * Endpoints that others run: nothing is started, nothing is ended. A model that names its endpoint itself has that
 * one's key and limit, if it is among these.
 */
export function external({ env, ...sources }: ExternalSettings): ServingEngine {
  const read = () =>
    configuredEndpoints(sources).catch((error: Error) => {
      throw failure('EngineNotConfigured', error.message);
    });
  const endpointOf = (
    { baseUrl, maxConcurrency, apiKeyEnv, thinking, thinkingBudgetField, answersAs, limits }: EndpointSettings,
    model: string,
    from: string,
  ) => {
    const endpoint: Endpoint = {
      baseUrl,
      model,
      maxConcurrency,
      ...(thinking !== undefined && { thinking: () => thinking }),
      ...(thinkingBudgetField !== undefined && { budgetField: thinkingBudgetField }),
      ...(answersAs !== undefined && { answersAs }),
      ...(limits !== undefined && { limits }),
    };
    if (apiKeyEnv === undefined) return endpoint;
    const apiKey = env[apiKeyEnv];
    if (apiKey !== undefined) return { ...endpoint, apiKey };
    throw failure(
      'EngineNotConfigured',
      `Expected the environment variable ${apiKeyEnv} to hold the API key of ${baseUrl} (apiKeyEnv in ${from}), got ` +
        'nothing',
    );
  };
  /** Those of a checkpoint; of one whose digest is not known yet, all that may be. */
  const servers = async (digest: string | undefined): Promise<Endpoint[]> => {
    const { from = '', endpoints: all } = (await read()) ?? {};
    if (all === undefined)
      throw failure(
        'EngineNotConfigured',
        'Expected FLYWHEEL_ENDPOINTS to be set or endpoints to be imported, since inference.engine is external, got ' +
          'neither: `flywheel import endpoints FILE`, or choose another engine',
      );
    const endpoints = all.flatMap((endpoint) => {
      const { models } = endpoint;
      const served = models === undefined || digest === undefined ? (digest ?? '') : models[digest];
      return served === undefined ? [] : [endpointOf(endpoint, served, from)];
    });
    if (endpoints.length > 0) return endpoints;
    throw failure(
      'EngineNotConfigured',
      `Expected ${from} to name an endpoint that serves ${digest}, got ` +
        `${all.map(({ baseUrl }) => baseUrl).join(', ')} for other models: add it to "models"`,
    );
  };
  return {
    name: 'external',
    async ensure(asked) {
      if (!('endpoint' in asked)) return servers(modelKey(asked));
      const { from = '', endpoints: all } = (await read()) ?? {};
      const known = settingsOf(all, asked.endpoint) ?? { maxConcurrency: MAX_CONCURRENCY };
      return [endpointOf({ ...known, baseUrl: asked.endpoint }, asked.name, from)];
    },
    async window(base) {
      const endpoints = await servers(base?.sha256);
      const told = await Promise.all(
        endpoints.map(async (endpoint): Promise<Window | undefined> => {
          const found = await listedBy(endpoint, base?.sha256, ANSWERS_WITHIN_MS);
          if ('silent' in found) return found;
          const { models, ours = models.length === 1 ? models[0] : undefined } = found;
          return ours?.window === undefined ? undefined : { context: ours.window, of: endpoint.baseUrl };
        }),
      );
      const [least] = told
        .filter((each) => each !== undefined && 'context' in each)
        .sort((one, other) => one.context - other.context);
      return least ?? told.find((each) => each !== undefined);
    },
  };
}
