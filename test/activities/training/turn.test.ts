import { readFile } from 'node:fs/promises';
import { JobFolder } from '../../../activities/training/jobFolder.ts';
import { bench, environment, JOB_KEY } from './fixture.ts';

jest.setTimeout(60_000);

test('whose turn it is in a job folder is said before each submission, and never goes back', async () => {
  const { activities, input, store } = await bench('die,succeed');
  await environment().run(activities.runTraining, input);
  const turn = () => readFile(store.path(`jobs/${JOB_KEY}/attempt`), 'utf8');
  expect(await turn()).toBe('2\n');
  await new JobFolder(store, JOB_KEY).takeTurn(1);
  expect(await turn()).toBe('2\n');
});
