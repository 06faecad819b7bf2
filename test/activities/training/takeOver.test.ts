import { isAlive } from '../../../activities/processes/records.ts';
import { bench, environment, JOB_KEY, untilGone } from './fixture.ts';

jest.setTimeout(60_000);

const NEW = 'main/lap-0002/verifier-v1';
const donors = ['main/lap-0001'];
const REWARDED = '{"key":"k","step":1,"answer":{"status":"unscorable"},"verdicts":{},';

test('an equal training’s result is taken over: nothing is trained, and the checkpoint is made as it was', async () => {
  const { activities, input, store, starts } = await bench('succeed');
  const first = await environment().run(activities.runTraining, input);
  await store.write(`rewards/${JOB_KEY}/rewards.jsonl`, `${REWARDED}"judge":{"calls":2}}\n{"torn`);
  const made = await store.readMade(first.checkpoint.uri);
  const mended = { ...input, jobKey: NEW, donors };
  const { attempts: _, seconds, taken, ...outcome } = await environment('run-2').run(activities.runTraining, mended);
  const { attempts: __, seconds: ___, ...trained } = first;
  expect(outcome).toEqual(trained);
  expect([seconds, taken?.kind, taken?.from, taken?.steps]).toEqual([0, 'result', JOB_KEY, 3]);
  expect(await starts()).toHaveLength(1);
  expect(await store.readJson(`jobs/${NEW}/result.json`)).toMatchObject({ jobKey: NEW, status: 'succeeded' });
  expect(await store.readText(`jobs/${NEW}/metrics.jsonl`)).toBe(await store.readText(`jobs/${JOB_KEY}/metrics.jsonl`));
  expect(await store.readText(`rewards/${NEW}/rewards.jsonl`)).toBe(
    `${REWARDED}"judge":{"calls":2,"taken":{"calls":2}}}\n`,
  );
  expect(await store.readMade(first.checkpoint.uri)).toEqual(made);

  // Before judges are served it is asked whether there is anything to train.
  expect((await environment('run-3').run(activities.takeTraining, mended))?.checkpoint).toEqual(first.checkpoint);
  // Whoever watches again, after a kill, finds the same; and a third lap takes it from the second.
  expect((await environment('run-3').run(activities.runTraining, mended)).taken).toEqual(taken);
  const third = { ...input, jobKey: 'main/lap-0003/verifier-v1', donors: ['main/lap-0002', ...donors] };
  const again = await environment('run-4').run(activities.runTraining, third);
  expect([again.checkpoint, again.taken?.seconds]).toEqual([first.checkpoint, taken?.seconds]);
  expect(await starts()).toHaveLength(1);
});

test('a training that failed goes on from the last whole state of an equal one, and says so', async () => {
  const { activities, input, store } = await bench('app,succeed');
  await expect(environment().run(activities.runTraining, input)).rejects.toMatchObject({ type: 'JobFailed.app' });
  await store.write(`jobs/${JOB_KEY}/state/checkpoint-1/progress.json`, '{"step":1,"tokens":5,"seconds":7}');
  await store.write(`jobs/${JOB_KEY}/state/checkpoint-2/weights`, 'w');
  await store.write(`jobs/${JOB_KEY}/state/checkpoint-2/progress.json`, '{"step":2,"tokens":9,"seconds":8}');
  await store.write(`jobs/${JOB_KEY}/state/checkpoint-3/weights`, 'half-written');
  await store.write(`jobs/${JOB_KEY}/metrics.jsonl`, '{"step":1}\n{"step":2}\n{"step":3}\n');
  const more = await bench('app,succeed', { folder: store.root });
  const mended = { ...input, jobKey: NEW, donors, hyper: { ...input.hyper, maxUnscorableShare: 0.9 } };
  await expect(environment('run-2').run(more.activities.runTraining, mended)).rejects.toThrow('a fake app failure');
  expect(await store.readText(`jobs/${NEW}/state/checkpoint-2/weights`)).toBe('w');
  expect(await store.exists(`jobs/${NEW}/state/checkpoint-3`)).toBe(false);
  expect((await store.readText(`jobs/${NEW}/metrics.jsonl`)).split('\n').slice(0, 2)).toEqual([
    '{"step":1}',
    '{"step":2}',
  ]);
  const outcome = await environment('run-3').run(more.activities.runTraining, mended);
  expect(outcome.taken).toEqual({ kind: 'state', from: JOB_KEY, steps: 2, tokens: 9, seconds: 8 });
  expect(outcome.attempts).toBe(2);
});

test('a training with another input is begun anew', async () => {
  const { activities, input, store } = await bench('succeed');
  await environment().run(activities.runTraining, input);
  const hyper = { ...input.hyper, learningRate: 1 };
  const other = { ...input, jobKey: NEW, donors, hyper };
  expect(await environment('run-2').run(activities.takeTraining, other)).toBeUndefined();
  const outcome = await environment('run-2').run(activities.runTraining, other);
  expect([outcome.taken, outcome.attempts]).toEqual([undefined, 1]);
  expect(await store.exists(`jobs/${NEW}/taken.json`)).toBe(false);
});

test('the trainer of a lap that was terminated is ended before its training is gone on with', async () => {
  const { activities, input, started, cluster, store } = await bench('hang');
  const watching = environment();
  const watch = watching.run(activities.runTraining, input).catch(() => undefined);
  const pid = await started();
  watching.shutDown(); // nobody has cancelled the job
  await watch;
  expect((await cluster.find(JOB_KEY, 1)) !== undefined).toBe(true);
  const more = await bench('succeed', { folder: store.root });
  await environment('run-2').run(more.activities.runTraining, { ...input, jobKey: NEW, donors });
  await untilGone(pid);
  expect(await isAlive({ pid, startTime: '', startedAt: '' })).toBe(false);
});
