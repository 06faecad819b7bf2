import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ApplicationFailure } from '@temporalio/common';
import type { Cluster } from '../../../../activities/clusters/types.ts';
import { checkpointDigest } from '../../../../activities/store/checkpoints.ts';
import { FileStore } from '../../../../activities/store/files.ts';
import { createTrainingActivities, type RunTrainingInput } from '../../../../activities/training/activities.ts';
import type { Engine } from '../../../../activities/training/engines.ts';
import { environment } from '../../../activities/training/fixture.ts';

const TOY = path.join(import.meta.dirname, 'toyTrainer.py');
const PYTHON = process.env['FLYWHEEL_TRAINER_PYTHON'] ?? 'python3';
const STEPS = 40;

const toy: Engine = {
  name: 'toy',
  command: (jobFile) => [PYTHON, TOY, jobFile],
  kinds: ['grpo', 'sft'],
  launch: 'one',
};

/** A line of `lives.jsonl`. */
interface Life {
  readonly attempt: number;
  readonly what: 'begins' | 'step' | 'saved' | 'ends';
  readonly step: number;
}

/** Trainings that are seen through while faults come, by watchers that are restarted as Temporal restarts them. */
export class Trainings {
  readonly store: FileStore;
  /** What a training came to that it should not. */
  readonly wrong: string[] = [];
  done = 0;
  attempts = 0;
  readonly #open: () => Cluster;
  readonly #watchers = new Map<string, ReturnType<typeof environment>>();
  #sha256 = '';

  constructor(folder: string, open: () => Cluster) {
    this.store = new FileStore(path.join(folder, 'store'));
    this.#open = open;
  }

  async prepare(): Promise<void> {
    const base = path.join(this.store.root, 'base');
    await mkdir(base, { recursive: true });
    await writeFile(path.join(base, 'config.json'), '{}');
    this.#sha256 = await checkpointDigest(base);
    await this.store.write(`checkpoints/${this.#sha256}/config.json`, '{}');
  }

  /** Sees one training through. What it came to is checked, whatever that is. */
  async run(number: number, wallSeconds: number): Promise<void> {
    const jobKey = `main/lap-${String(number).padStart(4, '0')}/consolidation`;
    try {
      const outcome = await this.#retried(jobKey, await this.#input(jobKey, wallSeconds));
      this.attempts += outcome.attempts;
      if (outcome.steps !== STEPS) this.wrong.push(`${jobKey}: ${outcome.steps} steps in place of ${STEPS}`);
    } catch (error) {
      this.wrong.push(`${jobKey}: failed: ${(error as Error).message}`);
      await sleep(5_000); // what fails at once would fail as often as it can
    }
    this.done += 1;
    await this.#check(jobKey);
  }

  /** Ends the watch of a training as the end of its worker does: another goes on with it. */
  restartWatcher(which: number): string {
    const keys = [...this.#watchers.keys()];
    const key = keys[Math.floor(which * keys.length)];
    if (key !== undefined) this.#watchers.get(key)?.shutDown();
    return key ?? 'none';
  }

  /** The trainers' processes, of whichever training. */
  async pids(): Promise<number[]> {
    const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args='], { maxBuffer: 64e6 });
    return stdout.split('\n').flatMap((line) => {
      const [, pid, args = ''] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
      const isOurs = args.startsWith(`${PYTHON} ${TOY} ${this.store.root}/`);
      return isOurs ? [Number(pid)] : [];
    });
  }

  async #retried(jobKey: string, input: RunTrainingInput) {
    for (;;) {
      const { activities } = this;
      const watcher = environment(jobKey);
      this.#watchers.set(jobKey, watcher);
      try {
        return await watcher.run(activities.runTraining, input);
      } catch (error) {
        if (error instanceof ApplicationFailure && error.nonRetryable === true) throw error;
        await sleep(500);
      } finally {
        this.#watchers.delete(jobKey);
      }
    }
  }

  /** Of a worker that knows nothing of the one before. */
  get activities() {
    return createTrainingActivities({
      store: this.store,
      clusters: [this.#open()],
      engines: [toy],
      env: { FLYWHEEL_REWARD_TOKEN: 'a secret of ours' },
      reward: { publicUrl: 'http://127.0.0.1:7300', tokenEnv: 'FLYWHEEL_REWARD_TOKEN' },
      graceMs: 5_000,
    });
  }

  async #input(jobKey: string, wallSeconds: number): Promise<RunTrainingInput> {
    const row = { itemId: 'a', task: 'prove', prompt: [{ role: 'user', content: 'x' }], completion: 'y', meta: {} };
    const write = () => this.store.writeJsonl(`datasets/${jobKey}.jsonl`, [row]);
    const ref = await untilDone(write);
    return {
      jobKey,
      kind: 'sft',
      engine: toy.name,
      engineOptions: {},
      initCheckpoint: { uri: `checkpoints/${this.#sha256}`, sha256: this.#sha256 },
      datasets: [{ role: 'examples', ref, weight: 1 }],
      hyper: {
        rowsPerStep: 1,
        maxSteps: STEPS,
        learningRate: 1e-3,
        warmupSteps: 0,
        maxPromptTokens: 10,
        maxCompletionTokens: 10,
        checkpointEverySteps: 4,
        seed: 1,
      },
      resources: { nodes: 1, gpusPerNode: 0, wallSeconds },
      cluster: this.#open().name,
      maxAttempts: 1_000,
    };
  }

  /** No two at once, nothing lost, and no end but the one. */
  async #check(jobKey: string): Promise<void> {
    const text = (file: string) => readFile(this.store.path(`jobs/${jobKey}/${file}`), 'utf8').catch(() => '');
    const lines = <T>(of: string) =>
      of.split('\n').flatMap((line) => {
        try {
          return line === '' ? [] : [JSON.parse(line) as T];
        } catch {
          return []; // torn, by a kill or a full disk
        }
      });
    const lives = lines<Life>(await text('lives.jsonl'));
    let latest = 0;
    for (const { attempt, what, step } of lives) {
      if (attempt < latest)
        this.wrong.push(`${jobKey}: attempt ${attempt} ${what} (${step}) after ${latest} had begun`);
      latest = Math.max(latest, attempt);
    }
    const begins = lives.filter(({ what }) => what === 'begins').map(({ attempt }) => attempt);
    if (new Set(begins).size !== begins.length) this.wrong.push(`${jobKey}: an attempt began twice: ${begins.join()}`);
    const steps = new Set(lines<{ step: number }>(await text('metrics.jsonl')).map(({ step }) => step));
    const absent = Array.from({ length: STEPS }, (_, index) => index + 1).filter((step) => !steps.has(step));
    if (absent.length > 0) this.wrong.push(`${jobKey}: steps ${absent.join(', ')} are in no line of metrics`);
    let saved = 0;
    for (const { attempt, what, step } of lives) {
      if (what === 'saved') saved = Math.max(saved, step);
      if (what === 'begins' && step < saved)
        this.wrong.push(`${jobKey}: attempt ${attempt} began at step ${step}, of ${saved} saved ones`);
    }
  }
}

/** A store that is full for a while takes it later. */
export async function untilDone<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch {
      await sleep(300);
    }
  }
}
