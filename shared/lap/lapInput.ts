import * as z from 'zod';
import type { Derived, LapFacts, Sizing } from './facts.ts';
import { isRecord, show, tell, valueAt } from '../recipe/issues.ts';
import { possibleInits, scoresMissing, withLaterInits } from './laterLap.ts';
import { stagesOf } from './phases.ts';
import { recipeSchema, type Recipe } from '../recipe/recipe.ts';
import { fullLapName, RUN_NAME, runOf } from '../ids.ts';

/**
 * What a person types: `{}`, `{"preset":"smoke"}`, or any fields of the recipe that shall differ from the preset's, or
 * from the parent's.
 */
export type LapInput = Omit<DeepPartial<Recipe>, 'coldStart'> & {
  /** Its sizes; or `given`: there is none, since `given.proofs` is D_v. */
  readonly coldStart?: DeepPartial<Recipe['coldStart']> | 'given';
  /** Seeds and ablations are runs of their own. @default the parent's, else 'main' */
  readonly run?: string;
  /**
   * The lap to go on from, such as `main/lap-0001` (`lap-0001` for short); its recipe is the ground that other fields
   * lie on. @default none: a lap 1
   */
  readonly from?: string;
  /**
   * The lap to mend, such as `main/lap-0003`: one that failed or was ended before its end. Its recipe is the ground
   * that other fields lie on, its parent and its turn are this one's, and what has equal inputs is taken over.
   */
  readonly mend?: string;
};

/** What a lap's input needs to know of the lap that it goes on from, or that it mends. */
export interface ParentRecipe {
  /** Place of that lap in its chain, counted from 1. */
  readonly turn: number;
  readonly recipe: Recipe;
  /** Sizes of its recipe that nobody gave: where a lap is mended by other fields, they follow anew. */
  readonly derived?: readonly Derived[] | undefined;
}

export interface ResolvedInput {
  readonly run: string;
  /** The parent's full name; where it mends a lap, readers of that lap know its parent. */
  readonly from?: string;
  /** The full name of the lap that it mends. */
  readonly mend?: string;
  readonly turn: number;
  readonly recipe: Recipe;
  /** Fields that follow from what the team brings; absent where the preset states all of its own. */
  readonly derived?: readonly Derived[];
}

/** What an input is read against: what it has to know of the domains of this installation (shared/domain.ts). */
interface KnownDomains {
  readonly presets: Readonly<Record<string, Recipe>>;
  readonly usualPreset: string;
  readonly byName: ReadonlyMap<
    string,
    {
      readonly settings: { parse(value: unknown): unknown };
      readonly prompts: string;
      readonly bases: Readonly<Record<string, string>>;
      readonly checker?: object;
      readonly expert?: object;
      readonly sizing?: Readonly<Record<string, Sizing>>;
    }
  >;
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
export const parentOf = (input: unknown): string | undefined => lapNamed(input, 'from', 'a finished lap');

/**
 * The full name of the lap that an input mends.
 * @throws when `mend` is no name of a lap.
 */
export const mendedOf = (input: unknown): string | undefined =>
  lapNamed(input, 'mend', 'a lap that failed or was ended');

function lapNamed(input: unknown, field: 'from' | 'mend', what: string): string | undefined {
  const named = isRecord(input) ? input[field] : undefined;
  if (named === undefined) return undefined;
  const name = typeof named === 'string' ? fullLapName(named) : undefined;
  if (name === undefined)
    throw new Error(
      `Invalid lap input: ${field}: expected the name of ${what} such as main/lap-0001, got ${show(named)}`,
    );
  return name;
}

/**
 * The recipe that an input means: the preset, or the parent's recipe, with the input's fields over it.
 * @param parent of the lap that `from` or `mend` names; required where one does.
 * @param facts from which the sizes of presets follow that have them derived. @default the sizes that it states
 * @throws an Error whose message names each bad field, what was expected and what came.
 */
export function resolveRecipe(
  domains: KnownDomains,
  input: unknown,
  parent?: ParentRecipe,
  facts?: LapFacts,
): ResolvedInput {
  if (!isRecord(input))
    throw new Error(`Invalid lap input: expected an object such as {} or {"preset":"smoke"}, got ${show(input)}`);
  const [from, mend] = [parentOf(input), mendedOf(input)];
  if (mend !== undefined && from !== undefined)
    throw new Error(
      `Invalid lap input: mend: expected it without from (its parent is the one that it had), got ${show(from)} there`,
    );
  const { run = runOf(from ?? mend), from: _, mend: __, ...written } = input;
  const { coldStart, ...others } = written;
  const fields = coldStart === 'given' ? others : written;
  if (typeof run !== 'string' || !RUN_NAME.test(run)) {
    throw new Error(
      `Invalid lap input: run: expected a name of lower-case letters, digits and dashes, got ${show(run)}`,
    );
  }
  if ((from ?? mend) !== undefined && parent === undefined)
    throw new Error(
      `Invalid lap input: ${from === undefined ? 'mend: expected a failed' : 'from: expected a finished'} lap, got ` +
        `${show(from ?? mend)}, which is not known here`,
    );
  const preset = fields['preset'] ?? parent?.recipe.preset ?? domains.usualPreset;
  const chosen = Object.entries(domains.presets).find(([name]) => name === preset)?.[1];
  if (chosen === undefined) {
    throw new Error(
      `Invalid lap input: preset: expected one of ${Object.keys(domains.presets).join(', ')}, got ${show(preset)}`,
    );
  }
  if (mend !== undefined && preset !== parent?.recipe.preset)
    throw new Error(
      `Invalid lap input: preset: expected none beside mend, or ${parent?.recipe.preset} as it was (its recipe is ` +
        `the ground; set what shall be otherwise), got ${show(preset)}`,
    );
  const goesOn = mend !== undefined || fields['preset'] === undefined;
  const base = parent !== undefined && goesOn ? parent.recipe : chosen;
  const anew = new Set(facts && changesAny(mend, fields) ? parent?.derived?.map(({ field }) => field) : []);
  const ground = groundOf(domains, base, valueAt(fields, ['domain', 'name']));
  const read = (merged: unknown): Recipe => {
    const parsed = schemaOf(domains).safeParse(merged);
    if (!parsed.success) throw new Error(`Invalid lap input: ${tell(parsed.error, merged, noSuchField(ground))}`);
    return parsed.data as Recipe;
  };
  const isInput = (field: string): boolean => valueAt(fields, field.split('.')) !== undefined;
  const stated = read(
    mergeOver(
      [...anew].reduce((recipe, field) => withStated(recipe, field, chosen), ground),
      fields,
    ),
  );
  const { sizing = {} } = domains.byName.get(stated.domain.name) ?? {};
  // A later lap goes on with its parent's sizes, a mended one with the failed one's, but for those that follow anew.
  const isGiven = base === chosen ? isInput : (field: string) => isInput(field) || !anew.has(field);
  const derived =
    facts === undefined || (base !== chosen && anew.size === 0)
      ? mend === undefined
        ? undefined
        : parent?.derived // as it was, for whoever mends this one
      : sizing[stated.preset]?.(stated, facts, isGiven);
  const turn = parent === undefined ? 1 : parent.turn + (mend === undefined ? 1 : 0);
  const sized = derived === undefined ? stated : read(derived.reduce(withDerived, stated));
  const recipe = withLaterInits({ recipe: sized, turn });
  const problems = contradictions(recipe, turn, domains);
  if (coldStart === 'given' && recipe.given === undefined)
    problems.push(
      'coldStart: expected given.proofs beside "given", graded proofs of the store, got none: `flywheel import ' +
        'proofs FILE --grader NAME` takes a file of yours in, and prints what to say',
    );
  if (problems.length > 0) throw new Error(`Invalid lap input: ${problems.join('; ')}`);
  return { run, ...(from && { from }), ...(mend && { mend }), turn, recipe, ...(derived && { derived }) };
}

/** Whether a mended lap is to be another than the failed one. */
const changesAny = (mend: string | undefined, fields: Readonly<Record<string, unknown>>): boolean =>
  mend !== undefined && Object.keys(fields).some((field) => field !== 'preset');

const withDerived = (
  recipe: unknown,
  { field, value }: Pick<Derived, 'field'> & { readonly value: unknown },
): unknown =>
  mergeOver(
    recipe,
    field.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value),
  );

/** As the preset states the field: sizes follow from that. */
const withStated = (recipe: object, field: string, preset: Recipe): object =>
  withDerived(recipe, { field, value: valueAt(preset, field.split('.')) }) as object;

/** A recipe of a domain that is known, with its settings as that domain reads them. */
function schemaOf({ byName }: KnownDomains) {
  const domain = recipeSchema.shape.domain.transform((domain, context) => {
    const known = byName.get(domain.name);
    const refuse = (issue: object, ...path: PropertyKey[]): void =>
      void context.issues.push({ code: 'custom', ...issue, path, input: domain });
    if (known === undefined) refuse({ message: `expected one of ${[...byName.keys()].join(', ')}` }, 'name');
    else
      try {
        return { ...domain, settings: known.settings.parse(domain.settings) };
      } catch (error) {
        const issues = error instanceof z.ZodError ? error.issues : [{ message: (error as Error).message, path: [] }];
        for (const issue of issues) refuse(issue, 'settings', ...issue.path);
      }
    return z.NEVER;
  });
  return recipeSchema.extend({ domain });
}

/** The preset's recipe, or the parent's; where the input names another domain, with that domain's own defaults. */
function groundOf({ byName }: KnownDomains, recipe: Recipe, name: unknown): object {
  const domain = name === recipe.domain.name ? undefined : byName.get(name as string);
  if (domain === undefined) return recipe;
  const { prompts, bases, checker, expert } = domain;
  const [base] = Object.keys(bases);
  const who = { checker: checker ? 'own' : 'none', experts: expert ? 'program' : 'people' };
  return { ...recipe, domain: { name, settings: {}, prompts, base, ...who } };
}

/** Fields under another name than people may expect. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'domain.problems': 'expected its fields in domain.settings, and domain.name in place of its kind',
};

const noSuchField =
  (ground: object) =>
  (field: string, beside: readonly PropertyKey[]): string => {
    const names = new Set([
      ...(beside.length === 0 ? ['run', 'from', 'mend'] : []),
      ...Object.keys(valueAt(ground, beside) ?? {}),
      ...fieldsAt(recipeSchema, beside),
    ]);
    return ELSEWHERE[field] ?? `no such field; expected one of ${[...names].join(', ')}`;
  };

/** Those that a group of the recipe may have, given or not. */
function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const group = schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
  if (!(group instanceof z.ZodObject)) return [];
  const shape = group.shape as Readonly<Record<PropertyKey, z.ZodType>>;
  const [name, ...rest] = path;
  if (name === undefined) return Object.keys(shape);
  return shape[name] === undefined ? [] : fieldsAt(shape[name], rest);
}

/** What each field allows alone, but not together. */
function contradictions(recipe: Recipe, turn: number, { byName }: KnownDomains): string[] {
  const { labelling, rewards, domain } = recipe;
  const known = byName.get(domain.name);
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
    const { reference, klCoef } = recipe.stages[stage];
    if (reference !== undefined && klCoef === 0)
      found.push(`stages.${stage}.reference: expected stages.${stage}.klCoef above 0 beside it, got 0`);
    if (!possible.includes(init))
      found.push(`stages.${stage}.init: expected ${possible.join(', ')} (what exists by then), got "${init}"`);
  }
  if (domain.experts === 'program' && (domain.checker === 'none' || known?.expert === undefined))
    found.push(
      `domain.experts: expected "people" where domain.checker is "none" (no program knows the truth), got "program"`,
    );
  if (domain.checker === 'own' && known?.checker === undefined)
    found.push(`domain.checker: expected "none" (${domain.name} has no checker), got "own"`);
  return [...found, ...scoresMissing({ recipe, turn })];
}

/** Objects merge field by field; anything else replaces. */
export function mergeOver(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isRecord(base) || !isRecord(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = mergeOver(base[key], value);
  return merged;
}
