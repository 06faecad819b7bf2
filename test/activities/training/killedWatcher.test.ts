import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { bench, environment, JOB_KEY } from './fixture.ts';

jest.setTimeout(60_000); // machines under load start processes slowly

function watcher(folder: string, stepMs: number): ChildProcess {
  return spawn(
    process.execPath,
    ['--import', 'tsx', 'test/activities/training/watcher.ts', folder, 'succeed', String(stepMs)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
}

test('a worker that is killed with -9 leaves its job running, and its successor adopts it', async () => {
  const { activities, input, store, started, starts } = await bench('succeed', { stepMs: 700 });
  const killed = watcher(store.root, 700);
  const pid = await started();
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  process.kill(pid, 0); // throws if the trainer went with its watcher
  expect(await environment().run(activities.runTraining, input)).toMatchObject({ attempts: 1, steps: 3 });
  expect(await starts()).toHaveLength(1);
});

test('two workers, each a process of its own, start one trainer between them', async () => {
  const { store, starts } = await bench('succeed');
  const watchers = [watcher(store.root, 100), watcher(store.root, 100)];
  const outcomes = await Promise.all(
    watchers.map(async (child) => {
      let text = '';
      child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await once(child, 'close');
      return JSON.parse(text) as { checkpoint: { sha256: string } };
    }),
  );
  expect(outcomes[0]?.checkpoint).toEqual(outcomes[1]?.checkpoint);
  expect(await starts()).toHaveLength(1);
});

test(
  'a watcher that died between starting the job and recording it leaves nothing to repair: the job records ' + 'itself',
  async () => {
    const { store, activities, input, starts } = await bench('succeed');
    const children = Array.from({ length: 3 }, () => watcher(store.root, 100));
    // Killed at moments spread over the start of the job, before, amid and after the submission.
    await Promise.all(
      children.map(async (child, index) => {
        const exited = once(child, 'exit');
        while (!(await store.exists(`jobs/${JOB_KEY}/job-1.json`)) && child.exitCode === null)
          await new Promise((resolve) => setTimeout(resolve, 2));
        await new Promise((resolve) => setTimeout(resolve, index * 8));
        child.kill('SIGKILL');
        await exited;
      }),
    );
    expect(await environment().run(activities.runTraining, input)).toMatchObject({ steps: 3, attempts: 1 });
    expect(await starts()).toHaveLength(1);
  },
);
