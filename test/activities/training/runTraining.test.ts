import { access, readFile } from 'node:fs/promises';
import { CancelledFailure } from '@temporalio/common';
import { stopJobs, type TrainingProgress } from '../../../activities/training/activities.ts';
import { jobSchema, type Job } from '../../../shared/training/job.ts';
import { bench, environment, JOB_KEY, untilGone } from './fixture.ts';

jest.setTimeout(60_000); // machines under load start processes slowly

test('a training runs to its checkpoint, and its heartbeats say how far it is', async () => {
  const { activities, input, store, starts } = await bench('succeed');
  const env = environment();
  const heartbeats: TrainingProgress[] = [];
  env.onHeartbeat((progress) => heartbeats.push(progress));
  const outcome = await env.run(activities.runTraining, input);
  expect(outcome).toMatchObject({ steps: 3, stopReason: 'maxSteps', attempts: 1 });
  expect(outcome.checkpoint.uri).toBe(`checkpoints/${outcome.checkpoint.sha256}`);
  expect(outcome.seconds).toBeGreaterThan(0);
  await access(store.path(`${outcome.checkpoint.uri}/config.json`));
  expect(heartbeats.at(-1)).toMatchObject({ step: 3, maxSteps: 3, reward: 0.5, stepSeconds: 0.03, state: 'succeeded' });
  expect(await environment('run-2').run(activities.runTraining, input)).toEqual(outcome);
  expect(await starts()).toHaveLength(1);
});

test('the state to resume from goes when the checkpoint is there, also after a kill just before that', async () => {
  const { activities, input, store } = await bench('die,succeed');
  await environment().run(activities.runTraining, input);
  expect(await store.exists(`jobs/${JOB_KEY}/state`)).toBe(false);
  expect(await store.exists(`jobs/${JOB_KEY}/result.json`)).toBe(true);
  await store.write(`jobs/${JOB_KEY}/state/checkpoint-3/optimizer.pt`, 'left');
  await environment('run-2').run(activities.runTraining, input);
  expect(await store.exists(`jobs/${JOB_KEY}/state`)).toBe(false);
});

test('a job that may go on keeps its state', async () => {
  const { activities, input, store } = await bench('reward');
  await expect(environment().run(activities.runTraining, input)).rejects.toMatchObject({ type: 'JobFailed.reward' });
  expect(await store.exists(`jobs/${JOB_KEY}/state`)).toBe(true);
});

test('beside its checkpoint stands what that was made of', async () => {
  const { activities, input, store } = await bench('die,succeed');
  const { checkpoint } = await environment().run(activities.runTraining, input);
  const [dataset] = input.datasets;
  expect(await store.readMade(checkpoint.uri)).toEqual({
    sha256: checkpoint.sha256,
    by: JOB_KEY,
    from: [
      { as: 'started from', ...input.initCheckpoint },
      { as: 'trained on', uri: dataset?.ref.uri, sha256: dataset?.ref.sha256 },
      { as: 'rewards', uri: `rewards/${JOB_KEY}/spec.json`, sha256: input.rewardSpecSha256 },
      { as: 'job', ...(await store.refOf(`jobs/${JOB_KEY}/job-2.json`)) },
    ],
  });
});

test('the job file keeps the contract: absolute file URLs, and the reward service by jobKey', async () => {
  const { activities, input, store } = await bench('succeed');
  await environment().run(activities.runTraining, input);
  const job = jobSchema.parse(await store.readJson(`jobs/${JOB_KEY}/job-1.json`));
  expect(job.kind === 'grpo' && job.reward).toEqual({
    url: `http://127.0.0.1:7300/jobs/${encodeURIComponent(JOB_KEY)}/v2/rewards`,
    recipeSha256: 'b'.repeat(64),
    tokenEnv: 'FLYWHEEL_REWARD_TOKEN',
  });
  expect(job.initCheckpoint.uri).toBe(`file://${store.path('checkpoints/base')}`);
  expect(job.datasets[0]?.uri).toBe(`file://${store.path('datasets/verify.jsonl')}`);
  expect(job.output).toEqual({
    uri: `file://${store.path(`jobs/${JOB_KEY}`)}`,
    checkpoints: `file://${store.path('checkpoints')}`,
  });
});

test('a job file of sft has the fields of sft, and what its engine was told', async () => {
  const { activities, input, store } = await bench('succeed');
  const { maxSteps, learningRate, warmupSteps, maxPromptTokens, maxCompletionTokens, checkpointEverySteps, seed } =
    input.hyper;
  const common = { maxSteps, learningRate, warmupSteps, maxPromptTokens, maxCompletionTokens, checkpointEverySteps };
  const hyper = { ...common, seed, rowsPerStep: 4 };
  const { rewardSpecSha256: _, ...training } = input;
  const options = { packing: true };
  await environment().run(activities.runTraining, { ...training, kind: 'sft', hyper, engineOptions: options });
  const job = await store.readJson(`jobs/${JOB_KEY}/job-1.json`);
  expect(job).toMatchObject({ kind: 'sft', engine: 'fake', engineOptions: options });
  expect((job as Job).hyper).toEqual(hyper);
  expect(job).not.toHaveProperty('reward');
});

test('the job file says how the model marks its thinking and what its template is told, if so', async () => {
  const { activities, input, store } = await bench('succeed');
  await environment().run(activities.runTraining, input);
  const plain = await store.readJson(`jobs/${JOB_KEY}/job-1.json`);
  expect(plain).not.toHaveProperty('thinking');
  expect(plain).not.toHaveProperty('templateKwargs');

  const jobKey = 'main/lap-0001/generator';
  await store.writeJson('checkpoints/base/tokenizer_config.json', { chat_template: "{{ '[THINK]' }}" });
  const templateKwargs = { verify: { enable_thinking: false } };
  await environment().run(activities.runTraining, { ...input, jobKey, templateKwargs });
  const job = jobSchema.parse(await store.readJson(`jobs/${jobKey}/job-1.json`));
  expect(job.thinking).toEqual({ open: '[THINK]', close: '[/THINK]' });
  expect(job.templateKwargs).toEqual(templateKwargs);
});

test('rows that the trainer left out are told with the outcome', async () => {
  const longRows = { count: 2, items: ['row-3', 'row-5'] };
  const { activities, input } = await bench('succeed', { longRows });
  expect(await environment().run(activities.runTraining, input)).toMatchObject({ longRows });
});

test('a watch that struck is told in its words, and among what a person should know', async () => {
  const watched = ['entropy 0.01 over 5 steps, below 0.05: the stage ended'];
  const { activities, input } = await bench('succeed', { watched });
  expect(await environment().run(activities.runTraining, input)).toMatchObject({
    stopReason: 'watch',
    watched,
    warnings: [`${JOB_KEY}: ${watched[0]}`],
  });
});

test('two watchers of one training start one trainer', async () => {
  const { activities, input, starts } = await bench('succeed');
  const outcomes = await Promise.all(Array.from({ length: 6 }, () => environment().run(activities.runTraining, input)));
  expect(new Set(outcomes.map(({ checkpoint }) => checkpoint.sha256)).size).toBe(1);
  expect(await starts()).toHaveLength(1);
});

test('a job whose process dies without a result is lost, and the next attempt goes on where it was', async () => {
  const { activities, input, starts } = await bench('die,succeed');
  expect(await environment().run(activities.runTraining, input)).toMatchObject({ attempts: 2, steps: 3 });
  expect((await starts()).map((line) => line.replace(/ \d+ /, ' '))).toEqual(['1 from 0', '2 from 1']);
});

test('however many watch a job that is lost twice, each of its attempts starts once', async () => {
  const { activities, input, starts } = await bench('die,die,succeed');
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => environment().run(activities.runTraining, input)));
  expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
  expect((await starts()).map((line) => line.replace(/ \d+ /, ' '))).toEqual(['1 from 0', '2 from 1', '3 from 2']);
});

test('a job that is lost again and again ends after the agreed attempts', async () => {
  const { activities, input, starts } = await bench('die');
  await expect(environment().run(activities.runTraining, { ...input, maxAttempts: 2 })).rejects.toMatchObject({
    type: 'JobLost',
    nonRetryable: true,
    message: expect.stringContaining('the last of 2 attempts'),
  });
  expect(await starts()).toHaveLength(2);
});

test.each(['app', 'data', 'reward'])(
  'a failure of class %s is not tried again, and speaks of the recipe’s fields',
  async (failureClass) => {
    const { activities, input, starts } = await bench(failureClass);
    await expect(environment().run(activities.runTraining, input)).rejects.toMatchObject({
      type: `JobFailed.${failureClass}`,
      message: expect.stringContaining('raise stages.verifierV1.maxPromptTokens'),
      nonRetryable: true,
    });
    expect(await starts()).toHaveLength(1);
  },
);

test('a job that failed for good may be tried anew by a workflow that a person reset', async () => {
  const { activities, input, starts } = await bench('data,succeed');
  await expect(environment().run(activities.runTraining, input)).rejects.toMatchObject({ type: 'JobFailed.data' });
  await expect(environment().run(activities.runTraining, input)).rejects.toMatchObject({ type: 'JobFailed.data' });
  expect(await starts()).toHaveLength(1);
  expect(await environment('run-2').run(activities.runTraining, input)).toMatchObject({ attempts: 2 });
});

test('a result that breaks the contract is a failure that names what is wrong', async () => {
  const { activities, input } = await bench('garbage');
  await expect(environment().run(activities.runTraining, input)).rejects.toMatchObject({
    type: 'JobFailed.app',
    message: expect.stringContaining('jobKey'),
  });
});

test('a job that outlives its wall time is asked to save its state, and goes on in the next attempt', async () => {
  const { activities, input } = await bench('hang,succeed');
  expect(
    await environment().run(activities.runTraining, { ...input, resources: { ...input.resources, wallSeconds: 1 } }),
  ).toMatchObject({ attempts: 2 });
});

test('cancelling the training ends its job, even one that does not listen', async () => {
  const { activities, input, started, starts, cluster } = await bench('deaf');
  const env = environment();
  const running = env.run(activities.runTraining, input);
  const pid = await started();
  env.cancelled();
  await expect(running).rejects.toBeInstanceOf(CancelledFailure);
  await untilGone(pid);
  expect(await cluster.running()).toEqual([]);
  await expect(environment().run(activities.runTraining, input)).rejects.toMatchObject({ type: 'JobCancelled' });
  expect(await starts()).toHaveLength(1);
});

test('a worker that shuts down leaves its job running, and the next worker adopts it', async () => {
  const { activities, input, started, starts } = await bench('succeed', { stepMs: 400 });
  const env = environment();
  const running = env.run(activities.runTraining, input);
  await started();
  env.shutDown();
  await expect(running).rejects.toMatchObject({ type: 'WorkerShutdown', nonRetryable: false });
  expect(await environment().run(activities.runTraining, input)).toMatchObject({ attempts: 1 });
  expect(await starts()).toHaveLength(1);
});

test('a graceful stop of the project preempts the job, and does not count as an attempt', async () => {
  const { activities, input, started, store, cluster } = await bench('hang,succeed');
  const running = environment().run(activities.runTraining, { ...input, maxAttempts: 1 });
  await started();
  const [stopped] = await Promise.all([
    stopJobs(store, cluster, 20_000),
    expect(running).rejects.toMatchObject({ type: 'JobStopped', nonRetryable: false }),
  ]);
  expect(stopped).toMatchObject([{ jobKey: JOB_KEY, attempt: 1 }]);
  expect(await environment().run(activities.runTraining, { ...input, maxAttempts: 1 })).toMatchObject({ attempts: 2 });
});

test('a lap that was cancelled while no worker ran can still end its job', async () => {
  const { activities, input, started, cluster } = await bench('hang');
  const env = environment();
  const running = env.run(activities.runTraining, input);
  const pid = await started();
  env.shutDown();
  await expect(running).rejects.toMatchObject({ type: 'WorkerShutdown' });
  await environment().run(activities.stopTraining, { jobKey: JOB_KEY, cluster: 'local' });
  await untilGone(pid);
  expect(await cluster.running()).toEqual([]);
});

describe('bad input is refused by name, before anything starts', () => {
  test.each([
    ['a jobKey that leaves its folder', { jobKey: '../x' }, 'InvalidTrainingInput', 'jobKey'],
    ['a cluster that is not configured', { cluster: 'slurm' }, 'ClusterUnavailable', 'slurm'],
    [
      'more GPUs than there are',
      { resources: { nodes: 16, gpusPerNode: 8, wallSeconds: 60 } },
      'ClusterTooSmall',
      '16 nodes with 8 GPUs each',
    ],
    [
      'a base that is not in the store',
      { initCheckpoint: { uri: 'checkpoints/none', sha256: 'a'.repeat(64) } },
      'JobFailed.data',
      'checkpoints/none',
    ],
    ['no attempts', { maxAttempts: 0 }, 'InvalidTrainingInput', 'maxAttempts'],
    ['an engine that is not there', { engine: 'large' }, 'InvalidTrainingInput', 'training.engine'],
  ] as const)('%s', async (_what, wrong, type, words) => {
    const { activities, input, starts } = await bench('succeed');
    await expect(environment().run(activities.runTraining, { ...input, ...wrong })).rejects.toMatchObject({
      type,
      nonRetryable: true,
      message: expect.stringContaining(words),
    });
    expect(await starts()).toEqual([]);
  });

  test('a hyper-parameter that the contract does not allow', async () => {
    const { activities, input } = await bench('succeed');
    const wrong = { ...input, hyper: { ...input.hyper, groupSize: 1 } };
    await expect(environment().run(activities.runTraining, wrong)).rejects.toMatchObject({
      type: 'InvalidTrainingInput',
      message: expect.stringContaining('groupSize'),
    });
  });

  test('another training under a used jobKey', async () => {
    const { activities, input } = await bench('succeed');
    await environment().run(activities.runTraining, input);
    const other = { ...input, hyper: { ...input.hyper, seed: 2 } };
    await expect(environment().run(activities.runTraining, other)).rejects.toMatchObject({
      type: 'JobConflict',
      message: expect.stringContaining('hyper'),
    });
  });
});

test('the reward token is in the job’s environment and in no file', async () => {
  const { activities, input, started, store } = await bench('hang');
  const env = environment();
  const running = env.run(activities.runTraining, input);
  const pid = await started();
  // There is no /proc elsewhere.
  const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => 'FLYWHEEL_REWARD_TOKEN=secret');
  expect(environ).toContain('FLYWHEEL_REWARD_TOKEN=secret');
  for (const file of ['job-1.json', 'attempt-1.json', 'training.json'])
    expect(await store.readText(`jobs/${JOB_KEY}/${file}`)).not.toContain('secret');
  env.cancelled();
  await expect(running).rejects.toBeInstanceOf(CancelledFailure);
});
