import { differences, type FieldChange } from '../../shared/lap/changes.ts';
import { UsageError } from '../usage.ts';

/**
 * What happens when a start is due while an earlier one still runs: Temporal's policies, and the SDK's names of them.
 */
export const OVERLAP_POLICIES = {
  skip: 'SKIP',
  bufferOne: 'BUFFER_ONE',
  bufferAll: 'BUFFER_ALL',
  cancelOther: 'CANCEL_OTHER',
  terminateOther: 'TERMINATE_OTHER',
  allowAll: 'ALLOW_ALL',
} as const;
type OverlapPolicy = keyof typeof OVERLAP_POLICIES;

/** What a schedule is, as far as a file can say it, whether it comes from a file or from a server. */
export interface Schedule {
  readonly id: string;
  readonly workflow: string;
  readonly taskQueue: string;
  readonly input: unknown;
  readonly spec: {
    /** Each in the form of `cronOf`. */
    readonly cron: readonly string[];
    readonly intervals: readonly { readonly everyMinutes: number; readonly offsetMinutes: number }[];
    readonly timeZone: string;
    readonly jitterSeconds: number;
    /** What only the Web UI or another program can have set: start, end, times left out. */
    readonly limits?: unknown;
  };
  readonly overlap: OverlapPolicy;
  readonly catchupWindowMinutes: number;
  readonly pauseOnFailure: boolean;
  readonly note?: string | undefined;
  readonly paused?: boolean | undefined;
}

/** A schedule that the server has. */
export interface FoundSchedule extends Schedule {
  /** Made by `flywheel schedule apply`. */
  readonly managed: boolean;
}

export type ScheduleChange =
  | { readonly kind: 'create'; readonly id: string; readonly to: Schedule }
  | { readonly kind: 'change'; readonly id: string; readonly to: Schedule; readonly fields: readonly FieldChange[] }
  | { readonly kind: 'keep'; readonly id: string }
  | { readonly kind: 'delete'; readonly id: string };

/**
 * What makes the server's schedules match the wanted ones.
 * @param prune delete those that an earlier apply made and that are not wanted; others' are never touched.
 * @throws UsageError where a wanted id is taken twice, or by a schedule that somebody made by hand.
 */
export function planSchedules(
  wanted: readonly Schedule[],
  found: readonly FoundSchedule[],
  prune: boolean,
): ScheduleChange[] {
  const there = new Map(found.map((schedule) => [schedule.id, schedule]));
  const ids = new Set<string>();
  const changes = wanted.map((to): ScheduleChange => {
    const { id } = to;
    if (ids.has(id))
      throw new UsageError(`Expected every file to have an id of its own, got ${JSON.stringify(id)} twice`);
    ids.add(id);
    const from = there.get(id);
    if (from === undefined) return { kind: 'create', id, to };
    if (!from.managed)
      throw new UsageError(
        `Schedule ${JSON.stringify(id)} exists and was not made by \`flywheel schedule apply\`: give the file ` +
          `another id, or delete it first (\`flywheel schedule delete ${id}\`)`,
      );
    const fields = changedFields(from, to);
    return fields.length === 0 ? { kind: 'keep', id } : { kind: 'change', id, to, fields };
  });
  const extra = prune ? found.filter(({ id, managed }) => managed && !ids.has(id)) : [];
  return [...changes, ...extra.map(({ id }): ScheduleChange => ({ kind: 'delete', id }))];
}

function changedFields(from: FoundSchedule, to: Schedule): FieldChange[] {
  const fields = differences('', definitionOf(from), definitionOf(to));
  if (to.paused !== undefined && to.paused !== from.paused)
    fields.push({ field: 'paused', from: from.paused, to: to.paused });
  const paused = to.paused ?? from.paused;
  if (to.note !== undefined && paused !== true && to.note !== from.note)
    fields.push({ field: 'note', from: from.note, to: to.note });
  return fields;
}

/** What a file always says. */
function definitionOf(schedule: Schedule): Record<string, unknown> {
  const { workflow, taskQueue, input, spec, overlap, catchupWindowMinutes, pauseOnFailure } = schedule;
  return { workflow, taskQueue, input, spec, overlap, catchupWindowMinutes, pauseOnFailure };
}
