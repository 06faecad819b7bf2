import { digestsIn, isSameName } from './address.ts';
import { readError } from './reply.ts';
import { Server } from './server.ts';
import type { Endpoint } from './types.ts';

export interface Listed {
  readonly names: readonly string[];
  /** All that it says of where the model is from. */
  readonly text: string;
  readonly owner: unknown;
  /** Tokens of prompt and answer together, as vLLM and SGLang say it. */
  readonly window: number | undefined;
}

/** The models in a server's list; none where it is no list. */
export function modelsIn(body: string): Listed[] {
  try {
    const { data, models } = JSON.parse(body) as { readonly data?: unknown; readonly models?: unknown };
    const list = [data, models].find((each) => Array.isArray(each)) as Readonly<Record<string, unknown>>[] | undefined;
    return (list ?? []).flatMap((one) => {
      const names = [one['id'], one['name'], one['model'], ...[one['aliases']].flat()].filter(
        (name): name is string => typeof name === 'string' && name !== '',
      );
      const length = one['max_model_len'];
      const window = typeof length === 'number' && length >= 1 ? length : undefined;
      const text = [...names, one['root']].join(' ');
      return names.length === 0 ? [] : [{ names, text, owner: one['owned_by'], window }];
    });
  } catch {
    return [];
  }
}

/** What an endpoint lists of its model, by its name or the checkpoint's digest; or why it lists nothing. */
export async function listedBy(
  endpoint: Endpoint,
  digest: string | undefined,
  withinMs: number,
): Promise<{ readonly models: readonly Listed[]; readonly ours: Listed | undefined } | { readonly silent: string }> {
  const server = new Server(endpoint, 1);
  try {
    const { status, body } = await server.read(server.address.models, { allMs: withinMs });
    if (status !== 200) return { silent: `${endpoint.baseUrl} answers ${status} where its models are listed` };
    const models = modelsIn(body);
    const names = [endpoint.model, ...(endpoint.answersAs ?? [])];
    const ours = models.find(
      (one) =>
        (digest !== undefined && digestsIn(one.text).includes(digest)) ||
        one.names.some((name) => names.some((asked) => isSameName(asked, name))),
    );
    return { models, ours };
  } catch (error) {
    return { silent: `${endpoint.baseUrl} does not answer: ${readError(error as Error).message}` };
  } finally {
    await server.close();
  }
}
