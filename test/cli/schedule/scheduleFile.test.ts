import { parseSchedule } from '../../../cli/schedule/scheduleFile.ts';
import { planSchedules, type FoundSchedule, type Schedule } from '../../../cli/schedule/schedules.ts';

const FILE = {
  id: 'nightly',
  workflow: 'lap',
  input: { preset: 'smoke' },
  spec: { cron: ['0 2 * * MON-FRI'] },
  overlap: 'skip',
  catchupWindowMinutes: 60,
  pauseOnFailure: true,
};
const parse = (file: object): Schedule => parseSchedule('nightly.json', JSON.stringify(file));
const found = (more: Partial<FoundSchedule> = {}): FoundSchedule => ({
  ...parse(FILE),
  paused: false,
  note: '',
  managed: true,
  ...more,
});
const plan = (wanted: Schedule[], there: FoundSchedule[], prune = false) => planSchedules(wanted, there, prune);

describe('a file', () => {
  test('says a schedule; times are UTC and exact unless it says otherwise', () => {
    expect(parse(FILE)).toEqual({
      ...FILE,
      taskQueue: 'flywheel',
      spec: { cron: ['0 2 * * 1-5'], intervals: [], timeZone: 'UTC', jitterSeconds: 0 },
    });
  });

  test.each(['overlap', 'catchupWindowMinutes', 'pauseOnFailure', 'spec', 'input', 'workflow', 'id'])(
    'must say %s',
    (field) => {
      expect(() => parse({ ...FILE, [field]: undefined })).toThrow(
        new RegExp(`^nightly\\.json: ${field}: expected .*, got nothing$`),
      );
    },
  );

  test.each<[string, object, string]>([
    [
      'an unknown policy',
      { overlap: 'sometimes' },
      'overlap: expected one of "skip"|"bufferOne"|"bufferAll"|"cancelOther"|"terminateOther"|"allowAll", got ' +
        '"sometimes"',
    ],
    ['an unknown field', { retries: 3 }, 'retries: no such field, got 3'],
    ['a field of the wrong place', { spec: { cron: ['0 2 * * *'], tz: 'UTC' } }, 'spec.tz: no such field, got "UTC"'],
    [
      'a bad time',
      { spec: { cron: ['0 24 * * *'] } },
      'spec.cron.0: hour: expected *, a value, a range such as 0-23 or steps such as */2, between 0 and 23, got "24"',
    ],
    ['no time', { spec: {} }, 'spec: expected at least one entry in cron or intervals, got {}'],
    [
      'a bad time zone',
      { spec: { cron: ['0 2 * * *'], timeZone: 'Mars' } },
      'spec.timeZone: expected a time zone of the IANA database such as Europe/Berlin, got "Mars"',
    ],
    ['another workflow', { workflow: 'coldStart' }, 'workflow: expected one of "lap"|"flywheel", got "coldStart"'],
    ['an input that is no object', { input: ['smoke'] }, 'input: expected an object, got ["smoke"]'],
    [
      'an input that a lap would refuse',
      { input: { preset: 'big' } },
      'input: Invalid lap input: preset: expected one of rehearsal, smoke, paper',
    ],
  ])('with %s is refused by name', (_, change, message) => {
    expect(() => parse({ ...FILE, ...change })).toThrow(`nightly.json: ${message}`);
  });

  test('that is no JSON is refused by name', () => {
    expect(() => parseSchedule('nightly.json', '{')).toThrow('nightly.json: expected JSON, got something else');
  });
});

describe('a plan', () => {
  test('creates what is missing, and leaves alone what is as it should be, however it was written', () => {
    const weekly = parse({ ...FILE, id: 'weekly' });
    const sameTimes = parse({ ...FILE, spec: { cron: ['00 2 * * 1,2,3,4,5'] } });
    expect(plan([sameTimes, weekly], [found()])).toEqual([
      { kind: 'keep', id: 'nightly' },
      { kind: 'create', id: 'weekly', to: weekly },
    ]);
  });

  test('says each field that differs, down to those of the input', () => {
    const to = parse({
      ...FILE,
      input: { preset: 'smoke', labelling: { proofs: 60 } },
      spec: { cron: ['0 3 * * *'], jitterSeconds: 30 },
      overlap: 'bufferOne',
    });
    const there = found({ input: { preset: 'smoke', labelling: { proofs: 40 }, seed: 1 } });
    expect(plan([to], [there])).toEqual([
      {
        kind: 'change',
        id: 'nightly',
        to,
        fields: [
          { field: 'input.labelling.proofs', from: 40, to: 60 },
          { field: 'input.seed', from: 1, to: undefined },
          { field: 'spec.cron', from: ['0 2 * * 1-5'], to: ['0 3 * * *'] },
          { field: 'spec.jitterSeconds', from: 0, to: 30 },
          { field: 'overlap', from: 'skip', to: 'bufferOne' },
        ],
      },
    ]);
  });

  test('takes away what was set by hand and a file cannot say', () => {
    const [change] = plan(
      [parse(FILE)],
      [found({ taskQueue: 'elsewhere', spec: { ...parse(FILE).spec, limits: { endAt: '2027-01-01T00:00:00.000Z' } } })],
    );
    expect(change).toMatchObject({
      fields: [
        { field: 'taskQueue', from: 'elsewhere', to: 'flywheel' },
        { field: 'spec.limits', to: undefined },
      ],
    });
  });

  test('does not undo a pause, nor its reason, unless the file says paused', () => {
    const paused = found({ paused: true, note: 'GPUs away' });
    expect(plan([parse({ ...FILE, note: 'each night' })], [paused])).toEqual([{ kind: 'keep', id: 'nightly' }]);
    const [change] = plan([parse({ ...FILE, note: 'each night', paused: false })], [paused]);
    expect(change).toMatchObject({
      fields: [
        { field: 'paused', from: true, to: false },
        { field: 'note', from: 'GPUs away', to: 'each night' },
      ],
    });
  });

  test('deletes only with prune, and only what an earlier apply made', () => {
    const there = [found({ id: 'old' }), found({ id: 'by-hand', managed: false })];
    expect(plan([], there)).toEqual([]);
    expect(plan([], there, true)).toEqual([{ kind: 'delete', id: 'old' }]);
  });

  test('refuses to take over what somebody made by hand, and an id that two files claim', () => {
    expect(() => plan([parse(FILE)], [found({ managed: false })])).toThrow(
      'Schedule "nightly" exists and was not made by `flywheel schedule apply`',
    );
    expect(() => plan([parse(FILE), parse(FILE)], [])).toThrow('got "nightly" twice');
  });
});
