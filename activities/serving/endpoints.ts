import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import type { Price } from '../../shared/sampling/caps.ts';
import { addressOf, isSameName } from '../inference/address.ts';
import { checkSetting, parseJsonc, parseSetting } from '../processes/settings.ts';
import { FileStore } from '../store/files.ts';
import { withLease } from '../store/lease.ts';
import { textOf } from '../store/lines.ts';
import { thinkingSchema } from '../store/thinking.ts';

export const MAX_CONCURRENCY = 64;
const VARIABLE = 'FLYWHEEL_ENDPOINTS';
const EXAMPLE = '[{"baseUrl":"http://gpu-1:8000/v1","maxConcurrency":256}]';
const SECRET = /key|token(?!sPer)|secret|password|auth|header/i;

const priceSchema = z.strictObject({
  perMillionPromptTokens: z.number().min(0),
  perMillionCompletionTokens: z.number().min(0),
  /** Of prompt tokens that the server had in its cache. @default as other prompt tokens */
  perMillionCachedPromptTokens: z.number().min(0).optional(),
});

const endpointSchema = z.strictObject(
  {
    /** OpenAI-compatible API, with or without the trailing `/v1`. */
    baseUrl: z
      .url({ protocol: /^https?$/ })
      .refine(hasNoSecret, 'expected an address without a name, password or key, got one with it: see apiKeyEnv'),
    /**
     * Names under which it serves models, by checkpoint digest, each its own: answers of two checkpoints under one name
     * could not be told apart.
     * @default every model, under its digest
     */
    models: z.record(z.string(), z.string().min(1)).optional(),
    /** Names that its answers have, where those are not the ones that it is asked by: an alias's, say. @default none */
    answersAs: z.array(z.string().min(1)).optional(),
    maxConcurrency: z.int().min(1).max(4096).default(MAX_CONCURRENCY),
    /** How fast it may be asked, by all its models together (shared/sampling/rateLimit.ts). @default no limit */
    limits: z
      .strictObject({
        requestsPerMinute: z.number().positive().optional(),
        tokensPerMinute: z.number().positive().optional(),
        counts: z.enum(['asked', 'used']).optional(),
      })
      .optional(),
    /** What tokens cost, in any one currency. @default nobody knows: money cannot be capped */
    price: priceSchema.optional(),
    /** The same by the endpoint's names of models, where they differ. @default price */
    prices: z.record(z.string().min(1), priceSchema).optional(),
    /**
     * How its replies hold thinking; what comes in a field of its own is believed in any case.
     * @default as the checkpoint's folder says; nothing where the model is none of the store's
     */
    thinking: thinkingSchema.optional(),
    /** Field of a request by which it limits the tokens of thinking. @default it cannot */
    thinkingBudgetField: z.string().min(1).optional(),
    /** Name of the environment variable that holds its API key; the key itself is written nowhere. */
    apiKeyEnv: z
      .string()
      .regex(
        /^[A-Z_][A-Z0-9_]{0,99}$/,
        'expected the name of an environment variable in capitals, such as GPU_1_KEY, got something else, maybe the ' +
          'key itself: put the key into a variable, and name that',
      )
      .optional(),
  },
  {
    error: ({ code, keys }) =>
      code === 'unrecognized_keys' && (keys as readonly string[]).some((key) => SECRET.test(key))
        ? 'no such field: apiKeyEnv names the environment variable that holds a key; the key itself is written nowhere'
        : undefined,
  },
);
export type EndpointSettings = z.infer<typeof endpointSchema>;

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
        const where = placeOf(baseUrl);
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

function hasNoSecret(baseUrl: string): boolean {
  if (!URL.canParse(baseUrl)) return true; // that is said already
  const { username, password, searchParams } = new URL(baseUrl);
  return username === '' && password === '' && ![...searchParams.keys()].some((name) => SECRET.test(name));
}

/** The settings of an endpoint, however its address is written; undefined where there are none. */
export function settingsOf(
  endpoints: readonly EndpointSettings[] | undefined,
  baseUrl: string,
): EndpointSettings | undefined {
  return endpoints?.find((one) => placeOf(one.baseUrl) === placeOf(baseUrl));
}

/** What a model's tokens cost at an endpoint, if its settings say so. */
export function priceOf(settings: EndpointSettings | undefined, model: string): Price | undefined {
  return settings?.prices?.[model] ?? settings?.price;
}

/** What is asked there, however its address is written. */
function placeOf(baseUrl: string): string {
  if (!URL.canParse(baseUrl)) return baseUrl;
  const { origin, chat } = addressOf(baseUrl);
  return origin + chat;
}

/** Where an installation says which endpoints others run. */
export interface EndpointSources {
  /** What FLYWHEEL_ENDPOINTS says, a JSON list; it wins over the file. */
  readonly endpoints: string | undefined;
  /** A file of the same form, which `importEndpoints` writes. @default none */
  readonly endpointsFile?: string;
}

/**
 * The endpoints that others run, as they are named now, and where; undefined where nobody names any.
 * @throws naming the field, what was expected and what came.
 */
export async function configuredEndpoints({ endpoints: text, endpointsFile: file }: EndpointSources) {
  if (text !== undefined) return { from: VARIABLE, endpoints: parseSetting(VARIABLE, text, endpointsSchema, EXAMPLE) };
  const stored = file === undefined ? undefined : await readList(file);
  if (file === undefined || stored === undefined) return undefined;
  return { from: file, endpoints: checkSetting(file, stored, endpointsSchema, EXAMPLE) };
}

export interface ImportedEndpoints {
  /** Where they are kept. */
  readonly file: string;
  /** All that are kept there now. */
  readonly endpoints: readonly EndpointSettings[];
  /** Of the endpoints that were brought, in their order; `fields` are those that differ from before. */
  readonly changes: readonly {
    readonly baseUrl: string;
    readonly change: 'added' | 'changed' | 'as before';
    readonly fields: readonly string[];
  }[];
}

/**
 * Takes the endpoints of a person's file, JSON with comments, into an installation's: one of an address that is there
 * takes its place. Whoever asks models finds them at once.
 * @param replaces whether what the same file brought before, and has no more, goes: of a file that is a recipe's own.
 * @throws naming the field, what was expected and what came; then nothing has changed.
 */
export async function importEndpoints(
  file: string,
  endpointsFile: string,
  { replaces = false } = {},
): Promise<ImportedEndpoints> {
  const read = await readList(file);
  if (read === undefined)
    throw new Error(`Expected a file of endpoints such as ${EXAMPLE}, got ${file}, which is not there`);
  checkSetting(file, read, endpointsSchema, EXAMPLE);
  const given = read as Given[];
  const twice = given.find(
    (one, at) => given.findIndex((other) => placeOf(other.baseUrl) === placeOf(one.baseUrl)) < at,
  );
  if (twice !== undefined) throw new Error(`${file}: expected each address once, got ${twice.baseUrl} twice`);
  return inEndpoints(endpointsFile, async (files, all) => {
    const brought = (await files.findJson<Brought>(BROUGHT)) ?? {};
    const gone = (replaces ? (brought[file] ?? []) : []).filter(
      (place) => !given.some(({ baseUrl }) => placeOf(baseUrl) === place),
    );
    const places = given.map(({ baseUrl }) => placeOf(baseUrl));
    return {
      given,
      kept: all.filter(({ baseUrl }) => !gone.includes(placeOf(baseUrl))),
      ...(replaces && { after: () => files.writeJson(BROUGHT, { ...brought, [file]: places }) }),
    };
  });
}

/**
 * Says of an endpoint what is given, in the installation's; what is known of it beside stays.
 * @throws naming the field, what was expected and what came; then nothing has changed.
 */
export function registerEndpoint(given: Given, endpointsFile: string): Promise<ImportedEndpoints> {
  return inEndpoints(endpointsFile, (_, kept) => {
    const before = kept.find(({ baseUrl }) => placeOf(baseUrl) === placeOf(given.baseUrl));
    return { given: [{ ...before, ...given }], kept };
  });
}

/**
 * Changes an installation's endpoints, while nobody else does.
 * @param change gives what is taken in, and what is kept of all that is there.
 */
async function inEndpoints(
  endpointsFile: string,
  change: (files: FileStore, all: Given[]) => Changed | Promise<Changed>,
): Promise<ImportedEndpoints> {
  const files = new FileStore(path.dirname(endpointsFile));
  const name = path.basename(endpointsFile);
  return withLease(
    files,
    `${name}.lock`,
    () => undefined,
    async () => {
      const all = ((await readList(endpointsFile)) as Given[] | undefined) ?? [];
      const { given, kept, after } = await change(files, [...all]);
      const changes = given.map((endpoint) => {
        const at = kept.findIndex(({ baseUrl }) => placeOf(baseUrl) === placeOf(endpoint.baseUrl));
        const before = kept[at];
        kept.splice(at < 0 ? kept.length : at, 1, endpoint);
        const fields = before === undefined ? [] : differing(before, endpoint);
        const kind = before === undefined ? 'added' : fields.length > 0 ? 'changed' : 'as before';
        return { baseUrl: endpoint.baseUrl, change: kind, fields } as const;
      });
      const endpoints = checkSetting(endpointsFile, kept, endpointsSchema, EXAMPLE);
      if (JSON.stringify(kept) !== JSON.stringify(all)) await files.writeJson(name, kept);
      await after?.();
      return { file: endpointsFile, endpoints, changes };
    },
  );
}

interface Changed {
  readonly given: readonly Given[];
  readonly kept: Given[];
  /** What is done once the change is valid and written. */
  readonly after?: () => Promise<unknown>;
}

/** Which file brought which places, beside the endpoints. */
const BROUGHT = 'endpoints-brought.json';
type Brought = Readonly<Record<string, readonly string[]>>;

/** An endpoint as it was written, without the defaults. */
type Given = z.input<typeof endpointSchema>;

function differing(before: Given, now: Given): string[] {
  const fields = Object.keys({ ...before, ...now }) as (keyof Given)[];
  return fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(now[field]));
}

/** Undefined where there is no such file. */
async function readList(file: string): Promise<unknown> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  return bytes === undefined ? undefined : parseJsonc(file, textOf(bytes, file));
}
