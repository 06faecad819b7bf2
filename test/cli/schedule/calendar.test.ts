import fc from 'fast-check';
import { calendarOf, cronOf } from '../../../cli/schedule/calendar.ts';

const again = (cron: string): string => cronOf(calendarOf(cron));

test.each([
  ['0 2 * * MON-FRI', '0 2 * * 1-5'],
  ['0 2 * * 1,2,3,4,5', '0 2 * * 1-5'],
  ['0 2 * * 7', '0 2 * * 0'],
  ['*/15 0-23 1-31 jan-DEC *', '*/15 * * * *'],
  ['0,30 */6 * * *', '0,30 */6 * * *'],
  ['5/20 * 1 3 *', '5,25,45 * 1 3 *'],
  ['0 0 12 * * * *', '0 12 * * *'],
  ['30 0 12 * * SAT 2027', '30 0 12 * * 6 2027'],
])('%s means %s', (cron, means) => {
  expect(again(cron)).toBe(means);
});

test.each([
  ['* * * *', 'expected 5 fields (minute hour day-of-month month day-of-week), or 7'],
  ['61 * * * *', 'minute: expected *, a value, a range such as 0-59 or steps such as */2, between 0 and 59, got "61"'],
  ['* * 0 * *', 'dayOfMonth: expected'],
  ['* 9-5 * * *', 'hour: expected'],
  ['* */0 * * *', 'hour: expected'],
  ['* 1-2-3 * * *', 'hour: expected'],
  ['* 1/2/3 * * *', 'hour: expected'],
  ['* * * MOON *', 'month: expected'],
  ['* * * * MON-', 'dayOfWeek: expected'],
  ['*,, * * * *', 'minute: expected'],
  ['0 2 30 2 *', 'expected a day that comes, got "0 2 30 2 *", which never does'],
  ['0 0 12 * * * 2001', 'expected a day that comes'],
])('%s is refused by name', (cron, message) => {
  expect(() => calendarOf(cron)).toThrow(message);
});

test('writing a calendar down loses none of its times and adds none', () => {
  const minutes = fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1 });
  fc.assert(
    fc.property(minutes, (values) => {
      const [range] = again(`${values.join(',')} * * * *`).split(' ');
      expect(calendarOf(`${range} * * * *`).minute).toEqual([...values].sort((one, other) => one - other));
    }),
  );
});
