import * as z from 'zod';
import { show, tell } from '../recipe/issues.ts';
import type { LapInput } from './lapInput.ts';
import { budgetSchema } from '../recipe/recipe.ts';
import { fullLapName, RUN_NAME } from '../ids.ts';

/** The curve has flattened when each of the last `laps` laps gained less than `minGain` on the one before. */
const plateau = z.strictObject({
  laps: z.int().min(1).default(2), // ours: one lap may be unlucky
  minGain: z.number().min(0).default(0.01), // ours: below what a held-out set of a few hundred problems can tell
});
export type Plateau = z.infer<typeof plateau>;

const flywheelSchema = z.strictObject({
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
  const problems = parsed.success ? clashes(parsed.data) : tell(parsed.error, input);
  if (!parsed.success || problems !== '') throw new Error(`Invalid flywheel input: ${problems}`);
  return parsed.data;
}

function clashes({ lap, from }: FlywheelSettings): string {
  const twice = ['run', 'from']
    .filter((name) => name in lap)
    .map((name) => `lap.${name}: expected it beside "lap", where it counts for all laps, got ${show(lap[name])}`);
  const both =
    from !== undefined && 'mend' in lap ? [`lap.mend: expected it without from, got ${show(from)} there`] : [];
  return [...twice, ...both].join('; ');
}
