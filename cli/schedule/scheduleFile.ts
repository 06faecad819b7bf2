import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { domains } from '../../domains/index.ts';
import { resolveFlywheel } from '../../shared/lap/flywheelInput.ts';
import { tell } from '../../shared/recipe/issues.ts';
import { parentOf, resolveRecipe } from '../../shared/lap/lapInput.ts';
import { QUEUES } from '../../shared/queues.ts';
import { UsageError } from '../usage.ts';
import { calendarOf, cronOf } from './calendar.ts';
import { OVERLAP_POLICIES, type Schedule } from './schedules.ts';

export const DEFAULT_FOLDER = 'schedules';

const cron = z.string().superRefine((text, context) => {
  try {
    calendarOf(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});
const timeZone = z.string().refine((name) => {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false; // that is how Intl says it
  }
}, 'expected a time zone of the IANA database such as Europe/Berlin');
const minutes = z.int().min(1);

/**
 * A schedule as a file says it. What it does when laps overlap, the server was away or a lap failed is never left to a
 * default.
 */
const scheduleFile = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,80}$/, 'expected a name of letters, digits, dots, dashes and underscores'),
  /** Workflow type to start. */
  workflow: z.enum(['lap', 'flywheel']),
  /** Its input, as one would type it into the Web UI. */
  input: z.record(z.string(), z.json()),
  /** The union of these times. */
  spec: z
    .strictObject({
      cron: z.array(cron).default([]),
      intervals: z
        .array(z.strictObject({ everyMinutes: minutes, offsetMinutes: z.int().min(0).default(0) }))
        .default([]),
      /** Of the cron expressions. @default 'UTC' */
      timeZone: timeZone.default('UTC'),
      /** Each start is put off by a random time up to this. */
      jitterSeconds: z.int().min(0).default(0),
    })
    .refine(
      ({ cron, intervals }) => cron.length + intervals.length > 0,
      'expected at least one entry in cron or intervals',
    ),
  /** What happens at a time at which what it started before is still running. */
  overlap: z.enum(Object.keys(OVERLAP_POLICIES) as Schedule['overlap'][]),
  /** Starts that the server missed are made up for if they are at most this late. */
  catchupWindowMinutes: minutes,
  pauseOnFailure: z.boolean(),
  /** Shown in the Web UI; while a schedule is paused, its note says why instead. */
  note: z.string().optional(),
  /** Absent: left as it is, so that `apply` does not undo a pause. */
  paused: z.boolean().optional(),
});

/**
 * The schedules that files say, and all `*.json` of folders.
 * @throws UsageError as `parseSchedule`, and where a file is not there.
 */
export async function readSchedules(named: readonly string[]): Promise<Schedule[]> {
  const files = (await Promise.all((named.length === 0 ? [DEFAULT_FOLDER] : named).map(filesOf))).flat();
  return Promise.all(files.map(async (file) => parseSchedule(file, await readFile(file, 'utf8'))));
}

async function filesOf(named: string): Promise<string[]> {
  const found = await stat(named).catch(() => undefined); // not there
  if (found === undefined)
    throw new UsageError(
      `Expected a file or folder with schedules, got ${JSON.stringify(named)}, which is not there. \`flywheel ` +
        `schedule apply --help\` shows what a file says.`,
    );
  if (!found.isDirectory()) return [named];
  return (await readdir(named))
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => path.join(named, name));
}

/**
 * @param name of the file, for messages.
 * @throws UsageError that names the file, each bad field, what was expected and what came.
 */
export function parseSchedule(name: string, text: string): Schedule {
  const refused = (what: string, cause?: unknown) => new UsageError(`${name}: ${what}`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refused(`expected JSON, got something else (${(error as Error).message})`, error);
  }
  const parsed = scheduleFile.safeParse(value);
  if (!parsed.success) throw refused(tell(parsed.error, value));
  const { spec, ...rest } = parsed.data;
  try {
    if (rest.workflow === 'flywheel') resolveFlywheel(rest.input);
    else if (parentOf(rest.input) === undefined) resolveRecipe(domains, rest.input); // a parent may be yet to come
  } catch (error) {
    throw refused(`input: ${(error as Error).message}`, error);
  }
  return {
    ...rest,
    taskQueue: QUEUES.orchestrator,
    spec: { ...spec, cron: spec.cron.map((text) => cronOf(calendarOf(text))) },
  };
}
