import * as z from 'zod';
import { PRESETS } from './presets.ts';
import type { PresetName } from './presets.ts';
import { recipeSchema, STAGE_NAMES } from './recipe.ts';
import type { Recipe } from './recipe.ts';

/** What a person types: `{}`, `{"preset":"smoke"}`, or any fields of the recipe that shall differ from the preset's. */
export type LapInput = DeepPartial<Recipe> & {
  /** Seeds and ablations are runs of their own. @default 'main' */
  readonly run?: string;
};

type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { readonly [Key in keyof T]?: DeepPartial<T[Key]> } : T;

const RUN_NAME = /^[a-z0-9][a-z0-9-]{0,40}$/;

/**
 * The recipe that an input means: the preset, with the input's fields over it.
 * @throws an Error whose message names each bad field, what was expected and what came.
 */
export function resolveRecipe(input: unknown): { run: string; recipe: Recipe } {
  if (!isRecord(input)) throw new Error(`Invalid lap input: expected an object such as {} or {"preset":"smoke"}, got ${show(input)}`);
  const { run = 'main', ...fields } = input;
  if (typeof run !== 'string' || !RUN_NAME.test(run)) {
    throw new Error(`Invalid lap input: run: expected a name of lower-case letters, digits and dashes, got ${show(run)}`);
  }
  const preset = fields['preset'] ?? 'rehearsal';
  if (typeof preset !== 'string' || !Object.hasOwn(PRESETS, preset)) {
    throw new Error(`Invalid lap input: preset: expected one of ${Object.keys(PRESETS).join(', ')}, got ${show(preset)}`);
  }
  const merged = mergeOver(PRESETS[preset as PresetName], fields);
  const parsed = recipeSchema.safeParse(merged);
  const problems = parsed.success ? contradictions(parsed.data) : parsed.error.issues.flatMap((issue) => describe(issue, merged));
  if (!parsed.success || problems.length > 0) throw new Error(`Invalid lap input: ${problems.join('; ')}`);
  return { run, recipe: parsed.data };
}

/** What each field allows alone, but not together. */
function contradictions(recipe: Recipe): string[] {
  const { labelling, rewards, domain } = recipe;
  const found: string[] = [];
  if (labelling.minValidAnalyses > labelling.analysesPerProof) {
    found.push(`labelling.minValidAnalyses: expected at most labelling.analysesPerProof (${labelling.analysesPerProof}), got ${labelling.minValidAnalyses}`);
  }
  if (Math.abs(rewards.proofWeight + rewards.selfAnalysisWeight - 1) > 1e-9) {
    found.push(`rewards.proofWeight: expected proofWeight + selfAnalysisWeight to be 1, got ${rewards.proofWeight} + ${rewards.selfAnalysisWeight}`);
  }
  STAGE_NAMES.forEach((stage, index) => {
    const { init } = recipe.stages[stage];
    const earlier = STAGE_NAMES.slice(0, index);
    if (init !== 'base' && !earlier.includes(init)) {
      found.push(`stages.${stage}.init: expected base${earlier.map((name) => `, ${name}`).join('')} (what exists by then), got "${init}"`);
    }
  });
  if (domain.experts === 'program' && domain.checker === 'none') {
    found.push(`domain.experts: expected "people" where domain.checker is "none" (no program knows the truth), got "program"`);
  }
  if (domain.problems.kind === 'rehearsal') {
    for (const name of ['trainDifficulty', 'nextDifficulty', 'heldOutDifficulty'] as const) {
      const [low, high] = domain.problems[name];
      if (low > high) found.push(`domain.problems.${name}: expected [lowest, highest], got [${low}, ${high}]`);
    }
  } else if (domain.checker === 'rehearsal') {
    found.push('domain.checker: expected "none" for problems from a file, got "rehearsal"');
  }
  return found;
}

/** Objects merge field by field; anything else replaces. A variant of another `kind` replaces as a whole. */
function mergeOver(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isRecord(base) || !isRecord(over) || ('kind' in over && over['kind'] !== base['kind'])) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = mergeOver(base[key], value);
  return merged;
}

function describe(issue: z.core.$ZodIssue, whole: unknown): string[] {
  const at = issue.path.join('.');
  const here = at === '' ? '' : `${at}.`;
  if (issue.code === 'unrecognized_keys') {
    const known = valueAt(PRESETS.rehearsal, issue.path);
    const expected = isRecord(known) ? `; expected one of ${Object.keys(known).join(', ')}` : '';
    return issue.keys.map((key) => `${here}${key}: no such field${expected}, got ${show(valueAt(whole, [...issue.path, key]))}`);
  }
  const message = issue.message.replace(/^Invalid (input|option): /, '').replace(/^Too (small|big): /, '');
  return [`${at}: ${message}, got ${show(valueAt(whole, issue.path))}`];
}

function valueAt(whole: unknown, path: readonly PropertyKey[]): unknown {
  let value = whole;
  for (const key of path) value = isRecord(value) || Array.isArray(value) ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
