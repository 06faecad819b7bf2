import { isSameName } from './address.ts';
import { causeOf } from './causes.ts';
import type { HttpReply } from './http.ts';
import { modelsIn, type Listed } from './listing.ts';
import { readError } from './reply.ts';
import { saidBy } from './said.ts';
import { Server, shortQuestion } from './server.ts';
import type { Endpoint } from './types.ts';

/**
 * What an endpoint says before anything is asked of it.
 * - `serves`: it lists the model.
 * - `unlisted`: it is there, and does not say which models it serves.
 * - `busy`: it is there, or comes up, and has no time to say.
 * - `other models`: it lists models, and this one is none of them.
 * - `key`: it refuses the key, or wants one.
 * - `no API`: what answers there is something else, such as a web page.
 * - `gone`: nothing answers.
 */
export type Reach =
  | { readonly kind: 'serves'; readonly window: number | undefined }
  | { readonly kind: 'unlisted' | 'busy' | 'key' | 'no API' | 'gone'; readonly said: string }
  | { readonly kind: 'other models'; readonly names: readonly string[] };

/** Longest that an answer may take. Ours. */
const WITHIN_MS = 10_000;

/** Looks at an endpoint by its list of models; only of one that answers with a page is the least question asked. */
export async function reachOf(endpoint: Endpoint, withinMs = WITHIN_MS): Promise<Reach> {
  const server = new Server(endpoint, 1);
  try {
    const listing = await server.read(server.address.models, { allMs: withinMs });
    const models = listing.status === 200 ? modelsIn(listing.body) : [];
    if (models.length > 0) return among(models, endpoint);
    const seen = withoutList(listing);
    if (seen.kind !== 'no API' || listing.status < 400) return seen;
    // There are servers that list no models and answer with their framework's page there.
    const reply = await server.ask(shortQuestion(endpoint.model), 1, AbortSignal.timeout(withinMs));
    if (reply.kind === 'answer') return { kind: 'unlisted', said: seen.said };
    return reply.cause === 'auth' ? { kind: 'key', said: reply.message } : seen;
  } catch (error) {
    const { kind, cause, message } = readError(error as Error);
    if (cause === 'timeout' || (error as Error).name === 'TimeoutError') return { kind: 'busy', said: message };
    return { kind: kind === 'gone' || cause === 'cut' ? 'gone' : 'no API', said: message };
  } finally {
    await server.close();
  }
}

function among(models: readonly Listed[], endpoint: Endpoint): Reach {
  const asked = [endpoint.model, ...(endpoint.answersAs ?? [])];
  const ours = models.find(({ names }) => names.some((name) => asked.some((one) => mayBe(one, name))));
  if (ours !== undefined) return { kind: 'serves', window: ours.window };
  return { kind: 'other models', names: models.flatMap(({ names: [name = ''] }) => name) };
}

/** A gateway lists many by one name, such as `openai/*`. */
function mayBe(asked: string, listed: string): boolean {
  const [before = '', after] = listed.split('*');
  if (after !== undefined) return asked.startsWith(before) && asked.endsWith(after);
  return isSameName(asked, listed, true) || isSameName(listed, asked, true);
}

function withoutList({ status, body }: HttpReply): Reach {
  const json = parsed(body);
  const isPage = json === undefined && body.trimStart().startsWith('<');
  const told = saidBy(status, json ?? body);
  const said = `${status}${isPage ? ', a web page' : ''} ${told.message}`.trim().slice(0, 200);
  const { kind, cause } = causeOf(told);
  if (!isPage && cause === 'auth') return { kind: 'key', said };
  if (isPage && (status < 500 || status === 501)) return { kind: 'no API', said };
  if (kind === 'overloaded' || status >= 500) return { kind: 'busy', said };
  if (status >= 300 && status < 400) return { kind: 'no API', said };
  return { kind: 'unlisted', said: status < 300 ? 'its list is empty' : said };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
