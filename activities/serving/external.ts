import * as z from 'zod';
import { modelKey } from '../../shared/records.ts';
import { failure } from '../failure.ts';
import { thinkingSchema } from '../store/thinking.ts';
import { addressOf, isSameName } from '../inference/address.ts';
import type { Endpoint } from '../inference/types.ts';
import type { Environment } from '../processes/records.ts';
import { engineSetting } from './settings.ts';
import type { ServingEngine } from './types.ts';

const MAX_CONCURRENCY = 64;

const endpointSchema = z.strictObject({
  /** OpenAI-compatible API, with or without the trailing `/v1`. */
  baseUrl: z.url({ protocol: /^https?$/ }),
  /**
   * Names under which it serves models, by checkpoint digest, each its own: answers of two checkpoints under one name
   * could not be told apart.
   * @default every model, under its digest
   */
  models: z.record(z.string(), z.string().min(1)).optional(),
  /** Names that its answers have, where those are not the ones that it is asked by: of an alias, say. @default none */
  answersAs: z.array(z.string().min(1)).optional(),
  maxConcurrency: z.int().min(1).max(4096).default(MAX_CONCURRENCY),
  /**
   * How its replies hold thinking; what comes in a field of its own is believed in any case.
   * @default as the checkpoint's folder says; nothing where the model is none of the store's
   */
  thinking: thinkingSchema.optional(),
  /** Field of a request by which it limits the tokens of thinking. @default it cannot */
  thinkingBudgetField: z.string().min(1).optional(),
  /** Name of the environment variable that holds its API key. */
  apiKeyEnv: z.string().min(1).optional(),
});

const endpointsSchema = z
  .array(endpointSchema)
  .min(1)
  .superRefine((endpoints, context) => {
    const named: { readonly where: string; readonly name: string; readonly digest: string }[] = [];
    for (const [index, { baseUrl, models = {}, answersAs = [] }] of endpoints.entries())
      for (const [digest, name] of Object.entries(models)) {
        const refuse = (message: string) => context.addIssue({ code: 'custom', path: [index, 'models'], message });
        if (!/^[0-9a-f]{64}$/.test(digest))
          refuse(`expected names by the digests of checkpoints, got ${JSON.stringify(digest)}: each has its own`);
        const { origin, chat } = addressOf(baseUrl);
        const where = origin + chat;
        const other = named.find((one) => one.where === where && one.digest !== digest && isSameName(one.name, name));
        named.push({ where, name, digest });
        // What an answer calls itself is read as `isSameName` does.
        if (other !== undefined)
          refuse(
            `expected a name for each checkpoint, got ${JSON.stringify(name)} for ${digest} and ` +
              `${JSON.stringify(other.name)} for ${other.digest}`,
          );
        const alias = answersAs.find((one) =>
          Object.entries(models).some(([of, its]) => of !== digest && isSameName(its, one)),
        );
        if (alias !== undefined)
          refuse(`expected answersAs to be no other checkpoint's name, got ${JSON.stringify(alias)}`);
      }
  });

export interface ExternalSettings {
  /** A JSON list of endpoints, such as `[{"baseUrl":"http://gpu-1:8000/v1","maxConcurrency":256}]`. */
  readonly endpoints: string | undefined;
  /** Where API keys are looked up. */
  readonly env: Environment;
}

/** What FLYWHEEL_ENDPOINTS says. @throws `EngineNotConfigured`. */
export function externalEndpoints(text: string | undefined) {
  return engineSetting(
    'external',
    'FLYWHEEL_ENDPOINTS',
    text,
    endpointsSchema,
    '[{"baseUrl":"http://gpu-1:8000/v1","maxConcurrency":256}]',
  );
}

/**
 * Endpoints that others run: nothing is started, nothing is ended. A model that names its endpoint itself has that
 * one's key and limit, if it is among these.
 */
export function external({ endpoints: text, env }: ExternalSettings): ServingEngine {
  const read = () => externalEndpoints(text);
  const endpointOf = (
    { baseUrl, maxConcurrency, apiKeyEnv, thinking, thinkingBudgetField, answersAs }: z.infer<typeof endpointSchema>,
    model: string,
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
      `Expected the environment variable ${apiKeyEnv} to hold the API key of ${baseUrl} (apiKeyEnv in ` +
        'FLYWHEEL_ENDPOINTS), got nothing',
    );
  };
  return {
    name: 'external',
    async ensure(asked) {
      if ('endpoint' in asked) {
        const known = (text === undefined ? [] : read()).find(({ baseUrl }) => baseUrl === asked.endpoint);
        return [endpointOf(known ?? { baseUrl: asked.endpoint, maxConcurrency: MAX_CONCURRENCY }, asked.name)];
      }
      const model = modelKey(asked);
      const all = read();
      const endpoints = all.flatMap((endpoint) => {
        const served = endpoint.models ? endpoint.models[model] : model;
        return served === undefined ? [] : [endpointOf(endpoint, served)];
      });
      if (endpoints.length > 0) return endpoints;
      throw failure(
        'EngineNotConfigured',
        `Expected FLYWHEEL_ENDPOINTS to name an endpoint that serves ${model}, got ` +
          `${all.map(({ baseUrl }) => baseUrl).join(', ')} for other models: add it to "models"`,
      );
    },
  };
}
