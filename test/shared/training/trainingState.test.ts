import * as fc from 'fast-check';
import { FAILURE_CLASSES, type JobResult } from '../../../shared/training/job.ts';
import {
  isOver,
  JOB_STATES,
  jobState,
  nextStep,
  retryDelayMs,
  type AttemptEvidence,
  type AttemptSummary,
} from '../../../shared/training/trainingState.ts';

const succeeded: JobResult = {
  status: 'succeeded',
  jobKey: 'a/b',
  attempt: 1,
  checkpoint: { uri: '/c', sha256: 'a'.repeat(64) },
  steps: 9,
  stopReason: 'maxSteps',
  reward: { first: 0, last: 1 },
  tokens: 1,
  seconds: 1,
};
const failed: JobResult = { status: 'failed', jobKey: 'a/b', attempt: 1, class: 'infra', message: 'no' };
const preempted: JobResult = { status: 'preempted', jobKey: 'a/b', attempt: 1, step: 4 };

describe('the state of an attempt', () => {
  test.each<[string, Partial<AttemptEvidence>]>([
    ['queued', { presence: 'queued' }],
    ['starting', { presence: 'alive' }],
    ['running', { presence: 'alive', step: 3 }],
    ['exporting', { presence: 'alive', step: 9 }],
    ['exporting', { presence: 'alive', result: succeeded }],
    ['succeeded', { result: succeeded }],
    ['succeeded', { result: succeeded, stoppedBy: 'timeout' }],
    ['succeeded', { result: succeeded, stoppedBy: 'cancel' }],
    ['failed', { result: failed }],
    ['failed', { invalidResult: 'no JSON' }],
    ['failed', { invalidResult: 'no JSON', stoppedBy: 'stop' }],
    ['preempted', { result: preempted }],
    ['preempted', { result: preempted, stoppedBy: 'stop' }],
    ['lost', {}],
    ['lost', { step: 9 }],
    ['lost', { stoppedBy: 'stop' }],
    ['timedOut', { stoppedBy: 'timeout' }],
    ['timedOut', { result: preempted, stoppedBy: 'timeout' }],
    ['cancelled', { stoppedBy: 'cancel' }],
    ['cancelled', { result: preempted, stoppedBy: 'cancel' }],
  ])('is %s for %j', (state, evidence) => {
    expect(jobState({ presence: 'gone', maxSteps: 9, ...evidence })).toBe(state);
  });
});

function attempt(number: number, state: AttemptSummary['state'], more: Partial<AttemptSummary> = {}): AttemptSummary {
  return { attempt: number, state, execution: 'now', ...more };
}
const POLICY = { execution: 'now', maxAttempts: 2 };

describe('what to do next', () => {
  test.each<[string, AttemptSummary[], object]>([
    ['nothing was submitted', [], { kind: 'submit', attempt: 1, delayMs: 0 }],
    ['an attempt runs', [attempt(1, 'running')], { kind: 'watch', attempt: 1 }],
    ['an attempt waits in the queue', [attempt(1, 'queued')], { kind: 'watch', attempt: 1 }],
    ['an attempt has succeeded', [attempt(1, 'lost'), attempt(2, 'succeeded')], { kind: 'done', attempt: 2 }],
    ['an attempt was lost', [attempt(1, 'lost')], { kind: 'submit', attempt: 2, delayMs: 0 }],
    ['an attempt was preempted', [attempt(1, 'preempted')], { kind: 'submit', attempt: 2, delayMs: 0 }],
    ['an attempt ran out of time', [attempt(1, 'timedOut')], { kind: 'submit', attempt: 2, delayMs: 0 }],
    ['infra failed', [attempt(1, 'failed', { class: 'infra' })], { kind: 'submit', attempt: 2, delayMs: 2_000 }],
    [
      'there was no capacity',
      [attempt(1, 'failed', { class: 'capacity' })],
      { kind: 'submit', attempt: 2, delayMs: 2_000 },
    ],
    ['the program failed', [attempt(1, 'failed', { class: 'app' })], { kind: 'fail', type: 'JobFailed.app' }],
    ['the data are bad', [attempt(1, 'failed', { class: 'data' })], { kind: 'fail', type: 'JobFailed.data' }],
    ['too few rewards came', [attempt(1, 'failed', { class: 'reward' })], { kind: 'fail', type: 'JobFailed.reward' }],
    ['a failure has no class', [attempt(1, 'failed')], { kind: 'fail', type: 'JobFailed.app' }],
    ['it was cancelled', [attempt(1, 'cancelled')], { kind: 'fail', type: 'JobCancelled' }],
    ['the last attempt was lost', [attempt(1, 'lost'), attempt(2, 'lost')], { kind: 'fail', type: 'JobLost' }],
    [
      'the last attempt was preempted',
      [attempt(1, 'lost'), attempt(2, 'preempted')],
      { kind: 'fail', type: 'JobPreempted' },
    ],
    [
      'the last attempt ran out of time',
      [attempt(1, 'lost'), attempt(2, 'timedOut')],
      { kind: 'fail', type: 'JobTimedOut' },
    ],
    [
      'infra failed for the last time',
      [attempt(1, 'lost'), attempt(2, 'failed', { class: 'infra' })],
      { kind: 'fail', type: 'JobFailed.infra' },
    ],
    [
      'graceful stops of ours do not count',
      [attempt(1, 'preempted', { stoppedBy: 'stop' }), attempt(2, 'lost', { stoppedBy: 'stop' })],
      { kind: 'submit', attempt: 3 },
    ],
    [
      'preempted attempts got further each time',
      [10, 20, 30].map((step, index) => attempt(index + 1, 'preempted', { step })),
      { kind: 'submit', attempt: 4, delayMs: 0 },
    ],
    [
      'preempted attempts come no further',
      [10, 10, 10].map((step, index) => attempt(index + 1, 'preempted', { step })),
      { kind: 'fail', type: 'JobPreempted' },
    ],
    [
      'attempts of an earlier run do not count',
      [attempt(1, 'lost', { execution: 'earlier' }), attempt(2, 'lost')],
      { kind: 'submit', attempt: 3 },
    ],
    [
      'an earlier run was cancelled',
      [attempt(1, 'cancelled', { execution: 'earlier' })],
      { kind: 'submit', attempt: 2, delayMs: 0 },
    ],
    [
      'an earlier run failed for good',
      [attempt(1, 'failed', { class: 'data', execution: 'earlier' })],
      { kind: 'submit', attempt: 2, delayMs: 0 },
    ],
    ['an earlier run still trains', [attempt(1, 'running', { execution: 'earlier' })], { kind: 'watch', attempt: 1 }],
  ])('when %s', (_when, attempts, next) => {
    expect(nextStep(attempts, POLICY)).toMatchObject(next);
  });

  test('a failure says which attempt, how, and why', () => {
    const next = nextStep([attempt(1, 'failed', { class: 'data', message: 'row 3 has no prompt' })], POLICY);
    expect(next).toMatchObject({ message: 'attempt 1 failed (data): row 3 has no prompt' });
  });

  test('whatever happened, nothing is submitted while an attempt runs, and the budget is never exceeded', () => {
    const summary = fc.record({
      state: fc.constantFrom(...JOB_STATES.filter((state) => state !== 'pending')),
      class: fc.constantFrom(undefined, ...FAILURE_CLASSES),
      stoppedBy: fc.constantFrom(undefined, 'stop' as const, 'timeout' as const, 'cancel' as const),
      execution: fc.constantFrom('now', 'earlier'),
    });
    fc.assert(
      fc.property(fc.array(summary, { maxLength: 8 }), fc.integer({ min: 1, max: 4 }), (some, maxAttempts) => {
        const attempts = some.map((each, index) => ({ ...each, attempt: index + 1 }));
        const next = nextStep(attempts, { execution: 'now', maxAttempts });
        if (next.kind !== 'submit') return;
        const last = attempts.at(-1);
        expect(last === undefined || isOver(last.state)).toBe(true);
        expect(next.attempt).toBe(attempts.length + 1);
        const counted = attempts.filter(
          ({ execution, state, stoppedBy }) =>
            execution === 'now' && !(stoppedBy === 'stop' && ['preempted', 'lost'].includes(state)),
        );
        if (last?.execution === 'now') expect(counted.length).toBeLessThan(maxAttempts);
      }),
    );
  });
});

test('the wait before an attempt doubles while failures follow each other, up to five minutes', () => {
  const failures = (count: number) =>
    Array.from({ length: count }, (_, index) => attempt(index + 1, 'failed', { class: 'infra' }));
  expect([1, 2, 3, 20].map((count) => retryDelayMs(failures(count)))).toEqual([2_000, 4_000, 8_000, 300_000]);
  expect(retryDelayMs([...failures(3), attempt(4, 'lost')])).toBe(0);
});
