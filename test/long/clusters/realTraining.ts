import { cp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { FileStore } from '../../../activities/store/files.ts';
import { checkpointDigest } from '../../../activities/store/checkpoints.ts';
import type { Cluster } from '../../../activities/clusters/types.ts';
import { createTrainingActivities, type GrpoInput } from '../../../activities/training/activities.ts';
import { projectEngines } from '../../../activities/training/engines.ts';
import { folderOf } from '../../../domains/rehearsal/base/describeBase.ts';
import { rehearsalProblems } from '../../../domains/rehearsal/problems.ts';
import type { MetricsLine } from '../../../shared/training/job.ts';
import type { FakeRewards } from '../fakeRewards.ts';

export const JOB_KEY = 'main/lap-0001/generator';
export const TOKEN = 'a-token-that-nobody-may-read';

/** A small GRPO training by the real trainer on a cluster, and what it leaves in its folder. */
export async function realTraining(folder: string, cluster: Cluster, rewards: FakeRewards, maxSteps: number) {
  const store = new FileStore(path.join(folder, 'store'));
  const base = path.resolve(folderOf('rehearsal'));
  const sha256 = await checkpointDigest(base);
  await cp(base, store.path(`checkpoints/${sha256}`), { recursive: true });
  const rows = rehearsalProblems({ seed: 3, count: 12, difficulty: [1, 4] }).map((problem) => ({
    itemId: problem.id,
    task: 'prove',
    prompt: [{ role: 'user', content: `prove ${problem.statement}` }],
    meta: { problem },
  }));
  const ref = await store.writeJsonl('datasets/rows.jsonl', rows);
  const activities = createTrainingActivities({
    store,
    clusters: [cluster],
    engines: projectEngines(process.env['FLYWHEEL_TRAINER_PYTHON'] ?? 'python3'),
    env: { FLYWHEEL_REWARD_TOKEN: TOKEN },
    reward: { publicUrl: new URL(rewards.url).origin, tokenEnv: 'FLYWHEEL_REWARD_TOKEN' },
  });
  const input: GrpoInput = {
    jobKey: JOB_KEY,
    kind: 'grpo',
    engine: 'small',
    engineOptions: {},
    initCheckpoint: { uri: `checkpoints/${sha256}`, sha256 },
    datasets: [{ role: 'prove', ref, weight: 1 }],
    rewardSpecSha256: 'b'.repeat(64),
    hyper: {
      groupSize: 4,
      promptsPerStep: 2,
      maxSteps,
      learningRate: 1e-3,
      warmupSteps: 2,
      klCoef: 0,
      clipLow: 0.2,
      clipHigh: 0.28,
      temperature: 1,
      maxPromptTokens: 192,
      maxCompletionTokens: 32,
      saturationReward: 2,
      saturationWindow: 2,
      checkpointEverySteps: 2,
      maxUnscorableShare: 0.5,
      seed: 11,
    },
    resources: { nodes: 1, gpusPerNode: 1, wallSeconds: 1200 },
    cluster: cluster.name,
    maxAttempts: 5,
  };
  const text = (file: string) => readFile(store.path(`jobs/${JOB_KEY}/${file}`), 'utf8').catch(() => '');
  const steps = async () =>
    (await text('metrics.jsonl'))
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as MetricsLine).step);
  return { store, activities, input, text, steps };
}
