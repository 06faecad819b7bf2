import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspectBase, MEASUREMENT, type Figures } from './inspectBase.ts';
import { baseNamed, makeCorpora, rubricOf, type BaseName } from './makeBase.ts';
import { runScript } from './runScript.ts';

/**
 * Writes rehearsal.json, or another's: which recipe made that shipped base, its digest, and what it was seen to do.
 * Nothing in it depends on when. Usage: node --import tsx domains/rehearsal/base/describeBase.ts [rehearsal |
 * weakVerifier | seesMisses] [seed of the recipe, 1] [python]
 */
export interface BaseDescription {
  readonly recipe: { readonly seed: number; readonly sha256: string };
  /** Digest of the checkpoint folder. */
  readonly checkpoint: string;
  readonly measured: { readonly problemsPerLength: number; readonly seed: number; readonly figures: Figures };
}

export const folderOf = (base: BaseName): string => path.join(import.meta.dirname, '..', 'checkpoints', base);
export const descriptionFile = (base: BaseName): string => path.join(import.meta.dirname, `${base}.json`);

/** sha256 over the lines `<sha256 of file>  <file name>\n`, as the store reckons a checkpoint's. */
async function digestOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files)
    hash.update(
      `${createHash('sha256')
        .update(await readFile(file))
        .digest('hex')}  ${path.basename(file)}\n`,
    );
  return hash.digest('hex');
}

const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();

/** Over all that decides a base: the corpora, config, tokenizer and plan that a seed gives, and the training script. */
export async function recipeDigest(base: BaseName, seed: number): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'rehearsal-recipe-'));
  try {
    await makeCorpora(folder, base, seed);
    return await digestOf([...(await filesIn(folder)), path.join(import.meta.dirname, 'train_base.py')]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function main(name = 'rehearsal', seed = '1', python = '.flywheel/python/bin/python'): Promise<void> {
  const base = baseNamed(name);
  const description: BaseDescription = {
    recipe: { seed: Number(seed), sha256: await recipeDigest(base, Number(seed)) },
    checkpoint: await digestOf(await filesIn(folderOf(base))),
    measured: {
      ...MEASUREMENT,
      figures: await inspectBase({ checkpoint: folderOf(base), rubric: rubricOf(base), ...MEASUREMENT, python }),
    },
  };
  await writeFile(descriptionFile(base), `${JSON.stringify(description, null, 1)}\n`);
}

if (process.argv[1] === import.meta.filename) runScript(main);
