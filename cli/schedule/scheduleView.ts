import type { Schedule, ScheduleChange } from './schedules.ts';
import type { ListedSchedule } from './scheduleServer.ts';

const SIGNS = { create: '+', change: '~', keep: '=', delete: '-' } as const;

/** The diff, a schedule a paragraph: `+` is created, `~` changed field by field, `-` deleted, `=` left alone. */
export function diffText(changes: readonly ScheduleChange[]): string {
  return changes
    .flatMap((change) => [
      `${SIGNS[change.kind]} ${change.id}${change.kind === 'keep' ? ': as it should be' : ''}`,
      ...linesOf(change).map((line) => `    ${line}`),
    ])
    .join('\n');
}

function linesOf(change: ScheduleChange): string[] {
  switch (change.kind) {
    case 'create':
      return [inWords(change.to), policiesOf(change.to)];
    case 'change':
      return change.fields.map(({ field, from, to }) => `${field}: ${shown(from)} → ${shown(to)}`);
    case 'delete':
      return ['made by an earlier apply, and in no file now'];
    case 'keep':
    default:
      return [];
  }
}

function policiesOf({ overlap, catchupWindowMinutes, pauseOnFailure }: Schedule): string {
  return (
    `overlap ${overlap}, catch-up window ${catchupWindowMinutes} min, ${pauseOnFailure ? 'pauses' : 'goes on'} ` +
    'after a failure'
  );
}

/** The fields of `--json`. */
export function changeAsJson(change: ScheduleChange): unknown {
  const { kind, id } = change;
  return {
    kind,
    id,
    ...(change.kind === 'change' && { fields: change.fields }),
    ...(change.kind === 'create' && { schedule: change.to }),
  };
}

export function listText(listed: readonly ListedSchedule[]): string {
  if (listed.length === 0)
    return 'No schedules start laps here. `flywheel schedule apply --help` shows what a file says.';
  return listed
    .flatMap((schedule) => {
      const { id, managed, paused, note, running, started, skippedForOverlap, missed } = schedule;
      const [next] = schedule.nextStarts;
      const last = schedule.recent.at(-1);
      return [
        `${id}${managed ? '' : ' (not managed: made by hand)'}` + (paused ? `: paused${note ? ` (${note})` : ''}` : ''),
        `    ${inWords(schedule)}`,
        `    ${policiesOf(schedule)}`,
        `    started ${started}, skipped ${skippedForOverlap} for overlap, missed ` +
          `${missed}${last === undefined ? '' : `; last ${last.workflowId}`}` +
          (running.length === 0 ? '' : `; running ${running.join(', ')}`),
        ...(paused || next === undefined ? [] : [`    next ${next}`]),
      ];
    })
    .join('\n');
}

function inWords({ workflow, input, spec: { cron, intervals, timeZone, jitterSeconds } }: Schedule): string {
  const times = [
    ...cron.map((text) => `at ${text} (${timeZone})`),
    ...intervals.map(
      ({ everyMinutes, offsetMinutes }) =>
        `every ${everyMinutes} min${offsetMinutes > 0 ? ` from minute ${offsetMinutes}` : ''}`,
    ),
  ];
  return (
    `${workflow} ${shown(input)} ` +
    `${times.join(', and ') || 'never by itself'}${jitterSeconds > 0 ? `, up to ${jitterSeconds} s later` : ''}`
  );
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
