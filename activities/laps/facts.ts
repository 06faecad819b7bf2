import type { Domain } from '../../shared/domain.ts';
import type { BaseFacts, LapFacts, ProblemFacts, Refusal, Window } from '../../shared/lap/facts.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { alikeCounts } from '../../shared/problems/held.ts';
import { TASKS, type Problem, type Task } from '../../shared/records.ts';
import { countsOf, readGiven, splitGiven } from '../datasets/given/given.ts';
import type { SplitProblems } from '../datasets/problems.ts';
import { findBase } from '../imports/bases.ts';
import type { PromptSet } from '../store/promptSet.ts';
import { promptTextsNamed } from '../store/promptSets.ts';
import { tokenCounter, type TokenCounter } from '../store/tokenizer.ts';
import type { ArtifactStore } from '../store/types.ts';
import { baseFacts } from './baseFacts.ts';
import { splitOf } from './heldOut.ts';

/** Where a lap's files and servers are looked for. */
export interface Surroundings {
  /** The project's root, where shipped checkpoints are. */
  readonly root: string;
  /** What the file system of the store can still take. @default nobody knows */
  readonly free?: () => Promise<LapFacts['free']>;
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
  { root, windowOf, free }: Surroundings,
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

  const prompts = await orRefused('domain.prompts', () => promptTextsNamed(store, set, recipe.metaRubric));
  const read = await orRefused('domain.settings', () => statementsOf(store, domain, { turn, recipe, manifest }));
  const given =
    read && (await orRefused('given', () => givenIn(store, domain, { turn, recipe, manifest }, read.divided)));
  notes.push(...givenNotes(given));
  const { verifier } = recipe;
  if (turn === 1 && verifier !== undefined)
    await orRefused('verifier', () => findBase(store, { root }, domain, verifier, 'verifier'));
  const { gold } = recipe.experts;
  if (gold !== undefined)
    await orRefused('experts.gold', () => readGiven(store, 'proofs', gold.proofs, 'experts.gold.proofs'));
  const counted = read && counter && countedIn(read.statements, counter);
  const tokens = counted && counted.length > 0 ? tokensIn(counted) : undefined;
  const problems = read && { ...read.facts, ...(tokens && { tokens }) };
  const { engine } = recipe.inference;
  // A later lap's models are others of the same make: which server has them is not known yet.
  const asked = base && (turn === 1 ? base : { ...base, sha256: undefined });
  const window = await orRefused('inference.engine', async () => windowOf?.(engine, asked));
  if (window !== undefined && 'silent' in window) notes.push(window.silent);
  const room = await free?.();
  const ofBase = base?.context === undefined ? undefined : { context: base.context, of: 'the base' };
  const server = window !== undefined && 'context' in window ? window : ofBase;
  return {
    ...(problems && { problems }),
    ...(given && { given }),
    ...(prompts && counter && promptFacts(prompts, counter, recipe, counted?.[0]?.statement, notes)),
    ...(base && { base }),
    ...(server && { server }),
    ...(room && { free: room }),
    ...(refused.length > 0 && { refused }),
    ...(notes.length > 0 && { notes }),
  };
}

function promptFacts(
  prompts: PromptSet,
  counter: TokenCounter,
  { sampling }: Recipe,
  shortest: string | undefined,
  notes: string[],
): Pick<LapFacts, 'prompts' | 'shortest'> {
  const counted = (problem: string) => {
    const texts = { problem, proof: '', analysis: '' };
    const of = (task: Task) => counter.prompt(prompts.render(task, texts), sampling[task].templateKwargs);
    return Object.fromEntries(TASKS.map((task) => [task, of(task)])) as Record<Task, number>;
  };
  try {
    return { prompts: counted(''), ...(shortest !== undefined && { shortest: counted(shortest) }) };
  } catch (error) {
    // The template may refuse, or use what is not known here: whoever serves it will say.
    notes.push(`the chat template cannot be rendered here (${(error as Error).message}): no prompt was counted`);
    return {};
  }
}

/** The same problems by other splits: those of a recipe whose shares were derived from their number. */
export async function splitAs(store: ArtifactStore, domain: Domain, asked: Asked, facts: LapFacts): Promise<LapFacts> {
  if (facts.problems === undefined) return facts;
  const read = await statementsOf(store, domain, asked);
  const given = facts.given && (await givenIn(store, domain, asked, read.divided));
  const before = new Set(givenNotes(facts.given));
  const notes = [...(facts.notes ?? []).filter((note) => !before.has(note)), ...givenNotes(given)];
  return {
    ...facts,
    problems: { ...facts.problems, ...read.facts },
    ...(given && { given }),
    ...(notes.length > 0 && { notes }),
  };
}

async function givenIn(store: ArtifactStore, domain: Domain, asked: Asked, divided: SplitProblems) {
  const rows = await splitGiven(store, domain, asked, divided);
  return rows && countsOf(rows);
}

const givenNotes = (given: LapFacts['given'] = {}): string[] =>
  Object.entries(given).map(
    ([kind, { train, validation, leftOut }]) =>
      `given.${kind}: ${train} rows train, ${validation} validate` +
      (leftOut === 0 ? '' : `, ${leftOut} are left out: of problems held out, or known already`),
  );

async function statementsOf(store: ArtifactStore, domain: Domain, asked: Asked) {
  const divided = await splitOf(store, domain, asked);
  const statements = new Map<string, string>();
  const splits = { train: 0, validation: 0, heldOut: 0, next: 0 };
  for (const name of Object.keys(splits) as (keyof typeof splits)[]) {
    const split = divided[name];
    const problems = 'uri' in split ? await store.readRows<Problem>(split) : split;
    splits[name] = problems.length;
    for (const { id, statement } of problems) statements.set(id, statement);
  }
  const { leftOut = [], alike = [] } = divided;
  const facts = {
    count: statements.size,
    leftOut: leftOut.length,
    ...(alike.length > 0 && { alike: alikeCounts(alike) }),
    splits,
  };
  return { statements: [...statements.values()], facts, divided };
}

type Counted = readonly { readonly statement: string; readonly tokens: number }[];

/** Statements with their tokens, the shortest first: of many, some that stand for them all. */
function countedIn(statements: readonly string[], counter: TokenCounter): Counted {
  const byLength = [...statements].sort((one, other) => one.length - other.length);
  const every = Math.max(1, Math.ceil(byLength.length / COUNTED));
  return byLength
    .filter((_, index) => index % every === 0 || index < EXTREMES || index >= byLength.length - EXTREMES)
    .map((statement) => ({ statement, tokens: counter.tokens(statement) }))
    .sort((one, other) => one.tokens - other.tokens);
}

function tokensIn(counted: Counted): ProblemFacts['tokens'] {
  const of = (index: number) => counted[index]?.tokens ?? 0;
  return { least: of(0), median: of(Math.floor(counted.length / 2)), most: of(counted.length - 1) };
}
