import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { uri } from '../../shared/ids.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { PromptSetRef } from '../../shared/records.ts';
import {
  isOptional,
  PROMPT_FILES,
  promptDigest,
  promptSet,
  shortcomingsOf,
  textsByRubric,
  unquoted,
  type PromptSet,
  type PromptTexts,
} from './promptSet.ts';
import { textOf } from './lines.ts';
import { ArtifactChanged, type ArtifactStore } from './types.ts';

/** Where the sets that come with the project lie, a folder each. */
const SHIPPED = path.resolve(import.meta.dirname, '../../prompts');

/**
 * A prompt set of the store, by its digest: the texts that a lap began with, whatever became of the name since.
 * @throws ArtifactChanged when it is not there, or not what the digest says.
 */
export async function openPromptSet(store: ArtifactStore, ref: PromptSetRef): Promise<PromptSet> {
  return promptSet(ref.name, await storedTexts(store, ref));
}

async function storedTexts(store: ArtifactStore, { name, sha256 }: PromptSetRef): Promise<PromptTexts> {
  const texts = new Map<string, string>();
  for (const file of PROMPT_FILES) {
    const text = uri.promptSet(sha256, file);
    if ((await store.stat(text)) !== undefined) texts.set(file, await store.readText(text));
  }
  const actual = promptDigest(texts);
  if (actual !== sha256)
    throw new ArtifactChanged(
      `Expected ${uri.promptSet(sha256)} of the store to hold the prompt set ${name}, got texts of the digest ` +
        `${actual}: they were changed or are gone; put them back, or start a new lap`,
    );
  return texts;
}

const PINNED = /^([A-Za-z0-9][\w-]*)@([0-9a-f]{64})$/;

/** How a recipe names just these texts, whatever the name goes over to. */
export function pinned({ name, sha256 }: PromptSetRef): string {
  return `${name}@${sha256}`;
}

/**
 * The set that a name means: one that is shipped, which is copied to the store, or one that a team has added; by a name
 * with a digest (`pinned`) the texts of that digest.
 * @param rubric of quality scores: by another than the usual one, it is another set of texts.
 * @param refines whether threads of proofs are refined by it: a set that has a text for that is another with it.
 * @throws when there is none of that name, naming those that there are; when a digest's texts are gone; when it has no
 * text for the rubric.
 */
export async function promptSetNamed(
  store: ArtifactStore,
  name: string,
  rubric: Recipe['metaRubric'] = 'claims',
  refines = false,
): Promise<PromptSetRef> {
  const usual = await usualSetNamed(store, name);
  if (rubric === 'claims' && !refines) return usual;
  const shipped = (await shippedSets()).includes(usual.name) ? await shippedTexts(usual.name) : undefined;
  const isShipped = shipped && promptDigest(textsByRubric(usual.name, shipped, 'claims')) === usual.sha256;
  const texts = isShipped ? shipped : await storedTexts(store, usual);
  return put(store, usual.name, textsByRubric(usual.name, texts, rubric, refines));
}

async function usualSetNamed(store: ArtifactStore, name: string): Promise<PromptSetRef> {
  const shipped = await shippedSets();
  const [, set, sha256] = PINNED.exec(name) ?? [];
  if (set !== undefined && sha256 !== undefined) {
    if (shipped.includes(set)) await putShipped(store, set);
    const ref = { name: set, sha256 };
    if (!(await store.exists(uri.promptSet(sha256))))
      throw new Error(
        `Expected domain.prompts to name texts of the store, got ${name}, which are not there: \`flywheel prompts ` +
          'add` puts a folder of them into it',
      );
    await openPromptSet(store, ref);
    return ref;
  }
  if (shipped.includes(name)) return putShipped(store, name);
  const added: PromptSetRef[] = [];
  for await (const named of store.list(uri.promptNames)) added.push(await store.readJson<PromptSetRef>(named));
  const found = added.find((ref) => ref.name === name);
  if (found === undefined)
    throw new Error(
      `Expected domain.prompts to name a prompt set (${[...shipped, ...added.map((ref) => ref.name)].join(', ')}), ` +
        `got ${JSON.stringify(name)}; \`flywheel prompts add\` adds one`,
    );
  await openPromptSet(store, found);
  return found;
}

/** The same as it lies there, and a shipped one is not copied. @throws likewise. */
export async function promptTextsNamed(
  store: ArtifactStore,
  name: string,
  rubric: Recipe['metaRubric'] = 'claims',
  refines = false,
): Promise<PromptSet> {
  return (await shippedSets()).includes(name)
    ? promptSet(name, textsByRubric(name, await shippedTexts(name), rubric, refines))
    : openPromptSet(store, await promptSetNamed(store, name, rubric, refines));
}

const shippedTexts = (name: string): Promise<PromptTexts> => textsIn(path.join(SHIPPED, name));

const putShipped = async (store: ArtifactStore, name: string): Promise<PromptSetRef> =>
  put(store, name, textsByRubric(name, await shippedTexts(name), 'claims'));

/**
 * Puts a team's set into the store, under its digest, and gives it a name. The name of a set that was added before goes
 * over to the new one; laps that have begun keep theirs.
 * @param warn is told what the set may mean so and should better not.
 * @throws naming all that is wrong with it.
 */
export async function addPromptSet(
  store: ArtifactStore,
  folder: string,
  name: string,
  warn: (message: string) => void,
): Promise<PromptSetRef> {
  if (!/^[A-Za-z0-9][\w-]{0,40}$/.test(name))
    throw new Error(`Expected a name of letters, digits and dashes, got ${JSON.stringify(name)}`);
  if ((await shippedSets()).includes(name))
    throw new Error(`Expected a name that no shipped set has, got ${name}: choose another`);
  const texts = await textsIn(folder, shortcomingsOf);
  unquoted(texts).forEach(warn);
  const ref = await put(store, name, texts);
  await store.writeJson(uri.promptName(name), ref);
  return ref;
}

async function put(store: ArtifactStore, name: string, texts: PromptTexts): Promise<PromptSetRef> {
  const { sha256 } = promptSet(name, texts);
  for (const [file, text] of texts) await store.write(uri.promptSet(sha256, file), text);
  return { name, sha256 };
}

/**
 * @param faultsOf what else to look for.
 * @throws naming all of that, and files that no set has: a misspelt name would be lost in silence.
 */
async function textsIn(folder: string, faultsOf: (texts: PromptTexts) => string[] = () => []): Promise<PromptTexts> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    const isNone = error.code === 'ENOENT' || error.code === 'ENOTDIR';
    throw isNone ? new Error(`Expected a folder of prompts, got ${folder}`, { cause: error }) : error;
  });
  const texts = new Map<string, string>();
  for (const file of PROMPT_FILES)
    if (files.includes(file)) texts.set(file, textOf(await readFile(path.join(folder, file)), file));
  const strange = files.filter((file) => file.endsWith('.md') && !PROMPT_FILES.includes(file));
  const wrong = [...strange.map((file) => `${file} is none of them`), ...faultsOf(texts)];
  if (wrong.length > 0) {
    const [needed, wanted] = [false, true].map((optional) =>
      PROMPT_FILES.filter((file) => isOptional(file) === optional).join(', '),
    );
    throw new Error([`Expected ${folder} to hold ${needed} and, where wanted, ${wanted}:`, ...wrong].join('\n'));
  }
  return texts;
}

async function shippedSets(): Promise<string[]> {
  return (await readdir(SHIPPED, { withFileTypes: true })).flatMap((entry) => (entry.isDirectory() ? entry.name : []));
}
