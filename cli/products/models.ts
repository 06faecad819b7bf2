import { ApplicationFailure } from '@temporalio/common';
import { reachOf, type Reach } from '../../activities/inference/reach.ts';
import { thinkingSchema } from '../../activities/store/thinking.ts';
import { configuredEndpoints, registerEndpoint, settingsOf } from '../../activities/serving/endpoints.ts';
import type { ModelChoice } from '../../shared/products/models.ts';
import type { ThinkingFormat } from '../../shared/thinking.ts';
import { config, environmentWith } from '../../temporal.config.ts';
import { configuredServing } from '../../workers/configured.ts';
import { store } from '../../workers/store.ts';
import { UsageError } from '../usage.ts';
import type { ProductOptions } from './options.ts';

/** Names that an endpoint lists, shown at most. */
const SHOWN = 8;

/**
 * Keeps what the options say of endpoints with those of the installation, where the workers find it.
 * @throws UsageError naming the option.
 */
export async function keepEndpoints(options: ProductOptions, say: (line: string) => void): Promise<void> {
  const { endpoint, apiKeyEnv, judgeEndpoint, judgeApiKeyEnv, thinking } = options;
  const format = thinking === undefined ? undefined : thinkingFrom(thinking);
  await keep(say, '--api-key-env or --thinking', '--endpoint', endpoint, {
    ...(apiKeyEnv !== undefined && { apiKeyEnv }),
    ...(format !== undefined && { thinking: format }),
  });
  await keep(say, '--judge-api-key-env', '--judge-endpoint', judgeEndpoint, {
    ...(judgeApiKeyEnv !== undefined && { apiKeyEnv: judgeApiKeyEnv }),
  });
}

async function keep(
  say: (line: string) => void,
  option: string,
  of: string,
  baseUrl: string | undefined,
  given: { readonly apiKeyEnv?: string; readonly thinking?: ThinkingFormat },
): Promise<void> {
  if (Object.keys(given).length === 0) return;
  if (baseUrl === undefined) throw new UsageError(`Expected ${of} URL with ${option}, got none`);
  const { apiKeyEnv } = given;
  if (apiKeyEnv !== undefined && /^\w+$/.test(apiKeyEnv) && environmentWith({})[apiKeyEnv] === undefined)
    throw new UsageError(`Expected the environment variable ${apiKeyEnv} to hold the key of ${baseUrl}, got nothing`);
  const { endpoints: setting, endpointsFile } = config.inference;
  if (setting !== undefined) {
    const known = settingsOf((await configuredEndpoints(config.inference))?.endpoints, baseUrl);
    const same = (field: keyof typeof given) => JSON.stringify(known?.[field]) === JSON.stringify(given[field]);
    if ((Object.keys(given) as (keyof typeof given)[]).every(same)) return;
    throw new UsageError(
      `Expected no ${option}, since FLYWHEEL_ENDPOINTS is set and wins, got one: say it there, or unset that variable`,
    );
  }
  const { changes } = await asUsage(() => registerEndpoint({ baseUrl, ...given }, endpointsFile));
  if (changes.some(({ change }) => change !== 'as before'))
    say(`${baseUrl}: ${Object.keys(given).join(' and ')} kept in ${endpointsFile}`);
}

/** @throws UsageError. */
function thinkingFrom(text: string): ThinkingFormat {
  const [open, close, ...more] = text.trim().split(/\s+/);
  const tags = open !== undefined && close !== undefined && more.length === 0 ? { open, close } : undefined;
  const read = thinkingSchema.safeParse(tags ?? (text.trim().startsWith('{') ? parsed(text) : text.trim()));
  if (read.success) return read.data;
  throw new UsageError(
    `Expected --thinking to be none, field or the marks of thinking, such as "<think> </think>", got ` +
      JSON.stringify(text),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a model's endpoint said of itself. */
export interface SeenModel {
  readonly choice: ModelChoice;
  readonly reach: Reach;
}

/** Looks at the endpoints of models, each once. @throws UsageError where a key is not there. */
export async function seeModels(choices: readonly ModelChoice[]): Promise<SeenModel[]> {
  const serving = configuredServing(store);
  const distinct = new Map(choices.map((choice) => [`${choice.endpoint} ${choice.model}`, choice]));
  return Promise.all(
    [...distinct.values()].map(async (choice) => {
      const { endpoint, model: name } = choice;
      const [server] = await asUsage(() =>
        serving.endpoints({ role: 'generator', endpoint, name, revision: choice.revision ?? '1' }),
      );
      return { choice, reach: server === undefined ? { kind: 'gone', said: 'nowhere' } : await reachOf(server) };
    }),
  );
}

/** Variables of the environment that hold the keys of these models' endpoints. */
export async function keysFor(choices: readonly ModelChoice[]): Promise<string[]> {
  const endpoints = (await configuredEndpoints(config.inference))?.endpoints;
  const names = choices.flatMap(({ endpoint }) => settingsOf(endpoints, endpoint)?.apiKeyEnv ?? []);
  return [...new Set(names)];
}

/** What keeps a product from starting with these models, in a sentence; undefined: nothing. */
export function refusalOf({ choice: { endpoint, model }, reach }: SeenModel): string | undefined {
  switch (reach.kind) {
    case 'serves':
    case 'unlisted':
    case 'busy':
      return undefined;
    case 'other models': {
      const { names } = reach;
      const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
      return (
        `Expected ${endpoint} to list the model ${JSON.stringify(model)}, got ${names.slice(0, SHOWN).join(', ')}` +
        `${more}: name one of these; where its answers have another name than it is asked by, "answersAs" of its ` +
        'endpoint says so (`flywheel import endpoints`)'
      );
    }
    case 'key':
      return (
        `Expected ${endpoint} to take the key, got: ${reach.said}. --api-key-env NAME says which variable of the ` +
        'environment holds it'
      );
    case 'no API':
      return (
        `Expected an OpenAI-compatible API at ${endpoint}, got: ${reach.said}. The address is that of the API, such ` +
        'as http://gpu-1:8000/v1'
      );
    case 'gone':
      return `Expected an answer of ${endpoint}, got: ${reach.said}. Is the server up, and is this its address?`;
  }
}

/** What a person should know of an endpoint that may be asked. */
export function noteOn({ choice: { endpoint, model }, reach }: SeenModel): string | undefined {
  if (reach.kind === 'unlisted')
    return `${endpoint} does not list its models (${reach.said}): whether it serves ${model} will show`;
  if (reach.kind === 'busy') return `${endpoint} is there and says: ${reach.said}; it is waited for`;
  return undefined;
}

async function asUsage<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApplicationFailure || error instanceof Error)
      throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
