/** A range of values, ends included, as Temporal's schedules have them. */
export interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** What a field of a calendar may hold, in the order of a cron expression with seconds and year. Sunday is 0, or 7. */
const FIELDS = {
  second: { low: 0, high: 59, names: [] as string[] },
  minute: { low: 0, high: 59, names: [] as string[] },
  hour: { low: 0, high: 23, names: [] as string[] },
  dayOfMonth: { low: 1, high: 31, names: [] as string[] },
  month: { low: 1, high: 12, names: MONTHS },
  dayOfWeek: { low: 0, high: 6, names: DAYS },
  year: { low: 2000, high: 2100, names: [] as string[] },
} as const;
export type CalendarField = keyof typeof FIELDS;
export const CALENDAR_FIELDS = Object.keys(FIELDS) as readonly CalendarField[];

/** Times at which every field matches. */
export type Calendar = Readonly<Record<CalendarField, readonly Range[]>>;

/**
 * A cron expression: minute, hour, day of month, month, day of week (5 fields), with seconds first and the year last (7
 * fields). Unlike some crons, day of month and day of week must both match (as Temporal has it).
 * @throws an Error that names the field, what was expected and what came.
 */
export function calendarOf(cron: string): Calendar {
  const words = cron.trim().split(/\s+/);
  if (words.length !== 5 && words.length !== 7)
    throw new Error(
      'expected 5 fields (minute hour day-of-month month day-of-week), or 7 (second first, year last), got ' +
        JSON.stringify(cron),
    );
  const all = words.length === 5 ? ['0', ...words, '*'] : words;
  return Object.fromEntries(
    CALENDAR_FIELDS.map((field, index) => [field, rangesOf(field, all[index] ?? '*')]),
  ) as unknown as Calendar;
}

function rangesOf(field: CalendarField, text: string): Range[] {
  return text.split(',').map((part) => {
    const { low, high } = FIELDS[field];
    const [range = '', stepText, more] = part.split('/');
    const step = stepText === undefined ? 1 : Number(stepText);
    const [start, end] = range === '*' ? [low, high] : endsOf(field, range, stepText === undefined);
    const top = field === 'dayOfWeek' ? 7 : high;
    const whole = [start, end, step].every(Number.isInteger);
    if (!whole || more !== undefined || step < 1 || start < low || end > top || start > end) {
      throw new Error(
        `${field}: expected *, a value, a range such as ${low}-${high} or steps such as */2, between ${low} and ` +
          `${top}, got ${JSON.stringify(part)}`,
      );
    }
    return { start, end, step };
  });
}

/** `5/10` begins at 5 and goes on to the end. */
function endsOf(field: CalendarField, range: string, single: boolean): [number, number] {
  const ends = range.split('-').map((word) => valueOf(field, word));
  if (ends.length > 2) return [NaN, NaN];
  const [start = NaN, end = single ? start : FIELDS[field].high] = ends;
  return [start, end];
}

function valueOf(field: CalendarField, word: string): number {
  const { low, names } = FIELDS[field];
  const named = names.indexOf(word.toUpperCase());
  return named >= 0 ? low + named : /^\d+$/.test(word) ? Number(word) : NaN;
}

/**
 * The same times are the same text, however they were written: 5 fields where seconds and year need none, values in
 * order, numbers only.
 */
export function cronOf(calendar: Calendar): string {
  const [second = '', ...rest] = CALENDAR_FIELDS.map((field) => textOf(field, calendar[field]));
  const year = rest.pop() ?? '';
  return (second === '0' && year === '*' ? rest : [second, ...rest, year]).join(' ');
}

function textOf(field: CalendarField, ranges: readonly Range[]): string {
  const { low, high } = FIELDS[field];
  if (field === 'year' && ranges.length === 0) return '*';
  const values = new Set<number>();
  for (const { start, end, step } of ranges)
    for (let value = start; value <= Math.max(start, end); value += Math.max(1, step))
      values.add(field === 'dayOfWeek' ? value % 7 : value);
  const sorted = [...values].sort((one, other) => one - other);
  const [first = low, next] = sorted;
  const step = (next ?? first + 1) - first;
  const full = Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, index) => low + index * step);
  if (sorted.length > 2 && sorted.join() === full.join()) return step === 1 ? '*' : `*/${step}`;
  return runsOf(sorted).join(',');
}

/** `1,2,3,7` as `1-3`, `7`. */
function runsOf(sorted: readonly number[]): string[] {
  const runs: [number, number][] = [];
  for (const value of sorted) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === value - 1) last[1] = value;
    else runs.push([value, value]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
}
