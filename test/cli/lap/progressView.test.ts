import { progressLine, waitingText } from '../../../cli/lap/progressView.ts';
import { timeLeft } from '../../../shared/lap/timeLeft.ts';
import { duration } from '../../../reports/pages/format.ts';
import { workflowLink } from '../../../cli/links.ts';
import type { LapProgress } from '../../../shared/lap/progress.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const training: LapProgress = {
  lap: 'main/lap-0001',
  phase: 'generator',
  phaseIndex: 2,
  phases: 3,
  step: 10,
  steps: 40,
  reward: 0.5,
  startedAt: '2026-01-01T00:00:00Z',
  phaseStartedAt: '2026-01-01T00:01:00Z',
};
const EXPECTED = { coldStart: 60, generator: 120, evaluation: 30 };

test('a line of progress says phase, step, reward, elapsed and what is left', () => {
  expect(progressLine(training, EXPECTED, START + 90_000)).toBe(
    'main/lap-0001 · 2/3 generator · step 10 of 40 · reward 0.500 · 1 min 30 s elapsed · about 2 min 00 s left',
  );
});

test('a step that can teach nothing is no ordinary step', () => {
  const flat = { ...training, reward: 0, flatGroupShare: 1 };
  expect(progressLine(flat, {}, START)).toContain(' · reward 0.000, no group with spread · ');
  expect(progressLine({ ...flat, flatGroupShare: 0.9 }, {}, START)).toContain(' · reward 0.000 · ');
});

test('a training that is queued says since when, and why', () => {
  const queuedSince = '2026-01-01T00:00:30Z';
  expect(progressLine({ ...training, step: 0, queuedSince }, {}, START + 90_000)).toContain(
    ' · step 0 of 40 · 1 min 00 s in the queue · ',
  );
  const clusterSays = '0/2 nodes are available: 2 Insufficient nvidia.com/gpu';
  expect(progressLine({ ...training, queuedSince, clusterSays }, {}, START + 90_000)).toContain(
    ` in the queue · the cluster says: ${clusterSays} · `,
  );
});

test('what is not known is left out', () => {
  const { step: _, steps: __, reward: ___, lap: ____, ...unknown } = training;
  expect(progressLine({ ...unknown, callsDone: 3, callsPlanned: 8 }, {}, START)).toBe(
    'new lap · 2/3 generator · calls 3 of 8 · 0 s elapsed',
  );
});

test('questions that wait for people are counted, and it is said what to type and where to click', () => {
  expect(progressLine({ ...training, waitingForExperts: 16 }, {}, START)).toContain(
    ' · 16 questions wait for people · ',
  );
  expect(progressLine({ ...training, waitingForExperts: 0 }, {}, START)).not.toContain('people');
  expect(waitingText(1, 'http://desk', 'http://ui/x')).toMatch(
    /^1 question waits for people\..*desk: http:\/\/desk\n.*npx flywheel review --as <your id>\n.*submitAnnotation.*: http:\/\/ui\/x$/,
  );
});

test('servers that have been gone for a while are waited for in so many words', () => {
  const waitingForServers = { since: '2026-01-01T00:00:00Z', last: 'http://gpu: ECONNREFUSED' };
  expect(progressLine({ ...training, waitingForServers }, {}, START + 90_000)).toContain(
    ' · waiting for servers since 2026-01-01 00:00 UTC, last: http://gpu: ECONNREFUSED · ',
  );
  expect(progressLine({ ...training, waitingForServers }, {}, START + 5_000)).not.toContain('waiting');
});

const left = (progress: LapProgress, expected: Parameters<typeof timeLeft>[1], seconds: number) =>
  timeLeft(progress, expected, START + 60_000 + seconds * 1000);
const { step: _, steps: __, ...bare } = training;

test.each([
  ['of a training, its own steps', { ...training, stepSeconds: 45 }, 10, 30 * 45 + 30],
  ['of a training that says no step’s time, those that are done', training, 100, 30 * 10 + 30],
  ['of a set, the calls that are done', { ...bare, callsDone: 10, callsPlanned: 40 }, 50, 30 * 5 + 30],
  ['of what has not begun, what it took before', { ...training, step: 0 }, 0, 120 + 30],
  ['never less than a tenth of that', bare, 10_000, 120 * 0.1 + 30],
])('time left is what was measured: %s', (_, progress, elapsed, seconds) => {
  expect(left(progress, EXPECTED, elapsed)).toEqual({ seconds: expect.closeTo(seconds) as number, atLeast: false });
});

test('of phases that nobody has measured nothing is told, but that there is more', () => {
  const unknown = { ...EXPECTED, generator: undefined, evaluation: undefined };
  expect(left(bare, unknown, 10)).toBeUndefined();
  expect(left({ ...training, stepSeconds: 45 }, unknown, 10)).toEqual({ seconds: 30 * 45, atLeast: true });
  expect(progressLine({ ...training, stepSeconds: 45 }, unknown, START)).toMatch(/ · at least 22 min 30 s left$/);
  expect(progressLine(bare, {}, START)).not.toContain('left');
});

test('durations read well', () => {
  expect([0, 59.6, 61, 3_600, 90_000].map(duration)).toEqual([
    '0 s',
    '1 min 00 s',
    '1 min 01 s',
    '1 h 00 min',
    '25 h 00 min',
  ]);
});

test('links encode the slashes of workflow ids', () => {
  expect(workflowLink('main/lap-0001/label', 'run-1')).toMatch(
    /\/namespaces\/default\/workflows\/main%2Flap-0001%2Flabel\/run-1\/history$/,
  );
});
