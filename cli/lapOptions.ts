import type { LapInput } from '../shared/lapInput.ts';
import { resolveRecipe } from '../shared/lapInput.ts';
import { UsageError } from './usage.ts';

/** Options of `flywheel lap` that say what the lap is. */
export interface LapChoices {
  readonly preset?: string;
  readonly seed?: string;
  readonly run?: string;
  readonly expert?: string;
  readonly set?: readonly string[];
}

/**
 * The lap's input as the options say it, checked as the workflow will check it.
 * @throws UsageError that names the option.
 */
export function lapInputFrom(choices: LapChoices): LapInput {
  const input: Record<string, unknown> = {};
  if (choices.preset !== undefined) input['preset'] = choices.preset;
  if (choices.run !== undefined) input['run'] = choices.run;
  if (choices.seed !== undefined) input['seed'] = numberFrom('--seed', choices.seed);
  if (choices.expert !== undefined) {
    if (choices.expert !== 'me' && choices.expert !== 'program') throw new UsageError(`--expert: expected me or program, got ${JSON.stringify(choices.expert)}`);
    assign(input, ['domain', 'experts'], choices.expert === 'me' ? 'people' : 'program', '--expert');
    // One person fills one seat: with the presets' two, a lap would wait for a second for ever. `--set experts.seats=2` asks for both.
    if (choices.expert === 'me') assign(input, ['experts', 'seats'], 1, '--expert');
  }
  for (const assignment of choices.set ?? []) {
    const at = assignment.indexOf('=');
    const names = assignment.slice(0, at).split('.');
    if (at < 1 || names.some((name) => !/^[A-Za-z]\w*$/.test(name))) {
      throw new UsageError(`--set: expected path=value such as labelling.proofs=60, got ${JSON.stringify(assignment)}`);
    }
    assign(input, names, valueFrom(assignment.slice(at + 1)), `--set ${assignment}`);
  }
  try {
    resolveRecipe(input);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return input;
}

/** The first field in which two inputs mean different laps, or undefined when they mean the same. */
export function firstDifference(one: LapInput, other: LapInput): { field: string; one: unknown; other: unknown } | undefined {
  return compare('', resolveRecipe(one).recipe, resolveRecipe(other).recipe);
}

function compare(field: string, one: unknown, other: unknown): { field: string; one: unknown; other: unknown } | undefined {
  if (!isRecord(one) || !isRecord(other)) return JSON.stringify(one) === JSON.stringify(other) ? undefined : { field, one, other };
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const difference = compare(field === '' ? key : `${field}.${key}`, one[key], other[key]);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function assign(target: Record<string, unknown>, names: readonly string[], value: unknown, option: string): void {
  let place = target;
  for (const name of names.slice(0, -1)) {
    const next = (Object.hasOwn(place, name) ? place[name] : undefined) ?? {};
    if (!isRecord(next)) throw new UsageError(`${option}: ${name} was given a value of its own by another option`);
    place[name] = next;
    place = next;
  }
  place[names.at(-1) ?? ''] = value;
}

/** JSON where it is JSON (numbers, booleans, lists), else the text itself. */
function valueFrom(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // a plain word
  }
}

function numberFrom(option: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`${option}: expected a whole number from 0 on, got ${JSON.stringify(text)}`);
  return Number(text);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
