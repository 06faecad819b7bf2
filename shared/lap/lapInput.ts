import * as z from 'zod';
import { possibleInits, withLaterInits } from './laterLap.ts';
import { stagesOf } from './phases.ts';
import { recipeSchema } from './recipe.ts';
import type { Recipe } from './recipe.ts';
import { fullLapName, RUN_NAME, runOf } from '../ids.ts';

/**
 * What a person types: `{}`, `{"preset":"smoke"}`, or any fields of the recipe that shall differ from the preset's, or
 * from the parent's.
 */
export type LapInput = DeepPartial<Recipe> & {
  /** Seeds and ablations are runs of their own. @default the parent's, else 'main' */
  readonly run?: string;
  /**
   * The lap to go on from, such as `main/lap-0001` (`lap-0001` for short); its recipe is the ground that other fields
   * lie on. @default none: a lap 1
   */
  readonly from?: string;
};

/** What a lap's input needs to know of the lap it goes on from. */
export interface ParentRecipe {
  /** Place in its chain, counted from 1. */
  readonly turn: number;
  readonly recipe: Recipe;
}

export interface ResolvedInput {
  readonly run: string;
  /** The parent's full name. */
  readonly from?: string;
  readonly turn: number;
  readonly recipe: Recipe;
}

/** What an input is read against: the domains of this installation (`Domains` of shared/domain.ts). */
export interface KnownDomains {
  readonly presets: Readonly<Record<string, Recipe>>;
  readonly usualPreset: string;
  readonly byName: ReadonlyMap<string, KnownDomain>;
}

interface KnownDomain {
  readonly settings: { parse(value: unknown): unknown };
  readonly prompts: string;
  readonly bases: Readonly<Record<string, string>>;
  readonly checker?: object;
  readonly expert?: object;
}

type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [Key in keyof T]?: DeepPartial<T[Key]> }
    : T;

/**
 * The full name of the lap that an input goes on from; undefined for a lap 1.
 * @throws when `from` is no name of a lap.
 */
export function parentOf(input: unknown): string | undefined {
  const from = isRecord(input) ? input['from'] : undefined;
  if (from === undefined) return undefined;
  const name = typeof from === 'string' ? fullLapName(from) : undefined;
  if (name === undefined)
    throw new Error(
      `Invalid lap input: from: expected the name of a finished lap such as main/lap-0001, got ${show(from)}`,
    );
  return name;
}

/**
 * The recipe that an input means: the preset, or the parent's recipe, with the input's fields over it.
 * @param parent of the lap that `from` names; required where it names one.
 * @throws an Error whose message names each bad field, what was expected and what came.
 */
export function resolveRecipe(domains: KnownDomains, input: unknown, parent?: ParentRecipe): ResolvedInput {
  if (!isRecord(input))
    throw new Error(`Invalid lap input: expected an object such as {} or {"preset":"smoke"}, got ${show(input)}`);
  const from = parentOf(input);
  const { run = runOf(from), from: _, ...fields } = input;
  if (typeof run !== 'string' || !RUN_NAME.test(run)) {
    throw new Error(
      `Invalid lap input: run: expected a name of lower-case letters, digits and dashes, got ${show(run)}`,
    );
  }
  if (from !== undefined && parent === undefined)
    throw new Error(`Invalid lap input: from: expected a finished lap, got ${show(from)}, which is not known here`);
  const preset = fields['preset'] ?? parent?.recipe.preset ?? domains.usualPreset;
  const chosen = Object.entries(domains.presets).find(([name]) => name === preset)?.[1];
  if (chosen === undefined) {
    throw new Error(
      `Invalid lap input: preset: expected one of ${Object.keys(domains.presets).join(', ')}, got ${show(preset)}`,
    );
  }
  const ground = groundOf(
    domains,
    parent !== undefined && fields['preset'] === undefined ? parent.recipe : chosen,
    fields,
  );
  const turn = parent === undefined ? 1 : parent.turn + 1;
  const merged = mergeOver(ground, fields);
  const name = valueAt(merged, ['domain', 'name']);
  const domain = domains.byName.get(name as string);
  const problems: string[] = [];
  const tell = (issues: readonly z.core.$ZodIssue[], at: readonly string[] = []): void => {
    for (const issue of issues) problems.push(...describe({ ...issue, path: [...at, ...issue.path] }, merged, ground));
  };
  const parsed = recipeSchema.safeParse(merged);
  if (!parsed.success) tell(parsed.error.issues);
  if (domain === undefined)
    problems.push(`domain.name: expected one of ${[...domains.byName.keys()].join(', ')}, got ${show(name)}`);
  let settings: unknown;
  try {
    settings = domain?.settings.parse(valueAt(merged, SETTINGS));
  } catch (error) {
    if (error instanceof z.ZodError) tell(error.issues, SETTINGS);
    else problems.push(`domain.settings: ${(error as Error).message}`);
  }
  if (parsed.success && domain !== undefined && problems.length === 0) {
    const read = {
      ...parsed.data,
      domain: { ...parsed.data.domain, settings: settings as Recipe['domain']['settings'] },
    };
    const recipe = withLaterInits({ recipe: read, turn });
    problems.push(...contradictions(recipe, turn, domain));
    if (problems.length === 0) return { run, ...(from === undefined ? {} : { from }), turn, recipe };
  }
  throw new Error(`Invalid lap input: ${problems.join('; ')}`);
}

const SETTINGS = ['domain', 'settings'];

/** The preset's recipe, or the parent's; where the input names another domain, with that domain's own defaults. */
function groundOf({ byName }: KnownDomains, recipe: Recipe, fields: unknown): object {
  const name = valueAt(fields, ['domain', 'name']);
  const domain = name === recipe.domain.name ? undefined : byName.get(name as string);
  if (domain === undefined) return recipe;
  const { prompts, bases, checker, expert } = domain;
  return {
    ...recipe,
    domain: {
      name,
      settings: {},
      prompts,
      base: Object.keys(bases)[0],
      checker: checker === undefined ? 'none' : 'own',
      experts: expert === undefined ? 'people' : 'program',
    },
  };
}

/** What each field allows alone, but not together. */
function contradictions(recipe: Recipe, turn: number, { checker, expert }: KnownDomain): string[] {
  const { labelling, rewards, domain } = recipe;
  const found: string[] = [];
  if (labelling.minValidAnalyses > labelling.analysesPerProof) {
    found.push(
      `labelling.minValidAnalyses: expected at most labelling.analysesPerProof (${labelling.analysesPerProof}), ` +
        `got ${labelling.minValidAnalyses}`,
    );
  }
  if (Math.abs(rewards.proofWeight + rewards.selfAnalysisWeight - 1) > 1e-9) {
    found.push(
      `rewards.proofWeight: expected proofWeight + selfAnalysisWeight to be 1, got ${rewards.proofWeight} + ` +
        `${rewards.selfAnalysisWeight}`,
    );
  }
  for (const stage of stagesOf({ recipe, turn })) {
    const { init } = recipe.stages[stage];
    const possible = possibleInits({ recipe, turn }, stage);
    if (!possible.includes(init))
      found.push(`stages.${stage}.init: expected ${possible.join(', ')} (what exists by then), got "${init}"`);
  }
  if (domain.experts === 'program' && domain.checker === 'none') {
    found.push(
      `domain.experts: expected "people" where domain.checker is "none" (no program knows the truth), got "program"`,
    );
  }
  if (domain.experts === 'program' && expert === undefined)
    found.push(`domain.experts: expected "people" (${domain.name} has no program that answers), got "program"`);
  if (domain.checker === 'own' && checker === undefined)
    found.push(`domain.checker: expected "none" (${domain.name} has no checker), got "own"`);
  return found;
}

/** Objects merge field by field; anything else replaces. */
function mergeOver(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isRecord(base) || !isRecord(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = mergeOver(base[key], value);
  return merged;
}

/** Fields under another name than people may expect. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'domain.problems': 'expected its fields in domain.settings, and domain.name in place of its kind',
};

function describe(issue: z.core.$ZodIssue, whole: unknown, ground: object): string[] {
  const at = issue.path.join('.');
  const here = at === '' ? '' : `${at}.`;
  if (issue.code === 'unrecognized_keys') {
    const known = valueAt(ground, issue.path);
    const names = [...(at === '' ? ['run', 'from'] : []), ...(isRecord(known) ? Object.keys(known) : [])];
    const expected = names.length === 0 ? '' : `; expected one of ${names.join(', ')}`;
    return issue.keys.map(
      (key) =>
        `${here}${key}: ${ELSEWHERE[here + key] ?? `no such field${expected}`}, ` +
        `got ${show(valueAt(whole, [...issue.path, key]))}`,
    );
  }
  const message = issue.message.replace(/^Invalid (input|option): /, '').replace(/^Too (small|big): /, '');
  return [`${at}: ${message}, got ${show(valueAt(whole, issue.path))}`];
}

export function valueAt(whole: unknown, path: readonly PropertyKey[]): unknown {
  let value = whole;
  for (const key of path)
    value = isRecord(value) || Array.isArray(value) ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
