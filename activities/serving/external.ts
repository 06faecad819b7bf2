import { modelKey } from '../../shared/records.ts';
import { failure } from '../failure.ts';
import type { Endpoint } from '../inference/types.ts';
import type { Environment } from '../processes/records.ts';
import { configuredEndpoints, MAX_CONCURRENCY, type EndpointSettings, type EndpointSources } from './endpoints.ts';
import type { ServingEngine } from './types.ts';

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
    { baseUrl, maxConcurrency, apiKeyEnv, thinking, thinkingBudgetField, answersAs }: EndpointSettings,
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
  return {
    name: 'external',
    async ensure(asked) {
      const { from = '', endpoints: all } = (await read()) ?? {};
      if ('endpoint' in asked) {
        const known = all?.find(({ baseUrl }) => baseUrl === asked.endpoint);
        return [endpointOf(known ?? { baseUrl: asked.endpoint, maxConcurrency: MAX_CONCURRENCY }, asked.name, from)];
      }
      if (all === undefined)
        throw failure(
          'EngineNotConfigured',
          'Expected FLYWHEEL_ENDPOINTS to be set or endpoints to be imported, since inference.engine is external, got ' +
            'neither: `flywheel import endpoints FILE`, or choose another engine',
        );
      const model = modelKey(asked);
      const endpoints = all.flatMap((endpoint) => {
        const served = endpoint.models ? endpoint.models[model] : model;
        return served === undefined ? [] : [endpointOf(endpoint, served, from)];
      });
      if (endpoints.length > 0) return endpoints;
      throw failure(
        'EngineNotConfigured',
        `Expected ${from} to name an endpoint that serves ${model}, got ` +
          `${all.map(({ baseUrl }) => baseUrl).join(', ')} for other models: add it to "models"`,
      );
    },
  };
}
