import { ScheduleNotFoundError } from '@temporalio/client';
import type {
  Client,
  ScheduleDescription,
  ScheduleOptions,
  ScheduleOverlapPolicy,
  ScheduleSpec,
  ScheduleSpecDescription,
} from '@temporalio/client';
import { CALENDAR_FIELDS, calendarOf, cronOf } from './calendar.ts';
import type { Calendar, Range } from './calendar.ts';
import { OVERLAP_POLICIES } from './schedules.ts';
import type { FoundSchedule, OverlapPolicy, Schedule, ScheduleChange } from './schedules.ts';
import { UsageError } from '../usage.ts';

const OURS: ReadonlySet<string> = new Set(['lap', 'flywheel']);
/** The memo by which a schedule of ours is known. */
const MANAGED = { managedBy: 'flywheel schedule apply' } as const;
const MINUTE_MS = 60_000;

/** In capitals and with underscores, as the SDK writes it. */
const TO_SERVER = {
  skip: 'SKIP',
  bufferOne: 'BUFFER_ONE',
  bufferAll: 'BUFFER_ALL',
  cancelOther: 'CANCEL_OTHER',
  terminateOther: 'TERMINATE_OTHER',
  allowAll: 'ALLOW_ALL',
} as const satisfies Record<OverlapPolicy, ScheduleOverlapPolicy>;

/** A schedule with what the server knows of its past and future. */
export interface ListedSchedule {
  readonly schedule: FoundSchedule;
  readonly nextStarts: readonly string[];
  readonly running: readonly string[];
  readonly recent: readonly { readonly workflowId: string; readonly startedAt: string }[];
  readonly started: number;
  readonly skippedForOverlap: number;
  readonly missed: number;
}

/** Every schedule that starts laps or flywheels, whoever made it, and any that was made here. */
export async function foundSchedules(client: Client): Promise<ListedSchedule[]> {
  const found: ListedSchedule[] = [];
  for await (const { scheduleId } of client.schedule.list()) {
    const described = await client.schedule.getHandle(scheduleId).describe().catch(gone); // the list lags behind
    const listed = described === undefined ? undefined : listedOf(described);
    if (listed !== undefined && (listed.schedule.managed || OURS.has(listed.schedule.workflow))) found.push(listed);
  }
  return found.sort(({ schedule: one }, { schedule: other }) => (one.id < other.id ? -1 : 1));
}

/** Those of the ids that exist, and all that the list knows: a list lags behind what was just made. */
export async function foundWith(client: Client, ids: readonly string[]): Promise<FoundSchedule[]> {
  const listed = await foundSchedules(client);
  const known = new Set(listed.map(({ schedule }) => schedule.id));
  const unlisted = await Promise.all(
    ids.filter((id) => !known.has(id)).map((id) => client.schedule.getHandle(id).describe().then(listedOf, gone)),
  );
  return [...listed, ...unlisted].flatMap((one) => (one === undefined ? [] : [one.schedule]));
}

export async function scheduleNamed(client: Client, id: string): Promise<ListedSchedule> {
  const described = await client.schedule.getHandle(id).describe().catch(gone);
  if (described === undefined)
    throw new UsageError(
      `Expected a schedule that the server knows, got ${JSON.stringify(id)}. \`flywheel schedule list\` lists them.`,
    );
  return listedOf(described);
}

/** Starts once, under the schedule's own overlap policy (the SDK's default would allow any overlap). */
export async function triggerSchedule(client: Client, { id, overlap }: FoundSchedule): Promise<void> {
  await client.schedule.getHandle(id).trigger(TO_SERVER[overlap]);
}

function gone(error: unknown): undefined {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}

export async function applyChange(client: Client, change: ScheduleChange): Promise<void> {
  const handle = client.schedule.getHandle(change.id);
  switch (change.kind) {
    case 'create':
      await client.schedule.create({
        ...optionsOf(change.to),
        scheduleId: change.id,
        memo: { ...MANAGED },
        state: { paused: change.to.paused ?? false, ...(change.to.note !== undefined && { note: change.to.note }) },
      });
      return;
    case 'change':
      await handle.update(({ state, typedSearchAttributes }) => {
        const paused = change.to.paused ?? state.paused;
        const note = paused && state.paused ? state.note : (change.to.note ?? state.note);
        return {
          ...optionsOf(change.to),
          typedSearchAttributes,
          state: { ...state, paused, ...(note !== undefined && { note }) },
        };
      });
      return;
    case 'delete':
      await handle.delete();
      return;
    case 'keep':
  }
}

function optionsOf({
  id,
  workflow,
  taskQueue,
  input,
  spec,
  overlap,
  catchupWindowMinutes,
  pauseOnFailure,
}: Schedule): Pick<ScheduleOptions, 'spec' | 'action' | 'policies'> {
  return {
    // The server appends the time to the id: each start is a workflow of its own.
    action: {
      type: 'startWorkflow',
      workflowType: workflow,
      workflowId: id,
      taskQueue,
      args: [input],
      memo: { input },
      staticSummary: `${workflow} by schedule ${id}`,
    },
    spec: {
      cronExpressions: [...spec.cron],
      intervals: spec.intervals.map(({ everyMinutes, offsetMinutes }) => ({
        every: everyMinutes * MINUTE_MS,
        offset: offsetMinutes * MINUTE_MS,
      })),
      timezone: spec.timeZone,
      jitter: spec.jitterSeconds * 1000,
    } satisfies ScheduleSpec,
    policies: { overlap: TO_SERVER[overlap], catchupWindow: catchupWindowMinutes * MINUTE_MS, pauseOnFailure },
  };
}

function listedOf({ scheduleId, spec, action, policies, state, info, memo }: ScheduleDescription): ListedSchedule {
  return {
    schedule: {
      id: scheduleId,
      managed: memo?.['managedBy'] === MANAGED.managedBy,
      workflow: action.workflowType,
      taskQueue: action.taskQueue,
      input: action.args?.[0] ?? {},
      spec: specOf(spec),
      // unspecified: the server skips
      overlap: OVERLAP_POLICIES.find((policy) => TO_SERVER[policy] === policies.overlap) ?? 'skip',
      catchupWindowMinutes: policies.catchupWindow / MINUTE_MS,
      pauseOnFailure: policies.pauseOnFailure,
      paused: state.paused,
      note: state.note,
    },
    nextStarts: info.nextActionTimes.map((time) => time.toISOString()),
    running: info.runningActions.map(({ workflow }) => workflow.workflowId),
    recent: info.recentActions.map(({ action: { workflow }, takenAt }) => ({
      workflowId: workflow.workflowId,
      startedAt: takenAt.toISOString(),
    })),
    started: info.numActionsTaken,
    skippedForOverlap: info.numActionsSkippedOverlap,
    missed: info.numActionsMissedCatchupWindow,
  };
}

function specOf({
  calendars = [],
  intervals = [],
  timezone,
  jitter = 0,
  startAt,
  endAt,
  skip = [],
}: ScheduleSpecDescription): Schedule['spec'] {
  const limits =
    startAt !== undefined || endAt !== undefined || skip.length > 0
      ? {
          startAt: startAt?.toISOString(),
          endAt: endAt?.toISOString(),
          skip: skip.map((calendar) => cronOf(asNumbers(calendar))),
        }
      : undefined;
  return {
    cron: calendars.map((calendar) => cronOf(asNumbers(calendar))),
    intervals: intervals.map(({ every, offset }) => ({
      everyMinutes: every / MINUTE_MS,
      offsetMinutes: offset / MINUTE_MS,
    })),
    timeZone: timezone === undefined || timezone === '' ? 'UTC' : timezone,
    jitterSeconds: jitter / 1000,
    ...(limits && { limits }),
  };
}

type SdkCalendar = NonNullable<ScheduleSpecDescription['calendars']>[number];

/** The SDK names months and days. */
function asNumbers(calendar: SdkCalendar): Calendar {
  const ranges = (field: (typeof CALENDAR_FIELDS)[number]): Range[] =>
    calendar[field].map(({ start, end, step }) => ({ start: numberOf(field, start), end: numberOf(field, end), step }));
  return Object.fromEntries(CALENDAR_FIELDS.map((field) => [field, ranges(field)])) as unknown as Calendar;
}

function numberOf(field: (typeof CALENDAR_FIELDS)[number], value: number | string): number {
  if (typeof value === 'number') return value;
  const [range] = calendarOf(field === 'month' ? `0 0 * ${value.slice(0, 3)} *` : `0 0 * * ${value.slice(0, 3)}`)[
    field
  ];
  return range?.start ?? 0;
}
