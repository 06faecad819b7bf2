import { setTimeout as sleep } from 'node:timers/promises';
import { utimes } from 'node:fs/promises';
import type { Presence } from '../../../activities/clusters/types.ts';
import { createTrainingActivities } from '../../../activities/training/activities.ts';
import { readAttempts } from '../../../activities/training/attempts.ts';
import { JobFolder } from '../../../activities/training/jobFolder.ts';
import { sayLost } from '../../../activities/training/lost.ts';
import { LostMarks } from '../../../activities/training/lostMarks.ts';
import { bench, environment, JOB_KEY, untilGone, type Bench } from './fixture.ts';

jest.setTimeout(60_000);

const WORDS = 'node n1 lost since an hour: its process may still run there';

/** The local cluster as one that has lost the node of its first attempt: it sees neither its life nor its end. */
function withLostNode({ cluster, means }: Bench) {
  let sees: 'lost' | 'away' | 'all' = 'lost';
  const state = cluster.state.bind(cluster);
  const lost = Object.assign(Object.create(cluster) as typeof cluster, {
    lookEveryMs: 20,
    submit: cluster.submit.bind(cluster),
    find: cluster.find.bind(cluster),
    capacity: cluster.capacity.bind(cluster),
    stop: cluster.stop.bind(cluster),
    async state(job: Parameters<typeof state>[0]): Promise<Presence> {
      if (job.attempt > 1 || sees === 'all') return state(job);
      if (sees === 'away') throw new Error('no route to host');
      return { kind: 'alive', since: job.submittedAt, lostSince: job.submittedAt, words: WORDS };
    },
  });
  const activities = createTrainingActivities({ ...means, clusters: [lost] });
  return { lost, activities, sees: (what: typeof sees) => void (sees = what) };
}

/** As if nothing had been written for an hour. */
async function growOld({ store }: Bench): Promise<void> {
  const then = new Date(Date.now() - 3_600_000);
  for await (const file of store.list(`jobs/${JOB_KEY}/`)) await utimes(store.path(file), then, then);
}

const marksOf = ({ store }: Bench) => new LostMarks(store, new JobFolder(store, JOB_KEY));

async function firstSubmission(folder: JobFolder) {
  for (;;) {
    const job = await folder.submission(1);
    if (job) return job;
    await sleep(20);
  }
}

test('a job on a lost node is waited for, until a person says that it is dead: the next attempt goes on', async () => {
  const of = await bench('die,succeed');
  const { lost, activities } = withLostNode(of);
  const training = environment().run(activities.runTraining, of.input);
  await untilGone(await of.started());
  const folder = new JobFolder(of.store, JOB_KEY);
  const job = await firstSubmission(folder);
  await expect(sayLost(job, 'ada', { marks: marksOf(of), cluster: lost })).resolves.toMatchObject({
    kind: 'refused',
    why: expect.stringMatching(/it wrote jobs\/.* s ago/),
  });
  await growOld(of);
  expect(await of.starts()).toHaveLength(1);
  await expect(sayLost(job, 'ada', { marks: marksOf(of), cluster: lost })).resolves.toMatchObject({ kind: 'said' });
  expect(await training).toMatchObject({ attempts: 2 });
  const [first, second] = await readAttempts(of.store, folder);
  expect(first).toMatchObject({ end: 'lost', saidLost: { by: 'ada', saw: WORDS }, job: { cluster: 'local' } });
  expect(first?.message).toMatch(/nodeLost, ada said at .* that it is dead \(node n1 lost/);
  expect(second).toMatchObject({ end: 'succeeded', log: expect.stringMatching(/^file:.*attempt-2\.log$/) });
});

test('of a cluster that is away a person may say it, too; of a job that is seen alive nobody', async () => {
  const of = await bench('hang,succeed');
  const { lost, sees } = withLostNode(of);
  const job = await lost.submit({
    jobKey: JOB_KEY,
    attempt: 1,
    command: ['sleep', '60'],
    env: {},
    resources: { nodes: 1, gpusPerNode: 0, wallSeconds: 60 },
    log: of.store.path(`jobs/${JOB_KEY}/attempt-1.log`),
  });
  await growOld(of);
  sees('all');
  await expect(sayLost(job, 'ada', { marks: marksOf(of), cluster: lost })).resolves.toMatchObject({
    kind: 'refused',
    why: expect.stringMatching(/its cluster sees it run/),
  });
  sees('away');
  await expect(sayLost(job, 'ada', { marks: marksOf(of), cluster: lost })).resolves.toMatchObject({ kind: 'said' });
  await lost.stop(job, 0);
});

test('a word that proves wrong before anybody acted on it is taken back', async () => {
  const of = await bench('succeed', { stepMs: 300 });
  const { lost, activities, sees } = withLostNode(of);
  sees('all');
  const training = environment().run(activities.runTraining, of.input);
  await of.started();
  await marksOf(of).write(1, { at: new Date().toISOString(), by: 'ada', saw: 'nothing' });
  expect(await training).toMatchObject({ attempts: 1 });
  expect(await marksOf(of).find(1)).toBeUndefined();
  expect(lost.name).toBe('local');
});
