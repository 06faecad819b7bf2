import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, JobAttempt, Presence, SubmittedJob } from '../../../activities/clusters/types.ts';

export interface ClusterUnderTest {
  /** A submitter's view of the cluster whose records are in the folder. Each call makes a new one. */
  readonly open: (folder: string) => Cluster;
  /** Submits from a process of its own, which is killed with -9 as soon as the job is submitted. */
  readonly submitAndDie: (folder: string, attempt: JobAttempt) => Promise<void>;
}

/** What every cluster promises. Jobs are shell scripts that write to a folder which its machines can reach. */
export function clusterContract(what: string, { open, submitAndDie }: ClusterUnderTest): void {
  let folder: string;
  let cluster: Cluster;
  const jobs: SubmittedJob[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flywheel-cluster-'));
    cluster = open(folder);
  });
  afterEach(async () => {
    await Promise.all(jobs.splice(0).map((job) => cluster.stop(job, 0)));
  });

  const attempt = (script: string, more: Partial<JobAttempt> = {}): JobAttempt => ({
    jobKey: 'main/lap-0001/verifier-v1',
    attempt: 1,
    command: ['/bin/sh', '-c', script],
    env: { FOLDER: folder },
    resources: { nodes: 1, gpusPerNode: 0, wallSeconds: 60 },
    log: path.join(folder, 'job.log'),
    ...more,
  });
  const submit = async (script: string, more: Partial<JobAttempt> = {}): Promise<SubmittedJob> => {
    const job = await cluster.submit(attempt(script, more));
    jobs.push(job);
    return job;
  };
  const written = (file: string) => readFile(path.join(folder, file), 'utf8').catch(() => '');
  async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
    for (;;) {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      await sleep(20);
    }
  }
  const gone = (job: SubmittedJob): Promise<Presence> =>
    until(async () => {
      const presence = await cluster.state(job);
      return presence.kind === 'gone' && presence;
    });
  /** Whether the file `beat` stays as it is. A write under way may still land. */
  async function silent(): Promise<boolean> {
    await sleep(200);
    const last = await written('beat');
    await sleep(300);
    return (await written('beat')) === last;
  }
  const SLEEPS = 'echo $$ >> $FOLDER/starts; exec sleep 600';

  describe(what, () => {
    test('has room for a job', async () => {
      expect(await cluster.capacity()).toMatchObject({ nodes: expect.any(Number), gpusPerNode: expect.any(Number) });
      expect((await cluster.capacity()).nodes).toBeGreaterThanOrEqual(1);
    });

    test('runs the command with the environment it was given, and appends what it says to the log', async () => {
      await writeFile(path.join(folder, 'job.log'), 'from before\n');
      const job = await submit('echo "said $WORD"; echo "and complained" >&2', { env: { WORD: 'hello' } });
      await gone(job);
      expect(await written('job.log')).toBe('from before\nsaid hello\nand complained\n');
    });

    test('runs an attempt once, however often and by however many it is submitted', async () => {
      const all = await Promise.all(Array.from({ length: 5 }, () => open(folder).submit(attempt(SLEEPS))));
      jobs.push(...all.slice(0, 1));
      expect(new Set(all.map(({ id }) => id)).size).toBe(1);
      expect(all[0]).toMatchObject({ jobKey: 'main/lap-0001/verifier-v1', attempt: 1 });
      expect(await submit(SLEEPS)).toEqual(all[0]);
      await until(async () => (await written('starts')) !== '');
      expect((await written('starts')).trim().split('\n')).toHaveLength(1);
    });

    test('is not run again by a submission that comes after its end', async () => {
      const job = await submit('echo once >> $FOLDER/starts');
      await gone(job);
      expect(await submit('echo once >> $FOLDER/starts')).toEqual(job);
      expect(await cluster.state(job)).toMatchObject({ kind: 'gone' });
      expect(await written('starts')).toBe('once\n');
    });

    test('tells attempts and jobs apart', async () => {
      const script = 'echo $WHICH >> $FOLDER/$WHICH';
      const env = (which: string) => ({ FOLDER: folder, WHICH: which });
      for (const job of [
        await submit(script, { env: env('one') }),
        await submit(script, { env: env('two'), attempt: 2 }),
        await submit(script, { env: env('other'), jobKey: 'main/lap-0001/verifier-v11' }),
        await submit(script, { env: env('below'), jobKey: 'main/lap-0001/verifier-v1/2' }),
      ])
        await gone(job);
      for (const which of ['one', 'two', 'other', 'below']) expect(await written(which)).toBe(`${which}\n`);
    });

    test('finds what was submitted, by whomever, and nothing else', async () => {
      expect(await cluster.find('main/lap-0001/verifier-v1', 1)).toBeUndefined();
      const job = await submit(SLEEPS);
      expect(await open(folder).find(job.jobKey, 1)).toEqual(job);
      expect(await cluster.find(job.jobKey, 2)).toBeUndefined();
      expect(await cluster.find('main/lap-0001', 1)).toBeUndefined();
    });

    test('keeps a job whose submitter was killed, and hands it to the next one', async () => {
      await submitAndDie(folder, attempt(SLEEPS));
      const job = await until(() => cluster.find('main/lap-0001/verifier-v1', 1));
      jobs.push(job);
      expect((await cluster.state(job)).kind).not.toBe('gone');
      expect(await submit(SLEEPS)).toEqual(job);
      await until(async () => (await written('starts')) !== '');
      expect((await written('starts')).trim().split('\n')).toHaveLength(1);
    });

    test('says since when a job runs', async () => {
      const before = Date.now() - 1_000;
      const job = await submit(SLEEPS);
      const presence = await until(async () => {
        const seen = await cluster.state(job);
        return seen.kind === 'alive' && seen;
      });
      expect(Date.parse(presence.since)).toBeGreaterThanOrEqual(before);
      expect(Date.parse(presence.since)).toBeLessThanOrEqual(Date.now());
      expect(Date.parse(job.submittedAt)).toBeGreaterThanOrEqual(before);
    });

    test.each([
      ['succeeded', 'exit 0'],
      ['failed', 'exit 3'],
      ['was killed', 'kill -9 $$'],
      ['never was a program', 'exec no-such-program'],
    ])('a job that %s is gone: what it came to is told by its files', async (_how, script) => {
      expect(await gone(await submit(script))).toMatchObject({ kind: 'gone' });
    });

    test('a job of which it knows nothing is gone', async () => {
      const unknown = { jobKey: 'main/lap-0009/sft', attempt: 1, id: '4194305', submittedAt: '2026-01-01T00:00:00Z' };
      expect(await cluster.state(unknown)).toMatchObject({ kind: 'gone' });
      await cluster.stop(unknown, 0);
    });

    test('a job that is stopped may save its state first, and is gone when that is said', async () => {
      const job = await submit(
        'trap "sleep 0.3; echo saved >> $FOLDER/saved; exit 0" TERM; touch $FOLDER/ready; while :; do sleep 0.05; done',
      );
      await until(async () => (await readFile(path.join(folder, 'ready'), 'utf8').catch(() => undefined)) === '');
      await cluster.stop(job, 20_000);
      expect(await written('saved')).toBe('saved\n');
      expect(await cluster.state(job)).toMatchObject({ kind: 'gone' });
      await cluster.stop(job, 20_000);
    });

    test('a job that does not listen is ended after the grace, with all that it started', async () => {
      const job = await submit('trap "" TERM; sh -c "while :; do date +%s%N > $FOLDER/beat; sleep 0.05; done" & wait');
      await until(async () => (await written('beat')) !== '');
      const asked = Date.now();
      await cluster.stop(job, 300);
      expect(Date.now() - asked).toBeGreaterThanOrEqual(300);
      expect(await cluster.state(job)).toMatchObject({ kind: 'gone' });
      expect(await silent()).toBe(true);
    });

    // A cluster may end what is left as soon as the first process has.
    const LEAVES =
      '(for i in $(seq 100); do date +%s%N > $FOLDER/beat; sleep $PAUSE; done) & ' +
      'while [ ! -s $FOLDER/beat ]; do sleep 0.02; done; exit 0';

    test('what is gone writes no more, though its first process left others', async () => {
      const job = await submit(LEAVES, { env: { FOLDER: folder, PAUSE: '0.02' } });
      await gone(job);
      expect(await silent()).toBe(true);
    });

    test('a job that is stopped ends with what its first process left', async () => {
      const job = await submit(LEAVES, { env: { FOLDER: folder, PAUSE: '0.1' } });
      await until(async () => (await written('beat')) !== '');
      await sleep(500); // the first process ends
      await cluster.stop(job, 300);
      expect(await cluster.state(job)).toMatchObject({ kind: 'gone' });
      expect(await silent()).toBe(true);
    });
  });
}
