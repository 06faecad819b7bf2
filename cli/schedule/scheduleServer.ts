import {
  ScheduleNotFoundError,
  type Client,
  type ScheduleDescription,
  type ScheduleOptions,
  type ScheduleSpecDescription,
} from '@temporalio/client';
import { calendarBy, cronOf, valueOf } from './calendar.ts';
import { OVERLAP_POLICIES, type FoundSchedule, type Schedule, type ScheduleChange } from './schedules.ts';
import { UsageError } from '../usage.ts';

const OURS: ReadonlySet<string> = new Set(['lap', 'flywheel']);
/** The memo by which a schedule of ours is known. */
const MANAGED = { managedBy: 'flywheel schedule apply' } as const;
const MINUTE_MS = 60_000;

/** A schedule with what the server knows of its past and future. */
export interface ListedSchedule extends FoundSchedule {
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
    const listed = await findSchedule(client, scheduleId); // the list lags behind
    if (listed !== undefined && (listed.managed || OURS.has(listed.workflow))) found.push(listed);
  }
  return found.sort((one, other) => (one.id < other.id ? -1 : 1));
}

/** Those of the ids that exist, and all that the list knows: a list lags behind what was just made. */
export async function foundWith(client: Client, ids: readonly string[]): Promise<FoundSchedule[]> {
  const listed = await foundSchedules(client);
  const known = new Set(listed.map(({ id }) => id));
  const unlisted = await Promise.all(ids.filter((id) => !known.has(id)).map((id) => findSchedule(client, id)));
  return [...listed, ...unlisted.filter((one) => one !== undefined)];
}

export async function scheduleNamed(client: Client, id: string): Promise<ListedSchedule> {
  const found = await findSchedule(client, id);
  if (found === undefined)
    throw new UsageError(
      `Expected a schedule that the server knows, got ${JSON.stringify(id)}. \`flywheel schedule list\` lists them.`,
    );
  return found;
}

function findSchedule(client: Client, id: string): Promise<ListedSchedule | undefined> {
  return client.schedule
    .getHandle(id)
    .describe()
    .then(listedOf, (error: unknown) => {
      if (error instanceof ScheduleNotFoundError) return undefined;
      throw error;
    });
}

/** Starts once, under the schedule's own overlap policy (the SDK's default would allow any overlap). */
export async function triggerSchedule(client: Client, { id, overlap }: FoundSchedule): Promise<void> {
  await client.schedule.getHandle(id).trigger(OVERLAP_POLICIES[overlap]);
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
    },
    policies: { overlap: OVERLAP_POLICIES[overlap], catchupWindow: catchupWindowMinutes * MINUTE_MS, pauseOnFailure },
  };
}

function listedOf({ scheduleId, spec, action, policies, state, info, memo }: ScheduleDescription): ListedSchedule {
  return {
    id: scheduleId,
    managed: memo?.['managedBy'] === MANAGED.managedBy,
    workflow: action.workflowType,
    taskQueue: action.taskQueue,
    input: action.args?.[0] ?? {},
    spec: specOf(spec),
    overlap: policyNamed(policies.overlap),
    catchupWindowMinutes: policies.catchupWindow / MINUTE_MS,
    pauseOnFailure: policies.pauseOnFailure,
    paused: state.paused,
    note: state.note,
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

function policyNamed(name: ScheduleDescription['policies']['overlap']): Schedule['overlap'] {
  const policies = Object.keys(OVERLAP_POLICIES) as Schedule['overlap'][];
  return policies.find((policy) => OVERLAP_POLICIES[policy] === name) ?? 'skip'; // unspecified: the server skips
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
      ? { startAt: startAt?.toISOString(), endAt: endAt?.toISOString(), skip: skip.map(cronIn) }
      : undefined;
  return {
    cron: calendars.map(cronIn),
    intervals: intervals.map(({ every, offset }) => ({
      everyMinutes: every / MINUTE_MS,
      offsetMinutes: offset / MINUTE_MS,
    })),
    timeZone: timezone === undefined || timezone === '' ? 'UTC' : timezone,
    jitterSeconds: jitter / 1000,
    ...(limits && { limits }),
  };
}

/** The SDK names months and days. */
function cronIn(calendar: NonNullable<ScheduleSpecDescription['calendars']>[number]): string {
  return cronOf(
    calendarBy((field) => {
      const number = (value: number | string) =>
        typeof value === 'number' ? value : valueOf(field, value.slice(0, 3));
      return calendar[field].map(({ start, end, step }) => ({ start: number(start), end: number(end), step }));
    }),
  );
}
