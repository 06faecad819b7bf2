import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { checkpointDigest } from '../../activities/store/checkpoints.ts';
import { chainOf } from '../../domains/rehearsal/chain.ts';
import { demonstrate, SLOPPY_TEACHER } from '../../domains/rehearsal/base/demonstrations.ts';
import { folderOf } from '../../domains/rehearsal/base/describeBase.ts';
import { rehearsalProblems } from '../../domains/rehearsal/problems.ts';
import { jobResultSchema, type Job, type JobResult, type MetricsLine } from '../../shared/training/job.ts';
import { randomFrom } from '../../shared/seeds.ts';
import { fakeRewards, type FakeRewards } from './fakeRewards.ts';

const STEPS = 6;
const EVERY = 2;

let folder: string;
let rewards: FakeRewards;
let calm: Succeeded;

type Succeeded = Extract<JobResult, { status: 'succeeded' }>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-resume-'));
  rewards = await fakeRewards();
  await attempt('calm', 1).exit;
  calm = await succeeded('calm');
}, 300_000);

afterAll(async () => {
  await rewards?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Rows to prove and rows to verify, turn by turn. */
function rows(): object[] {
  const random = randomFrom(3);
  return rehearsalProblems({ seed: 3, count: 12, difficulty: [1, 4] }).map((problem, index) => {
    if (index % 2 === 0)
      return {
        itemId: problem.id,
        task: 'prove',
        prompt: [{ role: 'user', content: `prove ${problem.statement}` }],
        meta: { problem },
      };
    const proof = demonstrate('prove', chainOf(problem.statement), SLOPPY_TEACHER, random).answer;
    const content = `verify ${problem.statement}\nproof:\n${proof}`;
    return {
      itemId: problem.id,
      task: 'verify',
      prompt: [{ role: 'user', content }],
      meta: { problem, proof, score: 1 },
    };
  });
}

async function jobFile(name: string, number: number): Promise<string> {
  const lines = rows().map((row) => `${JSON.stringify(row)}\n`);
  const dataset = path.join(folder, 'rows.jsonl');
  await writeFile(dataset, lines.join(''));
  const uri = (...parts: string[]) => pathToFileURL(path.join(folder, ...parts)).href;
  const job: Job = {
    jobKey: 'test/lap-0001/generator',
    attempt: number,
    kind: 'grpo',
    engine: 'small',
    engineOptions: {},
    initCheckpoint: {
      uri: pathToFileURL(path.resolve(folderOf('rehearsal'))).href,
      sha256: await checkpointDigest(folderOf('rehearsal')),
    },
    datasets: [
      {
        role: 'both',
        uri: uri('rows.jsonl'),
        sha256: createHash('sha256').update(lines.join('')).digest('hex'),
        rows: lines.length,
        weight: 1,
      },
    ],
    reward: { url: rewards.url, recipeSha256: 'b'.repeat(64), tokenEnv: 'TEST_REWARD_TOKEN' },
    hyper: {
      groupSize: 4,
      promptsPerStep: 4,
      maxSteps: STEPS,
      learningRate: 1e-3,
      warmupSteps: 2,
      klCoef: 0,
      clipLow: 0.2,
      clipHigh: 0.28,
      temperature: 1,
      maxPromptTokens: 192,
      maxCompletionTokens: 48,
      saturationReward: 2,
      saturationWindow: 2,
      checkpointEverySteps: EVERY,
      maxUnscorableShare: 0.5,
      seed: 11,
    },
    resources: { nodes: 1, gpusPerNode: 0, wallSeconds: 600 },
    output: { uri: uri(name), checkpoints: uri('checkpoints', name) },
    resume: 'auto',
  };
  const file = path.join(folder, `${name}.json`);
  await writeFile(file, JSON.stringify(job));
  return file;
}

/** One attempt of a job. `kill` signals it; `exit` is its exit status or the signal that ended it. */
function attempt(
  name: string,
  number: number,
  onRequest: (n: number, kill: (signal: NodeJS.Signals) => void) => void | Promise<void> = () => undefined,
) {
  let end: (signal: NodeJS.Signals) => void = () => undefined;
  const exit = (async () => {
    const file = await jobFile(name, number);
    rewards.restart();
    const child = spawn(process.env['FLYWHEEL_TRAINER_PYTHON'] ?? 'python3', ['-m', 'trainer.train', file], {
      cwd: path.resolve('.'),
      env: { ...process.env, OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1', TEST_REWARD_TOKEN: 'secret' },
      stdio: 'ignore',
    });
    end = (signal) => child.kill(signal);
    rewards.onRequest = (n) => onRequest(n, end);
    return await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
      child.once('error', reject).once('exit', (code, signal) => resolve(code ?? signal));
    });
  })();
  return { exit, kill: (signal: NodeJS.Signals) => end(signal) };
}

async function result(name: string): Promise<JobResult> {
  return jobResultSchema.parse(JSON.parse(await readFile(path.join(folder, name, 'result.json'), 'utf8')));
}

async function succeeded(name: string): Promise<Succeeded> {
  const outcome = await result(name);
  if (outcome.status !== 'succeeded') throw new Error(`Expected the job to succeed, got ${JSON.stringify(outcome)}`);
  return outcome;
}

/** The last line of each step, without what it took. */
async function course(name: string): Promise<object[]> {
  const lines = (await readFile(path.join(folder, name, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  const bySteps = new Map(lines.map((line) => JSON.parse(line) as MetricsLine).map((line) => [line.step, line]));
  return [...bySteps.values()]
    .sort((one, other) => one.step - other.step)
    .map(({ sampleSeconds: _1, rewardSeconds: _2, stepSeconds: _3, ...rest }) => rest);
}

const hasResult = (name: string) => existsSync(path.join(folder, name, 'result.json'));

test('an undisturbed job learns, and its checkpoint lies under its digest', async () => {
  const { checkpoint, steps, stopReason } = calm;
  expect({ steps, stopReason }).toEqual({ steps: STEPS, stopReason: 'maxSteps' });
  expect(checkpoint.uri).toBe(pathToFileURL(path.join(folder, 'checkpoints', 'calm', checkpoint.sha256)).href);
  expect(await checkpointDigest(path.join(folder, 'checkpoints', 'calm', checkpoint.sha256))).toBe(checkpoint.sha256);
  expect(checkpoint.sha256).not.toBe(await checkpointDigest(folderOf('rehearsal')));
});

test(
  'a job killed with -9 before its first state, between two states and at its last one ends in the same ' + 'bytes',
  async () => {
    const killAt = (wanted: number) => async (n: number, kill: (signal: NodeJS.Signals) => void) => {
      if (n < wanted) return;
      kill('SIGKILL');
      await sleep(100);
    };
    expect(await attempt('killed', 1, killAt(EVERY)).exit).toBe('SIGKILL');
    expect(await attempt('killed', 2, killAt(EVERY + 2)).exit).toBe('SIGKILL');
    const last = attempt('killed', 3);
    let ended = false;
    const exit = last.exit.finally(() => (ended = true));
    while (!ended && !existsSync(path.join(folder, 'killed', 'state', `checkpoint-${STEPS}`))) await sleep(2);
    last.kill('SIGKILL');
    expect(await exit).toBe('SIGKILL');
    expect(hasResult('killed')).toBe(false);

    expect(await attempt('killed', 4).exit).toBe(0);
    const { checkpoint, steps, attempt: number, reward, tokens } = await succeeded('killed');
    expect(checkpoint.sha256).toBe(calm.checkpoint.sha256);
    expect({ steps, number, reward, tokens }).toEqual({
      steps: STEPS,
      number: 4,
      reward: calm.reward,
      tokens: calm.tokens,
    });
    expect(await course('killed')).toEqual(await course('calm'));
  },
  600_000,
);

test(
  'a job asked to stop says it was preempted, keeps the step it had reached, and ends in the same bytes when it ' +
    'goes on',
  async () => {
    const waiting = attempt('preempted', 1, async (n, kill) => {
      if (n < EVERY + 2) return;
      kill('SIGTERM');
      await sleep(1000);
    });
    expect(await waiting.exit).toBe(0);
    expect(await result('preempted')).toEqual({
      status: 'preempted',
      jobKey: 'test/lap-0001/generator',
      attempt: 1,
      step: EVERY + 1,
    });

    expect(await attempt('preempted', 2).exit).toBe(0);
    const { checkpoint, reward, tokens } = await succeeded('preempted');
    expect({ checkpoint: checkpoint.sha256, reward, tokens }).toEqual({
      checkpoint: calm.checkpoint.sha256,
      reward: calm.reward,
      tokens: calm.tokens,
    });
    expect(await course('preempted')).toEqual(await course('calm'));
  },
  600_000,
);
