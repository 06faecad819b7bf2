import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { importFolder } from '../../activities/imports/folders.ts';
import { importProblems } from '../../activities/imports/problems.ts';
import { parseJsonc } from '../../activities/processes/settings.ts';
import { importEndpoints } from '../../activities/serving/endpoints.ts';
import { markFormat } from '../../activities/store/format.ts';
import { addPromptSet, pinned } from '../../activities/store/promptSets.ts';
import { domains } from '../../domains/index.ts';
import { isRecord, show, valueAt } from '../../shared/recipe/issues.ts';
import { mergeOver, parentOf, resolveRecipe, type LapInput } from '../../shared/lap/lapInput.ts';
import { config } from '../../temporal.config.ts';
import { configuredBases } from '../../workers/configured.ts';
import { store } from '../../workers/store.ts';
import { UsageError } from '../usage.ts';

/**
 * A lap's input as a recipe file says it: JSON, with comments and trailing commas. What it names beside itself is taken
 * into the store, under its digest, so that a file that is changed later is another lap.
 * @throws UsageError that names the file and the line, or the field.
 */
export async function readRecipe(file: string): Promise<LapInput> {
  const isOfFolder = await isFolder(file);
  const at = isOfFolder ? path.join(file, 'team.jsonc') : file;
  const text = await readFile(at, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    throw new UsageError(
      `--recipe: expected a recipe file such as team.jsonc, got ${show(file)}, ` +
        `${isOfFolder ? 'a folder without a team.jsonc' : 'which is not there'}: \`flywheel init FOLDER\` writes one`,
    );
  });
  try {
    const { endpoints, ...fields } = recordOf(parseJsonc(at, text));
    if (parentOf(fields) === undefined) resolveRecipe(domains, fields); // a misspelt field, before anything is taken in
    await refuseUnmarked(fields, path.dirname(at));
    const take = endpoints === undefined ? undefined : await endpointsAt(endpoints, path.dirname(at));
    const input = await withFiles(fields, path.dirname(at));
    await take?.();
    return input;
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(message.startsWith(at) ? message : `${at}: ${message}`);
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  if (isRecord(value)) return value;
  throw new Error(`expected an object such as {"preset": "team"}, got ${show(value)}`);
}

/** What a file or folder becomes in the store: the name that a recipe has for it. */
type Take = (file: string) => Promise<string>;

/** The fields that may name what lies outside the store, by a path or a list of them. */
const FILES: Readonly<Record<string, { readonly what: string; readonly take: Take }>> = {
  'domain.settings.path': { what: 'a file of problems', take: takeProblems },
  'domain.settings.decontaminate': { what: 'a file of problems', take: takeProblems },
  'domain.prompts': { what: 'a folder of prompts', take: takePrompts },
  'domain.base': {
    what: 'a model as a Hugging Face folder, or one of a hub (hf:org/name@revision)',
    take: (folder) => importFolder(store, configuredBases(), folder),
  },
};

/**
 * An input with what lies outside the store taken in: paths that begin with `./` or `../`, from the folder on, and
 * absolute ones.
 */
export async function withFiles(input: object, folder: string): Promise<LapInput> {
  const outside = Object.entries(FILES).flatMap(([field, { what, take }]) => {
    const value = valueAt(input, field.split('.'));
    return [value]
      .flat()
      .filter(isOutside)
      .map((each) => ({ field, what, take, value: each, file: path.resolve(folder, each) }));
  });
  for (const { field, what, value, file } of outside) await refuseMissing(field, what, value, file);
  if (outside.length > 0) await markFormat(store);
  let taken: unknown = input;
  for (const { field, take, value, file } of outside) {
    const name = await take(file).catch((error: Error) => {
      throw new Error(`${field}: ${error.message}`, { cause: error });
    });
    const keys = field.split('.');
    const whole = valueAt(taken, keys);
    const named = Array.isArray(whole) ? whole.map((each: unknown) => (each === value ? name : each)) : name;
    taken = mergeOver(
      taken,
      keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), named),
    );
  }
  return taken as LapInput;
}

const namesFile = (text: string): boolean => /^\.\.?(\/|$)/.test(text) || path.isAbsolute(text);
const isOutside = (value: unknown): value is string => typeof value === 'string' && namesFile(value);

async function refuseMissing(field: string, what: string, value: string, file: string): Promise<void> {
  if ((await stat(file).catch(() => undefined)) === undefined)
    throw new Error(`${field}: expected ${what}, got ${show(value)}, and ${file} is not there`);
}

/** A name without `./` lies in the store: where it is not there, and beside the recipe, the dot was forgotten. */
async function refuseUnmarked(input: object, folder: string): Promise<void> {
  for (const field of ['domain.settings.path', 'domain.base']) {
    const value = valueAt(input, field.split('.'));
    if (typeof value !== 'string' || value.startsWith('hf:') || namesFile(value)) continue;
    const isBeside = (await stat(path.join(folder, value)).catch(() => undefined)) !== undefined;
    if (isBeside && !(await store.exists(value)))
      throw new Error(`${field}: expected "./${value}" for what lies beside the recipe, got ${show(value)}`);
  }
}

async function takeProblems(file: string): Promise<string> {
  const { uri, count, dropped } = await importProblems(store, file);
  if (dropped.length > 0)
    console.error(
      `Warning: ${dropped.length} of ${count + dropped.length} problems in ${file} are left out, such as ` +
        `${dropped[0]?.where} (${dropped[0]?.why}): \`flywheel import problems\` says which`,
    );
  return uri;
}

/** Texts are known by their digest; the name is for people, and no shipped set's. */
async function takePrompts(folder: string): Promise<string> {
  const [of, own] = [path.basename(path.dirname(folder)), path.basename(folder)];
  const name = `${of}-${own}`.replaceAll(/[^A-Za-z0-9]+/g, '-').replace(/^-+/, '');
  return pinned(await addPromptSet(store, folder, name.slice(0, 40), (text) => console.error(`Warning: ${text}`)));
}

async function endpointsAt(value: unknown, folder: string): Promise<() => Promise<void>> {
  if (!isOutside(value))
    throw new Error(`endpoints: expected a file beside the recipe such as "./endpoints.json", got ${show(value)}`);
  const file = path.resolve(folder, value);
  await refuseMissing('endpoints', 'a list of servers', value, file);
  const { endpoints: words, endpointsFile } = config.inference;
  return async () => {
    if (words === undefined) await importEndpoints(file, endpointsFile, { replaces: true });
    else console.error(`Warning: FLYWHEEL_ENDPOINTS is set, and wins over ${file}`);
  };
}

async function isFolder(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isDirectory() === true;
}
