import * as z from 'zod';
import { addSpending } from './amounts.ts';
import type { Spending } from './amounts.ts';
import type { LapInput } from './lapInput.ts';
import { budgetSchema } from './recipe.ts';
import { fullLapName, RUN_NAME } from '../ids.ts';

/** The curve has flattened when each of the last `laps` laps gained less than `minGain` on the one before. */
const plateau = z.strictObject({
  laps: z.int().min(1).default(2), // ours: one lap may be unlucky
  minGain: z.number().min(0).default(0.01), // ours: below what a held-out set of a few hundred problems can tell
});
export type Plateau = z.infer<typeof plateau>;

export const flywheelSchema = z.strictObject({
  /** @default the run of `from`, else main */
  run: z.string().regex(RUN_NAME, 'expected a name of lower-case letters, digits and dashes').optional(),
  /** The finished lap to go on from. @default none: the first lap is a lap 1 */
  from: z
    .string()
    .refine((name) => fullLapName(name) !== undefined, 'expected the name of a finished lap such as main/lap-0001')
    .optional(),
  /** Laps to run. */
  laps: z.int().min(1).max(10_000).default(3),
  /** Fields of the first lap's input; later laps go on with their parent's recipe. */
  lap: z.record(z.string(), z.unknown()).default({}),
  /** What all laps may use together: none begins once a limit is reached. @default no limit */
  budget: budgetSchema.default({}),
  /** @default none: only `laps` and `budget` stop the flywheel */
  plateau: plateau.optional(),
});
export type FlywheelSettings = z.infer<typeof flywheelSchema>;
/** What a person types: `{}` runs three laps of the usual preset, one after the other. */
export type FlywheelInput = Omit<z.input<typeof flywheelSchema>, 'lap'> & { readonly lap?: LapInput };

/**
 * The settings that an input means.
 * @throws an Error whose message names each bad field, what was expected and what came.
 */
export function resolveFlywheel(input: unknown): FlywheelSettings {
  const parsed = flywheelSchema.safeParse(input);
  const problems = parsed.success
    ? clashes(parsed.data)
    : parsed.error.issues.map(
        (issue) =>
          `${issue.path.join('.') || 'input'}: ${issue.message}, got ` +
          (JSON.stringify(valueAt(input, issue.path)) ?? 'nothing'),
      );
  if (!parsed.success || problems.length > 0) throw new Error(`Invalid flywheel input: ${problems.join('; ')}`);
  return parsed.data;
}

function clashes({ lap }: FlywheelSettings): string[] {
  return ['run', 'from']
    .filter((name) => name in lap)
    .map(
      (name) => `lap.${name}: expected it beside "lap", where it counts for all laps, got ${JSON.stringify(lap[name])}`,
    );
}

function valueAt(whole: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    whole,
  );
}

/** One finished lap, as the flywheel remembers it. */
export interface LapOutcome {
  readonly lap: string;
  /**
   * The held-out curve: the generator's true score, or, where nobody knows it, the verifier's accuracy against experts.
   * Null where neither was measured.
   */
  readonly headline: number | null;
  readonly used: Spending;
}

/** Why no further lap begins; undefined when one does. */
export function reasonToStop(
  settings: FlywheelSettings,
  laps: readonly LapOutcome[],
  asked: { readonly finish: boolean },
): string | undefined {
  if (asked.finish) return 'finishAfterLap was asked for';
  if (laps.length >= settings.laps) return `${laps.length} of ${settings.laps} laps are done`;
  return (
    exceeded(settings.budget, laps) ?? (settings.plateau === undefined ? undefined : flattened(settings.plateau, laps))
  );
}

function exceeded(budget: FlywheelSettings['budget'], laps: readonly LapOutcome[]): string | undefined {
  const used = laps
    .map((lap) => lap.used)
    .reduce(addSpending, { calls: 0, tokens: 0, gpuHours: 0, cost: 0, expertMinutes: 0 });
  for (const [name, limit] of Object.entries(budget) as [keyof Spending, number][]) {
    if (used[name] >= limit) return `the budget of ${limit} ${name} is used up (${Math.round(used[name] * 100) / 100})`;
  }
  return undefined;
}

function flattened({ laps: window, minGain }: Plateau, laps: readonly LapOutcome[]): string | undefined {
  const curve = laps.flatMap(({ headline }) => headline ?? []);
  if (curve.length <= window) return undefined;
  const gains = curve
    .slice(-window)
    .map((value, index) => value - (curve[curve.length - window + index - 1] as number));
  return gains.every((gain) => gain < minGain)
    ? `the held-out curve has flattened: the last ${window} laps gained ` +
        `${gains.map((gain) => gain.toFixed(3)).join(', ')}, each less than ${minGain}`
    : undefined;
}
