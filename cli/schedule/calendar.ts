/** What a field of a calendar may hold, in the order of a cron expression with seconds and year. Sunday is 0, or 7. */
const FIELDS = {
  second: { low: 0, high: 59 },
  minute: { low: 0, high: 59 },
  hour: { low: 0, high: 23 },
  dayOfMonth: { low: 1, high: 31 },
  month: {
    low: 1,
    high: 12,
    names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  },
  dayOfWeek: { low: 0, high: 6, names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] },
  year: { low: 2000, high: 2100 },
} as const;
type Field = keyof typeof FIELDS;

/** Times at which every field has one of its values, each once and in order; no year means any. */
type Calendar = Readonly<Record<Field, readonly number[]>>;

/** A range of values, ends included, as Temporal's schedules have them. */
interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/**
 * A cron expression: minute, hour, day of month, month, day of week (5 fields), with seconds first and the year last (7
 * fields). Unlike some crons, day of month and day of week must both match (as Temporal has it).
 * @throws an Error that names the field, what was expected and what came, or says that no such day ever comes.
 */
export function calendarOf(cron: string): Calendar {
  const words = cron.trim().split(/\s+/);
  if (words.length !== 5 && words.length !== 7)
    throw new Error(
      'expected 5 fields (minute hour day-of-month month day-of-week), or 7 (second first, year last), got ' +
        JSON.stringify(cron),
    );
  const all = words.length === 5 ? ['0', ...words, '*'] : words;
  const calendar = calendarBy((field) => {
    const text = all[Object.keys(FIELDS).indexOf(field)] ?? '*';
    return text.split(',').map((part) => rangeOf(field, part));
  });
  if (!comes(calendar)) throw new Error(`expected a day that comes, got ${JSON.stringify(cron)}, which never does`);
  return calendar;
}

/** A calendar by the ranges of each field. */
export function calendarBy(rangesOf: (field: Field) => readonly Range[]): Calendar {
  const valuesOf = (field: Field): number[] => {
    const values = new Set<number>();
    for (const { start, end, step } of rangesOf(field))
      for (let value = start; value <= Math.max(start, end); value += Math.max(1, step))
        values.add(field === 'dayOfWeek' ? value % 7 : value);
    return [...values].sort((one, other) => one - other);
  };
  const fields = Object.keys(FIELDS) as Field[];
  return Object.fromEntries(fields.map((field) => [field, valuesOf(field)])) as unknown as Calendar;
}

function rangeOf(field: Field, part: string): Range {
  const { low, high } = FIELDS[field];
  const [range = '', stepText, more] = part.split('/');
  const step = stepText === undefined ? 1 : Number(stepText);
  const ends = range === '*' ? [low, high] : range.split('-').map((word) => valueOf(field, word));
  // `5/10` begins at 5 and goes on to the end.
  const [start = NaN, end = stepText === undefined ? start : high, another] = ends;
  const top = field === 'dayOfWeek' ? 7 : high;
  const whole = [start, end, step].every(Number.isInteger) && another === undefined && more === undefined;
  if (!whole || step < 1 || start < low || end > top || start > end)
    throw new Error(
      `${field}: expected *, a value, a range such as ${low}-${high} or steps such as */2, between ${low} and ` +
        `${top}, got ${JSON.stringify(part)}`,
    );
  return { start, end, step };
}

/** A number, or the number of a name such as MON. NaN where it is neither. */
export function valueOf(field: Field, word: string): number {
  const { low, names = [] }: { low: number; names?: readonly string[] } = FIELDS[field];
  const named = names.indexOf(word.toUpperCase());
  return named >= 0 ? low + named : /^\d+$/.test(word) ? Number(word) : NaN;
}

/** Whether such a day is still to come, wherever the time zone. */
function comes({ year, month, dayOfMonth, dayOfWeek }: Calendar): boolean {
  const day = new Date(Date.now() - 86_400_000);
  for (; day.getUTCFullYear() <= FIELDS.year.high; day.setUTCDate(day.getUTCDate() + 1))
    if (
      year.includes(day.getUTCFullYear()) &&
      month.includes(day.getUTCMonth() + 1) &&
      dayOfMonth.includes(day.getUTCDate()) &&
      dayOfWeek.includes(day.getUTCDay())
    )
      return true;
  return false;
}

/**
 * The same times are the same text, however they were written: 5 fields where seconds and year need none, values in
 * order, numbers only.
 */
export function cronOf(calendar: Calendar): string {
  const [second = '', ...rest] = Object.entries(calendar).map(([field, values]) => textOf(field as Field, values));
  const year = rest.pop() ?? '';
  return (second === '0' && year === '*' ? rest : [second, ...rest, year]).join(' ');
}

function textOf(field: Field, values: readonly number[]): string {
  const { low, high } = FIELDS[field];
  if (field === 'year' && values.length === 0) return '*';
  const [first = low, next = first + 1] = values;
  const step = next - first;
  const full = Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, index) => low + index * step);
  if (values.length > 2 && values.join() === full.join()) return step === 1 ? '*' : `*/${step}`;
  return runsOf(values).join(',');
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
