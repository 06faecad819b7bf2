import { randomUUID } from 'node:crypto';
import { prefixOf, uri } from '../../shared/ids.ts';
import type { CheckpointRef, DatasetRef, Task } from '../../shared/records.ts';
import { seedOf } from '../../shared/seeds.ts';
import type { HyperOf } from '../../shared/training/job.ts';
import { isFailure } from '../failure.ts';
import { clusterFor } from '../clusters/registry.ts';
import type { Cluster } from '../clusters/types.ts';
import { madeBy } from '../store/made.ts';
import { checkpointThinking } from '../store/thinking.ts';
import { workedExamples, type WorkedExample } from '../store/workedExamples.ts';
import { engineFor, type Engine } from '../training/engines.ts';
import { JobFolder } from '../training/jobFolder.ts';
import { runJob, stopJob, type TrainingMeans } from '../training/run.ts';
import type { RunTrainingInput, TrainingOutcome, TrainingProgress } from '../training/types.ts';
import { placeOf } from './fit.ts';
import { obedienceOf, type Obedience } from './obedience.ts';
import { OwnTexts, type Ask, type Speaker } from './ownTexts.ts';
import type { Teaching } from './types.ts';
import { interleaved, lessonRows, type RowsByTask, type TaskSettings } from './rows.ts';

export interface TeachingMeans extends TrainingMeans {
  readonly clusters: readonly Cluster[];
  readonly engines: readonly Engine[];
  readonly speaker: Speaker;
  readonly signal: AbortSignal;
  readonly tell: (news: TeachingNews) => void;
}

export type TeachingNews =
  | { readonly kind: 'texts'; readonly what: string; readonly done: number; readonly of: number }
  | { readonly kind: 'before' | 'after'; readonly obedience: readonly Obedience[] }
  | { readonly kind: 'rows'; readonly rows: number; readonly left: number; readonly seconds: number }
  | { readonly kind: 'training'; readonly progress: TrainingProgress };

export interface Taught {
  readonly checkpoint: CheckpointRef;
  readonly before: readonly Obedience[];
  readonly after: readonly Obedience[];
  readonly rows: number;
  readonly outcome: TrainingOutcome;
}

/** Rows of a step, all of one task: they begin alike, and that is read once. Ours. */
export const ROWS_PER_STEP = 6;
/** Steps in which the learning rate rises. Ours. */
const WARMUP = 2;

/**
 * Teaches a base the formats in which laps read answers. What was done before a kill is not done again: texts, rows and
 * the training's last state are kept under the name.
 */
export async function teachFormat(teaching: Teaching, means: TeachingMeans): Promise<Taught> {
  const { base, tasks } = teaching;
  const { store, tell } = means;
  const examples = await workedExamples();
  const { of: thinking } = await checkpointThinking(store, prefixOf(base.uri));
  const settings = (task: Task): TaskSettings => {
    const asked = teaching.settings(task);
    return { ...asked, thinking: thinking(asked.templateKwargs) };
  };

  const ask = (who: OwnTexts) => obedience(who, { teaching, means, examples, settings });
  const own = await OwnTexts.of(store, base.uri, textsOf(teaching.name, base), means.speaker);
  let before: readonly Obedience[];
  let byTask: RowsByTask;
  try {
    before = await ask(own);
    tell({ kind: 'before', obedience: before });
    const began = Date.now();
    const problems = teaching.problems ?? examples.prove.map(({ problem }) => problem);
    const perTask = Math.ceil(teaching.rows / tasks.length);
    byTask = await lessonRows({
      tasks,
      perTask,
      prompts: teaching.prompts,
      examples,
      problems,
      settings,
      write: (asks, what) => own.write(asks, means.signal, (done, of) => tell({ kind: 'texts', what, done, of })),
    });
    const rows = Object.values(byTask).flat().length;
    tell({ kind: 'rows', rows, left: perTask * tasks.length - rows, seconds: (Date.now() - began) / 1000 });
  } finally {
    await own.close();
  }

  const { datasets, rows } = await writeRows(teaching, byTask, means);
  const outcome = await train(teaching, datasets, rows, means);
  const { checkpoint } = outcome;
  const taught = await OwnTexts.of(store, checkpoint.uri, textsOf(teaching.name, checkpoint), means.speaker);
  try {
    const after = await ask(taught);
    tell({ kind: 'after', obedience: after });
    return { checkpoint, before, after, rows, outcome };
  } finally {
    await taught.close();
  }
}

const textsOf = (name: string, { sha256 }: CheckpointRef) =>
  uri.dataset(placeOf(name), `own-texts-${sha256.slice(0, 12)}`);

interface Asking {
  readonly teaching: Teaching;
  readonly means: TeachingMeans;
  readonly examples: Readonly<Record<Task, readonly WorkedExample[]>>;
  readonly settings: (task: Task) => TaskSettings;
}

/** Asks each task's questions as laps will: of the examples, those first that rows are made of last. */
async function obedience(who: OwnTexts, { teaching, means, examples, settings }: Asking): Promise<Obedience[]> {
  const asks = teaching.tasks.flatMap((task) => {
    const asked = interleaved(examples[task]).toReversed();
    const { maxTokens, maxThinkingTokens = 0, temperature, topP, templateKwargs } = settings(task);
    return Array.from({ length: teaching.questions }, (_, at): Ask => ({
      id: `${task}/question/${at}`,
      messages: teaching.prompts.render(task, (asked[at % asked.length] as WorkedExample).values),
      maxTokens: maxTokens + maxThinkingTokens,
      temperature,
      topP,
      seed: seedOf('obedience', task, at),
      ...(templateKwargs && { templateKwargs }),
    }));
  });
  const told = (done: number, of: number) => means.tell({ kind: 'texts', what: 'answers', done, of });
  const answers = await who.write(asks, means.signal, told);
  return teaching.tasks.map((task, at) => {
    const [from, to] = [at * teaching.questions, (at + 1) * teaching.questions];
    return obedienceOf(task, answers.slice(from, to), settings(task).thinking);
  });
}

async function writeRows({ name, base, prompts }: Teaching, byTask: RowsByTask, { store }: TeachingMeans) {
  const own = textsOf(name, base);
  const from = (await store.stat(own)) === undefined ? undefined : await store.refOf(own);
  const made = madeBy('teachFormat', { base, prompts, 'own texts': from });
  const datasets: { readonly role: string; readonly ref: DatasetRef; readonly weight: number }[] = [];
  for (const [role, rows] of Object.entries(byTask)) {
    if (rows.length === 0) continue;
    datasets.push({ role, ref: await store.writeJsonl(uri.dataset(placeOf(name), role), rows, made), weight: 1 });
  }
  return { datasets, rows: datasets.reduce((sum, { ref }) => sum + ref.rows, 0) };
}

/** The rows' own training. Ctrl-C has it save its state; the next command with this name goes on from there. */
async function train(
  { name, base, steps, learningRate, means: { cluster: clusterName, ...means }, settings, tasks }: Teaching,
  datasets: RunTrainingInput['datasets'],
  rows: number,
  { store, env, reward, graceMs, clusters, engines, signal, tell }: TeachingMeans,
): Promise<TrainingOutcome> {
  const templateKwargs = Object.fromEntries(
    tasks.flatMap((task) => {
      const { templateKwargs: told } = settings(task);
      return told === undefined ? [] : [[task, told]];
    }),
  );
  const hyper: HyperOf<'sft'> = {
    maxSteps: steps ?? Math.ceil(rows / ROWS_PER_STEP),
    learningRate,
    warmupSteps: WARMUP,
    rowsPerStep: ROWS_PER_STEP,
    // Longer ones were refused before.
    maxPromptTokens: 1_000_000,
    maxCompletionTokens: 1_000_000,
    checkpointEverySteps: 5,
    seed: seedOf('teach', base.sha256),
  };
  const input: RunTrainingInput = {
    ...means,
    kind: 'sft',
    jobKey: placeOf(name),
    engine: 'small',
    engineOptions: { stepsOfOneDataset: true },
    ...(Object.keys(templateKwargs).length > 0 && { templateKwargs }),
    initCheckpoint: base,
    datasets,
    cluster: clusterName,
    hyper,
  };
  const folder = new JobFolder(store, input.jobKey);
  const cluster = await clusterFor(clusters, clusterName, input.resources);
  folder.job(input, 1, reward);
  await folder.bind(input).catch((error: unknown) => {
    if (!isFailure('JobConflict', error)) throw error;
    throw new Error(`${error.message.replace(/: .*/s, '')}: give this teaching a name of its own with --as`);
  });
  const heartbeat = (progress: TrainingProgress) => tell({ kind: 'training', progress });
  const engine = engineFor(engines, input.engine, input.kind);
  const context = { store, env, reward, graceMs, cluster, folder, engine, signal, heartbeat };
  try {
    return await runJob(input, { ...context, execution: `teach-format/${randomUUID()}` });
  } catch (error) {
    if (signal.aborted) await stopped(folder, cluster, graceMs);
    throw error;
  }
}

/** As when the project stops: what it has learned is saved, and the attempt does not count. */
async function stopped(folder: JobFolder, cluster: Cluster, graceMs: number): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const job = (await folder.submission(attempt)) ?? (await cluster.find(folder.jobKey, attempt));
    if (!job) return;
    if ((await cluster.state(job)).kind !== 'gone') await stopJob(folder, cluster, job, 'stop', graceMs);
  }
}
