import type { Command } from 'commander';
import { domains } from '../../domains/index.ts';
import { readLap, type ReadLap } from '../../activities/laps/read.ts';
import { resolveFlywheel, type FlywheelInput } from '../../shared/lap/flywheelInput.ts';
import {
  mendedOf,
  mergeOver,
  parentOf,
  resolveRecipe,
  type LapInput,
  type ParentRecipe,
} from '../../shared/lap/lapInput.ts';
import { isRecord, valueAt } from '../../shared/recipe/issues.ts';
import { differences, type FieldChange } from '../../shared/lap/changes.ts';
import { configuredServing, configuredSurroundings } from '../../workers/configured.ts';
import { store } from '../../workers/store.ts';
import { UsageError } from '../usage.ts';
import { readRecipe, withFiles } from './recipeFile.ts';

/** Options of `flywheel lap` and `flywheel plan` that say what the lap is. */
export interface LapChoices {
  readonly recipe?: string;
  readonly from?: string;
  readonly mend?: string;
  readonly preset?: string;
  readonly seed?: string;
  readonly run?: string;
  readonly expert?: string;
  readonly set?: readonly string[];
}

export function withLapChoices(command: Command): Command {
  return command
    .option(
      '--recipe <file>',
      "a file that says what the lap is, such as a team's team.jsonc; other options lie over it",
    )
    .option(
      '--from <lap>',
      'go on from a finished lap, such as lap-0001: its models, datasets and recipe (default: a lap 1)',
    )
    .option(
      '--mend <lap>',
      'go on as a new lap where this one failed or was ended: its recipe, with what --set changes, and all that ' +
        'comes out equal',
    )
    .option('--preset <name>', `${Object.keys(domains.presets).join(', ')} (default: ${domains.usualPreset})`)
    .option('--seed <number>', "the recipe's seed")
    .option('--run <name>', "the run that the lap belongs to (default: the parent lap's, else main)")
    .option('--expert <who>', 'who answers questions to experts: me (people) or program (default: as the preset says)')
    .option(
      '--set <path=value>',
      'any other field of the recipe, such as labelling.proofs=60; repeatable',
      (value: string, all: string[]) => [...all, value],
      [],
    );
}

/** A lap that was chosen: the input as the options say it, and what it means. */
type ChosenLap<Read> = Read & { readonly input: LapInput };

/**
 * The lap that the options choose, checked as the workflow will check it.
 * @throws UsageError that names the option.
 */
export function chosenLap(choices: LapChoices): Promise<ChosenLap<ReadLap>> {
  return chosenAs(choices, (input) => readLap(store, configuredSurroundings(configuredServing(store)), input));
}

/** The same, where another reads the input. */
export async function chosenAs<Read>(
  choices: LapChoices,
  read: (input: LapInput) => Read | Promise<Read>,
): Promise<ChosenLap<Read>> {
  const { recipe, from, mend, preset, run, seed, expert, set = [] } = choices;
  const over: Record<string, unknown> = Object.fromEntries(
    Object.entries({ from, mend, preset, run }).filter(([, value]) => value !== undefined),
  );
  if (seed !== undefined) over['seed'] = numberFrom('--seed', seed);
  if (expert !== undefined) {
    if (expert !== 'me' && expert !== 'program')
      throw new UsageError(`--expert: expected me or program, got ${JSON.stringify(expert)}`);
    over['domain'] = { experts: expert === 'me' ? 'people' : 'program' };
    // One person fills one seat: with the presets' two, a lap would wait for a second for ever. `--set experts.seats=2`
    // asks for both.
    if (expert === 'me') over['experts'] = { seats: 1 };
  }
  for (const assignment of set) {
    const [path = '', ...value] = assignment.split('=');
    const names = path.split('.');
    if (value.length === 0 || names.some((name) => !/^[A-Za-z]\w*$/.test(name))) {
      throw new UsageError(`--set: expected path=value such as labelling.proofs=60, got ${JSON.stringify(assignment)}`);
    }
    assign(over, names, valueFrom(value.join('=')), `--set ${assignment}`);
  }
  return orUsageError(async () => {
    const ground = recipe === undefined ? {} : await readRecipe(recipe);
    const input = mergeOver(ground, await withFiles(over, process.cwd())) as LapInput;
    return { input, ...(await read(input)) };
  });
}

/** The flywheel that `--laps` asks for, with the chosen lap as its first. */
export function flywheelInputFrom(laps: string, run: string, first: LapInput): Promise<FlywheelInput> {
  const { run: _, from, ...lap } = first;
  const input = {
    run,
    ...(from === undefined ? {} : { from }),
    laps: numberFrom('--laps', laps),
    ...(Object.keys(lap).length === 0 ? {} : { lap }),
  };
  return orUsageError(() => {
    resolveFlywheel(input);
    return input;
  });
}

/** @throws UsageError with the message of whatever the work throws. */
async function orUsageError<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/**
 * The first field in which two inputs mean different laps, or undefined when they mean the same. `parent` is the lap
 * that both go on from, or
 * mend.
 */
export function firstDifference(one: LapInput, other: LapInput, parent?: ParentRecipe): FieldChange | undefined {
  for (const [field, named] of [
    ['from', parentOf],
    ['mend', mendedOf],
  ] as const) {
    const [from, to] = [named(one), named(other)];
    if (from !== to) return { field, from, to };
  }
  const recipeOf = (input: LapInput) => resolveRecipe(domains, input, parent).recipe;
  const [first] = differences('', recipeOf(one), recipeOf(other));
  if (first === undefined) return undefined;
  const { field, from, to } = first;
  return { field, from: asGiven(one, field, from), to: asGiven(other, field, to) };
}

/** A preset with sizing states what stands in for a size until it is derived: that says nothing. */
function asGiven(input: LapInput, field: string, stated: unknown): unknown {
  const given = valueAt(input, field.split('.'));
  const isSized = [...domains.byName.values()].some(({ sizing }) => sizing?.[input.preset ?? ''] !== undefined);
  return isSized && given === undefined ? `as preset ${input.preset} has it` : stated;
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
  if (!/^\d+$/.test(text))
    throw new UsageError(`${option}: expected a whole number from 0 on, got ${JSON.stringify(text)}`);
  return Number(text);
}
