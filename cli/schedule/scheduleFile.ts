import * as z from 'zod';
import { domains } from '../../domains/index.ts';
import { calendarOf, cronOf } from './calendar.ts';
import { resolveFlywheel } from '../../shared/lap/flywheelInput.ts';
import { tell } from '../../shared/lap/issues.ts';
import { parentOf, resolveRecipe } from '../../shared/lap/lapInput.ts';
import { QUEUES } from '../../shared/queues.ts';
import { OVERLAP_POLICIES } from './schedules.ts';
import type { Schedule } from './schedules.ts';

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
  overlap: z.enum(OVERLAP_POLICIES),
  /** Starts that the server missed are made up for if they are at most this late. */
  catchupWindowMinutes: minutes,
  pauseOnFailure: z.boolean(),
  /** Shown in the Web UI; while a schedule is paused, its note says why instead. */
  note: z.string().optional(),
  /** Absent: left as it is, so that `apply` does not undo a pause. */
  paused: z.boolean().optional(),
});

/**
 * @param name of the file, for messages.
 * @throws an Error that names the file, each bad field, what was expected and what came.
 */
export function parseSchedule(name: string, text: string): Schedule {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${name}: expected JSON, got something else (${(error as Error).message})`, { cause: error });
  }
  const parsed = scheduleFile.safeParse(value);
  if (!parsed.success) throw new Error(`${name}: ${tell(parsed.error, value)}`);
  const { spec, ...rest } = parsed.data;
  try {
    if (rest.workflow === 'flywheel') resolveFlywheel(rest.input);
    else if (parentOf(rest.input) === undefined) resolveRecipe(domains, rest.input); // a parent may be yet to come
  } catch (error) {
    throw new Error(`${name}: input: ${(error as Error).message}`, { cause: error });
  }
  return {
    ...rest,
    taskQueue: QUEUES.orchestrator,
    spec: { ...spec, cron: spec.cron.map((text) => cronOf(calendarOf(text))) },
  };
}
