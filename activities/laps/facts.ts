import type { Domain } from '../../shared/domain.ts';
import type { BaseFacts, LapFacts, ProblemFacts, Refusal, Window } from '../../shared/lap/facts.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { Recipe } from '../../shared/lap/recipe.ts';
import { TASKS, type Problem, type Task } from '../../shared/records.ts';
import { splitProblems } from '../datasets/problems.ts';
import { findBase } from '../imports/bases.ts';
import type { PromptSet } from '../store/promptSet.ts';
import { promptTextsNamed } from '../store/promptSets.ts';
import { tokenCounter, type TokenCounter } from '../store/tokenizer.ts';
import type { ArtifactStore } from '../store/types.ts';
import { baseFacts } from './baseFacts.ts';

/** Where a lap's files and servers are looked for. */
export interface Surroundings {
  /** The project's root, where shipped checkpoints are. */
  readonly root: string;
  /**
   * Tokens that servers of this engine take, of the base as it is known; undefined where nobody says. Does not wait for
   * one that is silent.
   * @throws an Error where the engine is told nothing that it could serve by.
   * @default the base says it
   */
  readonly windowOf?: (engine: string, base: BaseFacts | undefined) => Promise<Window | undefined>;
}

interface Asked {
  readonly turn: number;
  readonly recipe: Recipe;
  /** The parent's. */
  readonly manifest?: LapManifest | undefined;
}

/** Statements whose tokens are counted, beside the longest and shortest ones. Ours: a median needs no more. */
const COUNTED = 200;
const EXTREMES = 5;

/**
 * What can be read of a lap's problems, prompts and base where they lie; what cannot is left out, and `refused` says so
 * where no lap could. Nothing is written.
 */
export async function lapFacts(
  store: ArtifactStore,
  { root, windowOf }: Surroundings,
  domain: Domain,
  { turn, recipe, manifest }: Asked,
): Promise<LapFacts> {
  const refused: Refusal[] = [];
  const notes: string[] = [];
  /** What the work gives; undefined, with a refusal, where it throws. */
  async function orRefused<T>(field: string, work: () => Promise<T>) {
    try {
      return await work();
    } catch (error) {
      refused.push({ field, message: (error as Error).message });
      return undefined;
    }
  }

  const { base: named, prompts: set } = recipe.domain;
  const found = await orRefused('domain.base', () => findBase(store, { root }, domain, named));
  if (found === 'on a hub') notes.push(`${named} was not fetched yet: its tokens and sizes are not known`);
  const folder = found === 'on a hub' ? undefined : found;
  const base = folder && (await baseFacts(folder));
  const counter = folder && (await tokenCounter(folder.files, folder.prefix));
  if (counter?.guessed !== undefined)
    notes.push(
      `the tokenizer of ${named} cannot be read here (${counter.guessed}): 3 characters are taken for a token`,
    );

  const prompts = await orRefused('domain.prompts', () => promptTextsNamed(store, set));
  const splits = await orRefused('domain.settings', () =>
    splitProblems(store, domain, { turn, recipe, inherited: manifest?.problems }),
  );
  const problems = splits && (await problemFacts(store, splits, counter));
  const { engine } = recipe.inference;
  // A later lap's models are others of the same make: which server has them is not known yet.
  const asked = base && (turn === 1 ? base : { ...base, sha256: undefined });
  const window = await orRefused('inference.engine', async () => windowOf?.(engine, asked));
  if (window !== undefined && 'silent' in window) notes.push(window.silent);
  const ofBase = base?.context === undefined ? undefined : { context: base.context, of: 'the base' };
  const server = window !== undefined && 'context' in window ? window : ofBase;
  return {
    ...(problems && { problems }),
    ...(prompts && counter && { prompts: promptFacts(prompts, counter, recipe) }),
    ...(base && { base }),
    ...(server && { server }),
    ...(refused.length > 0 && { refused }),
    ...(notes.length > 0 && { notes }),
  };
}

function promptFacts(prompts: PromptSet, counter: TokenCounter, { sampling }: Recipe): Record<Task, number> {
  const empty = { problem: '', proof: '', analysis: '' };
  const counted = (task: Task) => counter.prompt(prompts.render(task, empty), sampling[task].templateKwargs);
  return Object.fromEntries(TASKS.map((task) => [task, counted(task)])) as Record<Task, number>;
}

async function problemFacts(
  store: ArtifactStore,
  splits: Awaited<ReturnType<typeof splitProblems>>,
  counter: TokenCounter | undefined,
): Promise<ProblemFacts> {
  const rows = new Map<string, string>();
  const sizes = { train: 0, validation: 0, heldOut: 0, next: 0 };
  for (const name of Object.keys(sizes) as (keyof typeof sizes)[]) {
    const split = splits[name];
    const problems = 'uri' in split ? await store.readRows<Problem>(split) : split;
    sizes[name] = problems.length;
    for (const { id, statement } of problems) rows.set(id, statement);
  }
  const tokens = counter && rows.size > 0 ? lengthsOf([...rows.values()], counter) : undefined;
  return { count: rows.size, leftOut: splits.leftOut?.length ?? 0, splits: sizes, ...(tokens && { tokens }) };
}

function lengthsOf(statements: readonly string[], counter: TokenCounter): ProblemFacts['tokens'] {
  const byLength = [...statements].sort((one, other) => one.length - other.length);
  const every = Math.max(1, Math.ceil(byLength.length / COUNTED));
  const sampled = byLength.filter((_, index) => index % every === 0).map(counter.tokens);
  const extremes = [...byLength.slice(0, EXTREMES), ...byLength.slice(-EXTREMES)].map(counter.tokens);
  const all = [...sampled, ...extremes];
  const sorted = sampled.sort((one, other) => one - other);
  return { least: Math.min(...all), median: sorted[Math.floor(sorted.length / 2)] ?? 0, most: Math.max(...all) };
}
