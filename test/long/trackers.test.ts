import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { config, environmentWith } from '../../temporal.config.ts';

/**
 * Trackers by their own libraries, without a network. These are no part of the trainer's environment: name a Python that
 * has them, and the trainer's, by FLYWHEEL_TRAINER_PYTHON.
 */
const all = 'tensorboard,mlflow,wandb';

async function python(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { stdout, stderr } = await promisify(execFile)(config.python, args, {
    cwd: config.root,
    env: environmentWith({ PYTHONPATH: config.root, WANDB_MODE: 'offline', ...env }),
  });
  return { stdout, stderr };
}
const attempt = (folder: string, first: number, last: number, env: Readonly<Record<string, string>>) =>
  python(['-m', 'trainer.tests.tracked', folder, String(first), String(last)], env);

async function jobFolder(): Promise<string> {
  return path.join(await mkdtemp(path.join(tmpdir(), 'flywheel-trackers-')), 'jobs/main/lap-0001/generator');
}

/** A server's place would be an address; its library's own files need no server. */
const mlflowIn = (folder: string) => ({
  MLFLOW_TRACKING_URI: pathToFileURL(path.join(folder, 'mlflow')).href,
  MLFLOW_ALLOW_FILE_STORE: 'true',
});

async function stepsIn(folder: string): Promise<unknown[]> {
  const lines = (await readFile(path.join(folder, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => (JSON.parse(line) as { step: number }).step);
}

beforeAll(async () => {
  await python(['-c', 'import torch.utils.tensorboard, mlflow, wandb']).catch(({ stderr }: { stderr: string }) => {
    const missing = stderr.trim().split('\n').at(-1) ?? '';
    throw new Error(
      `Expected ${config.python} to have tensorboard, mlflow-skinny and wandb beside the trainer's packages, got ` +
        `"${missing}": install them (pip install tensorboard mlflow-skinny wandb), or name another Python by ` +
        'FLYWHEEL_TRAINER_PYTHON',
    );
  });
});

test('a resumed attempt goes on with the runs of the first, and no step is told twice', async () => {
  const folder = await jobFolder();
  await python(['-c', `import os; os.makedirs("${folder}")`]);
  const env = { FLYWHEEL_TRACKERS: all, ...mlflowIn(folder) };
  await attempt(folder, 1, 3, env);
  await attempt(folder, 3, 5, env);
  expect(await stepsIn(folder)).toEqual([1, 2, 3, 3, 4, 5]);
  const told = JSON.parse((await python(['-m', 'trainer.tests.read_tracked', folder], env)).stdout) as object;
  const points = {
    reward: [1, 2, 3, 4, 5].map((step) => [step, step / 10]),
    entropy: [1, 2, 3, 4, 5].map((step) => [step, Math.round(1000 / step) / 1000]),
    'components/format': [1, 2, 3, 4, 5].map((step) => [step, 1]),
  };
  expect(told).toEqual({
    tensorboard: points,
    mlflow: { name: 'main/lap-0001/generator', status: 'FINISHED', ...points },
    wandb: { attempts: 2, runs: 1 },
  });
});

test('a tracker that nobody answers for ends no training, is said once, and holds up no other', async () => {
  const folder = await jobFolder();
  await python(['-c', `import os; os.makedirs("${folder}")`]);
  const nobody = { MLFLOW_TRACKING_URI: 'http://127.0.0.1:9', MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0' };
  const { stderr } = await attempt(folder, 1, 4, { FLYWHEEL_TRACKERS: 'mlflow,tensorboard', ...nobody });
  expect(await stepsIn(folder)).toEqual([1, 2, 3, 4]);
  expect(stderr.match(/mlflow fails, and is told no more of this job/g)).toHaveLength(1);
  const env = { FLYWHEEL_TRACKERS: all, ...mlflowIn(folder) };
  const again = await attempt(folder, 5, 6, env);
  expect(again.stderr).not.toMatch(/fails/);
  const { tensorboard } = JSON.parse((await python(['-m', 'trainer.tests.read_tracked', folder], env)).stdout) as {
    tensorboard: { reward: [number, number][] };
  };
  expect(tensorboard.reward.map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
});
