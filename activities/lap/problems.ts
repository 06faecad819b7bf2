import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { rehearsalProblems } from '../../rehearsal/problems.ts';
import type { ProblemSplits } from '../../shared/manifest.ts';
import type { Recipe } from '../../shared/recipe.ts';
import type { Problem } from '../../shared/records.ts';
import { seedOf, shuffled } from '../../shared/seeds.ts';
import type { ArtifactStore } from '../store.ts';

/** A line of a team's problems file. Unknown fields are refused: a misspelt `topic` would otherwise be lost in silence. */
const problemLine = z.strictObject({
  id: z.string().regex(/^[\w.-]{1,80}$/, 'expected letters, digits, dots, dashes or underscores'),
  statement: z.string().min(1).max(100_000),
  topic: z.string().min(1).max(80),
  source: z.string().min(1).max(400),
  difficulty: z.number().optional(),
});

/** D_p by its splits. */
export type SplitProblems = Record<keyof ProblemSplits, Problem[]>;

export async function writeProblems(store: ArtifactStore, lap: string, splits: SplitProblems): Promise<ProblemSplits> {
  const write = (name: keyof ProblemSplits) => store.writeJsonl(`datasets/${lap}/problems/${name}.jsonl`, splits[name]);
  return { train: await write('train'), validation: await write('validation'), heldOut: await write('heldOut'), next: await write('next') };
}

/** D_p, split by problem before anything is sampled: training, validation, held out, and the next lap's difficulty. */
export async function splitProblems(store: ArtifactStore, recipe: Recipe): Promise<SplitProblems> {
  const source = recipe.domain.problems;
  if (source.kind === 'rehearsal') {
    // The held-out set is the same for every seed, so that runs can be compared on it.
    const heldOut = rehearsalProblems({ seed: seedOf('held-out'), count: source.heldOut, difficulty: source.heldOutDifficulty });
    const fresh = (name: string, count: number, difficulty: readonly [number, number], exclude: readonly Problem[]) =>
      rehearsalProblems({ seed: seedOf(recipe.seed, name), count, difficulty, exclude: exclude.map(({ id }) => id) });
    const train = fresh('train', source.train, source.trainDifficulty, heldOut);
    const validation = fresh('validation', source.validation, source.trainDifficulty, [...heldOut, ...train]);
    const next = fresh('next', source.next, source.nextDifficulty, [...heldOut, ...train, ...validation]);
    return { train, validation, heldOut, next };
  }
  const problems = shuffled(await readProblems(store, source.path), seedOf(recipe.seed, 'split'));
  const heldOut = Math.ceil(problems.length * source.heldOutShare);
  const validation = Math.ceil(problems.length * source.validationShare);
  const train = problems.slice(heldOut + validation);
  if (train.length === 0) {
    throw new Error(`Expected ${source.path} to hold problems enough for training beside ${heldOut} held out and ${validation} for validation, got ${problems.length}`);
  }
  return { heldOut: problems.slice(0, heldOut), validation: problems.slice(heldOut, heldOut + validation), train, next: train };
}

/**
 * The problems of a JSONL file in the store (id, statement, topic, source).
 * @throws naming the line, the field and both lines of a duplicate; or the place where the file is looked for.
 */
export async function readProblems(store: ArtifactStore, uri: string): Promise<Problem[]> {
  if (!(await store.exists(uri))) throw new Error(`Expected domain.problems.path to name a JSONL file in the store, got ${JSON.stringify(uri)}: put it at ${store.path(uri)}`);
  const problems: Problem[] = [];
  const lineOf = new Map<string, number>();
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(store.path(uri), 'utf8'), crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === '') continue;
    const problem = parseLine(line, `${uri} line ${number}`);
    for (const [what, value] of [['id', problem.id], ['statement', problem.statement.trim()]] as const) {
      const earlier = lineOf.get(`${what}:${value}`);
      if (earlier !== undefined) throw new Error(`${uri} line ${number}: the ${what} of problem ${problem.id} stands on line ${earlier} already: expected each problem once`);
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
    throw new Error(`${where}: ${parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the line'}: ${issue.message}`).join('; ')}`);
  }
  const { difficulty, ...problem } = parsed.data;
  return difficulty === undefined ? problem : { ...problem, difficulty };
}
