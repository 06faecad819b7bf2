import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { rehearsalProblems } from '../../domains/rehearsal/problems.ts';
import type { ProblemSplits } from '../../shared/lap/manifest.ts';
import type { Recipe } from '../../shared/lap/recipe.ts';
import type { DatasetRef, Problem } from '../../shared/records.ts';
import { bandOf } from '../../shared/lap/laterLap.ts';
import { seedOf, shuffled } from '../../shared/seeds.ts';
import type { ArtifactStore } from '../store/types.ts';
import { placeOf, uri } from '../../shared/ids.ts';

/**
 * A line of a team's problems file. Unknown fields are refused: a misspelt `topic` would otherwise be lost in silence.
 */
const problemLine = z.strictObject({
  id: z.string().regex(/^[\w.-]{1,80}$/, 'expected letters, digits, dots, dashes or underscores'),
  statement: z.string().min(1).max(100_000),
  topic: z.string().min(1).max(80),
  source: z.string().min(1).max(400),
  difficulty: z.number().optional(),
});

export interface ProblemsInput {
  readonly turn: number;
  readonly recipe: Recipe;
  /** The parent's splits: what is held out and what validates stay what they are in lap 1. */
  readonly inherited?: ProblemSplits | undefined;
}

/** D_p by its splits; of a later lap, those that it inherits by reference. */
export type SplitProblems = Readonly<
  Record<'train' | 'next', Problem[]> & Record<'validation' | 'heldOut', Problem[] | DatasetRef>
>;

export async function writeProblems(store: ArtifactStore, lap: string, splits: SplitProblems): Promise<ProblemSplits> {
  const write = async (name: keyof ProblemSplits): Promise<DatasetRef> => {
    const split = splits[name];
    return Array.isArray(split) ? store.writeJsonl(uri.dataset(placeOf(lap, 'problems'), name), split) : split;
  };
  return {
    train: await write('train'),
    validation: await write('validation'),
    heldOut: await write('heldOut'),
    next: await write('next'),
  };
}

/** D_p, split by problem before anything is sampled: training, validation, held out, and the next lap's difficulty. */
export async function splitProblems(
  store: ArtifactStore,
  { turn, recipe, inherited }: ProblemsInput,
): Promise<SplitProblems> {
  const source = recipe.domain.problems;
  if (inherited === undefined)
    return source.kind === 'rehearsal'
      ? chains(source, recipe)
      : splitFile(await readProblems(store, source.path), source, recipe);
  const { validation, heldOut } = inherited;
  const kept = [...(await store.readRows<Problem>(heldOut)), ...(await store.readRows<Problem>(validation))];
  const { train, next } =
    source.kind === 'rehearsal'
      ? laterChains(source, recipe, turn, kept)
      : laterOfFile(await readProblems(store, source.path), source, recipe, turn, kept);
  return { train, validation, heldOut, next };
}

type Source<Kind> = Extract<Recipe['domain']['problems'], { kind: Kind }>;
type Splits = Record<keyof ProblemSplits, Problem[]>;

function chains(source: Source<'rehearsal'>, recipe: Recipe): Splits {
  // The held-out set is the same for every seed, so that runs can be compared on it.
  const heldOut = rehearsalProblems({
    seed: seedOf('held-out'),
    count: source.heldOut,
    difficulty: source.heldOutDifficulty,
  });
  const fresh = freshChains(recipe.seed);
  const band = bandOf(source.difficulties, recipe.curriculum, 1);
  const train = fresh('train', source.train, band, heldOut);
  const validation = fresh('validation', source.validation, band, [...heldOut, ...train]);
  const next = fresh('next', source.next, bandOf(source.difficulties, recipe.curriculum, 2), [
    ...heldOut,
    ...train,
    ...validation,
  ]);
  return { heldOut, train, validation, next };
}

function laterChains(
  source: Source<'rehearsal'>,
  recipe: Recipe,
  turn: number,
  kept: readonly Problem[],
): Pick<Splits, 'train' | 'next'> {
  const fresh = freshChains(seedOf(recipe.seed, 'turn', turn));
  const train = fresh('train', source.train, bandOf(source.difficulties, recipe.curriculum, turn), kept);
  return {
    train,
    next: fresh('next', source.next, bandOf(source.difficulties, recipe.curriculum, turn + 1), [...kept, ...train]),
  };
}

function freshChains(seed: number) {
  return (name: string, count: number, difficulty: readonly [number, number], exclude: readonly Problem[]): Problem[] =>
    rehearsalProblems({ seed: seedOf(seed, name), count, difficulty, exclude: exclude.map(({ id }) => id) });
}

function splitFile(all: readonly Problem[], source: Source<'file'>, recipe: Recipe): Splits {
  const problems = shuffled(all, seedOf(recipe.seed, 'split'));
  const heldOut = Math.ceil(problems.length * source.heldOutShare);
  const validation = Math.ceil(problems.length * source.validationShare);
  const rest = problems.slice(heldOut + validation);
  const train = ofBand(rest, source, recipe, 1);
  return {
    heldOut: problems.slice(0, heldOut),
    validation: problems.slice(heldOut, heldOut + validation),
    train,
    next: ofBand(rest, source, recipe, 2),
  };
}

function laterOfFile(
  all: readonly Problem[],
  source: Source<'file'>,
  recipe: Recipe,
  turn: number,
  kept: readonly Problem[],
): Pick<Splits, 'train' | 'next'> {
  const away = new Set(kept.map(({ id }) => id));
  const rest = shuffled(all, seedOf(recipe.seed, 'split')).filter(({ id }) => !away.has(id));
  return { train: ofBand(rest, source, recipe, turn), next: ofBand(rest, source, recipe, turn + 1) };
}

/** @throws when a lap would have nothing to train on. */
function ofBand(problems: readonly Problem[], source: Source<'file'>, { curriculum }: Recipe, turn: number): Problem[] {
  if (source.difficulties === undefined)
    return nonEmpty(
      [...problems],
      `${source.path} to hold problems enough for training beside those held out and for validation`,
    );
  const [low, high] = bandOf(source.difficulties, curriculum, turn);
  const within = problems.filter(
    ({ difficulty }) => difficulty !== undefined && difficulty >= low && difficulty <= high,
  );
  return nonEmpty(
    within,
    `${source.path} to hold problems of difficulty ${low} to ${high} for lap ${turn} of the curriculum`,
  );
}

function nonEmpty(problems: Problem[], expected: string): Problem[] {
  if (problems.length === 0) throw new Error(`Expected ${expected}, got none`);
  return problems;
}

/**
 * The problems of a JSONL file in the store (id, statement, topic, source).
 * @throws naming the line, the field and both lines of a duplicate; or the place where the file is looked for.
 */
export async function readProblems(store: ArtifactStore, uri: string): Promise<Problem[]> {
  if (!(await store.exists(uri)))
    throw new Error(
      `Expected domain.problems.path to name a JSONL file in the store, got ${JSON.stringify(uri)}: put it at ` +
        store.path(uri),
    );
  const problems: Problem[] = [];
  const lineOf = new Map<string, number>();
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(store.path(uri), 'utf8'), crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === '') continue;
    const problem = parseLine(line, `${uri} line ${number}`);
    for (const [what, value] of [
      ['id', problem.id],
      ['statement', problem.statement.trim()],
    ] as const) {
      const earlier = lineOf.get(`${what}:${value}`);
      if (earlier !== undefined)
        throw new Error(
          `${uri} line ${number}: the ${what} of problem ${problem.id} stands on line ${earlier} already: ` +
            'expected each problem once',
        );
      lineOf.set(`${what}:${value}`, number);
    }
    problems.push(problem);
  }
  return problems;
}

function parseLine(line: string, where: string): Problem {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new Error(`${where}: expected a JSON object, got ${line.slice(0, 60)}`, { cause: error });
  }
  const parsed = problemLine.safeParse(value);
  if (!parsed.success) {
    throw new Error(
      `${where}: ` +
        parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the line'}: ${issue.message}`).join('; '),
    );
  }
  const { difficulty, ...problem } = parsed.data;
  return difficulty === undefined ? problem : { ...problem, difficulty };
}
