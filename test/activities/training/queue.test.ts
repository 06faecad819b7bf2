import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalCluster } from '../../../activities/clusters/local.ts';
import type { Cluster, JobAttempt, Presence, SubmittedJob } from '../../../activities/clusters/types.ts';
import { createTrainingActivities, type TrainingProgress } from '../../../activities/training/activities.ts';
import { bench, environment, JOB_KEY, type Bench } from './fixture.ts';

jest.setTimeout(60_000);

const DAY_MS = 86_400_000;
const LOOKS = 3;

/**
 * FAKE: a queue before this machine, in which every look but the first takes a day, of a clock that began back then.
 */
class Queue implements Cluster {
  readonly name = 'local';
  readonly lookEveryMs = 20;
  readonly #behind: LocalCluster;
  readonly #queued = new Map<number, { readonly job: SubmittedJob; readonly attempt: JobAttempt; looks: number }>();
  /** Whether it tells of what is gone when that began. */
  forgets = false;
  /** Attempts that have been asked to end. */
  readonly stopped: number[] = [];

  constructor(behind: LocalCluster) {
    this.#behind = behind;
  }

  capacity(): ReturnType<Cluster['capacity']> {
    return this.#behind.capacity();
  }

  async submit(attempt: JobAttempt): Promise<SubmittedJob> {
    const { jobKey, attempt: number } = attempt;
    const submittedAt = new Date(Date.now() - LOOKS * DAY_MS).toISOString();
    const job = { jobKey, attempt: number, id: `q${number}`, submittedAt };
    this.#queued.set(number, { job, attempt, looks: 0 });
    return job;
  }

  async find(_jobKey: string, attempt: number): Promise<SubmittedJob | undefined> {
    return this.#queued.get(attempt)?.job;
  }

  async state(job: SubmittedJob): Promise<Presence> {
    const queued = this.#queued.get(job.attempt);
    if (queued === undefined) return { kind: 'gone' };
    queued.looks += 1;
    if (queued.looks <= LOOKS) return { kind: 'queued', words: 'Priority' };
    const { submittedAt: since } = await this.#behind.submit(queued.attempt);
    const presence = await this.#behind.state(job);
    return presence.kind === 'gone' && !this.forgets ? { ...presence, since } : presence;
  }

  async stop(job: SubmittedJob, graceMs: number): Promise<void> {
    this.stopped.push(job.attempt);
    this.#queued.delete(job.attempt);
    await this.#behind.stop(job, graceMs);
  }
}

async function queueing(plan: string): Promise<Bench & { readonly queue: Queue }> {
  const made = await bench(plan);
  const queue = new Queue(made.cluster);
  const { means } = made;
  return { ...made, queue, activities: createTrainingActivities({ ...means, clusters: [queue] }) };
}

test.each([true, false])(
  'a queue of days ends no job, and is told apart from its running; forgets: %s',
  async (forgets) => {
    const { activities, input, queue, store, starts } = await queueing('succeed');
    queue.forgets = forgets;
    const env = environment();
    const heartbeats: TrainingProgress[] = [];
    env.onHeartbeat((progress) => heartbeats.push(progress));
    const wallSeconds = 30;
    const outcome = await env.run(activities.runTraining, { ...input, resources: { ...input.resources, wallSeconds } });
    expect(outcome).toMatchObject({ steps: 3, attempts: 1 });
    expect(outcome.seconds).toBeLessThan(wallSeconds);
    expect(outcome.queuedSeconds).toBeGreaterThanOrEqual((LOOKS * DAY_MS) / 1000);
    expect(outcome.queuedSeconds).toBeLessThan(((LOOKS + 1) * DAY_MS) / 1000);
    expect(queue.stopped).toEqual([]);
    expect(await starts()).toHaveLength(1);
    const submitted = new Date(heartbeats.find(({ queuedSince }) => queuedSince !== undefined)?.queuedSince ?? 0);
    expect(Date.now() - submitted.getTime()).toBeGreaterThan(LOOKS * DAY_MS);
    expect(heartbeats.filter(({ state }) => state === 'queued').at(-1)?.clusterSays).toBe('Priority');
    expect(heartbeats.at(-1)).not.toHaveProperty('queuedSince');
    expect(heartbeats.at(-1)).not.toHaveProperty('clusterSays');
    expect(await store.readJson(`jobs/${JOB_KEY}/attempt-1.end.json`)).toMatchObject({
      seconds: outcome.seconds,
      queuedSeconds: outcome.queuedSeconds,
    });
  },
);

test('a wall limit is counted from where the job began to run', async () => {
  const { activities, input, queue } = await queueing('hang,succeed');
  const outcome = await environment().run(activities.runTraining, {
    ...input,
    resources: { ...input.resources, wallSeconds: 1 },
  });
  expect(outcome.attempts).toBe(2);
  expect(queue.stopped).toEqual([1]);
});

test('a job that is cancelled in the queue has run for no second', async () => {
  const { activities, input, queue, store } = await queueing('succeed');
  queue.state = async () => (queue.stopped.length > 0 ? { kind: 'gone' } : { kind: 'queued' });
  const env = environment();
  const running = env.run(activities.runTraining, input);
  while (!(await store.exists(`jobs/${JOB_KEY}/attempt-1.json`))) await sleep(20);
  env.cancelled();
  await expect(running).rejects.toThrow();
  expect(queue.stopped).toEqual([1]);
  await expect(environment().run(activities.runTraining, input)).rejects.toMatchObject({ type: 'JobCancelled' });
  const end = await store.readJson<{ queuedSeconds: number }>(`jobs/${JOB_KEY}/attempt-1.end.json`);
  expect(end).toMatchObject({ state: 'cancelled', seconds: 0 });
  expect(end.queuedSeconds).toBeGreaterThanOrEqual((LOOKS * DAY_MS) / 1000);
});
