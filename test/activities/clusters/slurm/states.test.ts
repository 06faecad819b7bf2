import { firstOf, presenceOf } from '../../../../activities/clusters/slurm/states.ts';
import type { SlurmJob } from '../../../../activities/clusters/slurm/types.ts';

const START = Date.UTC(2026, 0, 1);
const since = '2026-01-01T00:00:00.000Z';
const job = (state: string, more: Partial<SlurmJob> = {}): SlurmJob => ({
  id: '1',
  state,
  reason: 'None',
  comment: '',
  submittedAt: START - 60_000,
  startedAt: START,
  ...more,
});

test.each(['PENDING', 'REQUEUED', 'REQUEUE_HOLD', 'SPECIAL_EXIT'])('a job that is %s waits', (state) => {
  expect(presenceOf(job(state))).toEqual({ kind: 'queued' });
});

test('why a job waits is told in the words of Slurm', () => {
  expect(presenceOf(job('PENDING', { reason: 'Resources' }))).toEqual({ kind: 'queued', words: 'Resources' });
});

test.each(['RUNNING', 'CONFIGURING', 'COMPLETING', 'SUSPENDED', 'STAGE_OUT', 'REVOKED', 'A_STATE_OF_A_LATER_VERSION'])(
  'a job that is %s is alive',
  (state) => {
    expect(presenceOf(job(state))).toEqual({ kind: 'alive', since, ...(state !== 'RUNNING' && { words: state }) });
  },
);

test.each([
  ['COMPLETED', undefined],
  ['FAILED', undefined],
  ['CANCELLED', undefined],
  ['TIMEOUT', 'timedOut'],
  ['DEADLINE', 'timedOut'],
  ['PREEMPTED', 'preempted'],
  ['NODE_FAIL', 'nodeLost'],
  ['BOOT_FAIL', 'nodeLost'],
  ['OUT_OF_MEMORY', 'outOfMemory'],
])('a job that is %s is gone: %s', (state, why) => {
  expect(presenceOf(job(state))).toEqual({ kind: 'gone', since, words: state, ...(why && { why }) });
});

test('an end says its reason', () => {
  expect(presenceOf(job('FAILED', { reason: 'JobLaunchFailure' }))).toMatchObject({
    words: 'FAILED (JobLaunchFailure)',
  });
});

test('of several jobs of an attempt the first counts, by number and not by digits', () => {
  expect(firstOf([job('RUNNING', { id: '10' }), job('PENDING', { id: '9' })])?.id).toBe('9');
  expect(firstOf([])).toBeUndefined();
});
