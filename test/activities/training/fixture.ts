import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import {
  createTrainingActivities,
  type GrpoInput,
  type TrainingActivities,
  type TrainingProgress,
} from '../../../activities/training/activities.ts';
import type { LongRows } from '../../../shared/training/job.ts';
import type { Engine } from '../../../activities/training/engines.ts';
import type { LocalCluster } from '../../../activities/clusters/local.ts';
import { FileStore } from '../../../activities/store/files.ts';

import { localCluster } from '../clusters/fixture.ts';

export const JOB_KEY = 'main/lap-0001/verifier-v1';

export interface Bench {
  readonly store: FileStore;
  readonly cluster: LocalCluster;
  readonly activities: TrainingActivities;
  /** What these are made of. */
  readonly means: Parameters<typeof createTrainingActivities>[0];
  readonly input: GrpoInput;
  /** One line per start of the fake trainer: `<attempt> <pid> from <step>`. */
  readonly starts: () => Promise<string[]>;
  /** Waits for the first start of an attempt, and returns its pid. */
  readonly started: (attempt?: number) => Promise<number>;
}

const fake: Engine = {
  name: 'fake',
  command: (jobFile) => [
    process.execPath,
    path.join(process.cwd(), 'test/activities/training/fakeTrainer.mjs'),
    jobFile,
  ],
  kinds: ['grpo', 'sft'],
  launch: 'one',
};

/** A store with one dataset and a base, and training activities whose trainer is the fake one. */
export async function bench(
  plan: string,
  {
    folder,
    stepMs = 30,
    longRows,
    watched,
  }: { folder?: string; stepMs?: number; longRows?: LongRows; watched?: readonly string[] } = {},
): Promise<Bench> {
  const store = new FileStore(folder ?? (await mkdtemp(path.join(tmpdir(), 'flywheel-training-'))));
  const ref = await store.writeJsonl('datasets/verify.jsonl', [{ itemId: 'a' }]);
  await store.write('checkpoints/base/config.json', '{}');
  const env = {
    FAKE_PLAN: plan,
    FAKE_STEP_MS: String(stepMs),
    ...(longRows && { FAKE_LONG: JSON.stringify(longRows) }),
    ...(watched && { FAKE_WATCHED: JSON.stringify(watched) }),
  };
  const cluster = localCluster(store.root, { env });
  const means = {
    store,
    clusters: [cluster],
    engines: [fake],
    env: { FLYWHEEL_REWARD_TOKEN: 'secret' },
    reward: { publicUrl: 'http://127.0.0.1:7300', tokenEnv: 'FLYWHEEL_REWARD_TOKEN' },
    graceMs: 1_000,
  };
  const activities = createTrainingActivities(means);
  const input: GrpoInput = {
    jobKey: JOB_KEY,
    kind: 'grpo',
    engine: fake.name,
    engineOptions: {},
    initCheckpoint: { uri: 'checkpoints/base', sha256: 'a'.repeat(64) },
    datasets: [{ role: 'verify', ref, weight: 1 }],
    rewardSpecSha256: 'b'.repeat(64),
    hyper: {
      groupSize: 2,
      promptsPerStep: 1,
      maxSteps: 3,
      learningRate: 1e-4,
      warmupSteps: 0,
      klCoef: 0,
      clipLow: 0.2,
      clipHigh: 0.28,
      temperature: 1,
      maxPromptTokens: 10,
      maxCompletionTokens: 10,
      saturationReward: 2,
      saturationWindow: 1,
      checkpointEverySteps: 1,
      maxUnscorableShare: 0.5,
      seed: 1,
    },
    resources: { nodes: 1, gpusPerNode: 0, wallSeconds: 60 },
    cluster: 'local',
    maxAttempts: 3,
  };
  const starts = async () => {
    const text = await readFile(store.path(`jobs/${JOB_KEY}/starts.log`), 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  };
  const started = async (attempt = 1) => {
    for (;;) {
      const line = (await starts()).find((each) => each.startsWith(`${attempt} `));
      if (line !== undefined) return Number(line.split(' ')[1]);
      await sleep(20);
    }
  };
  return { store, cluster, activities, means, input, starts, started };
}

/** One activity attempt. The same runId is the same scheduled activity. */
export function environment(runId = 'run-1') {
  const mock = new MockActivityEnvironment(
    { workflowExecution: { workflowId: 'lap', runId }, activityId: '7' },
    { logger: new DefaultLogger('ERROR') },
  );
  return {
    run: <I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> =>
      mock.run<[I], O, (input: I) => Promise<O>>(activity, input),
    cancelled: () => mock.cancel('CANCELLED', new ActivityCancellationDetails({ cancelRequested: true })),
    shutDown: () => mock.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true })),
    onHeartbeat: (heard: (progress: TrainingProgress) => void) => mock.on('heartbeat', heard),
  };
}

export async function untilGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return; // no such process
    }
    if (/^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))) return;
    await sleep(20);
  }
}
