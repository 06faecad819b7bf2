import type { Command } from 'commander';
import type { Cluster } from '../../activities/clusters/types.ts';
import { importModel } from '../../activities/imports/bases.ts';
import { importProblems } from '../../activities/imports/problems.ts';
import { baseFacts } from '../../activities/laps/baseFacts.ts';
import { splitOf } from '../../activities/laps/heldOut.ts';
import type { ReadLap } from '../../activities/laps/read.ts';
import { markFormat } from '../../activities/store/format.ts';
import { openPromptSet, pinned, promptSetNamed } from '../../activities/store/promptSets.ts';
import { bind, expectFit } from '../../activities/teaching/fit.ts';
import { learningRateFor } from '../../activities/teaching/learningRate.ts';
import type { Obedience } from '../../activities/teaching/obedience.ts';
import { teachFormat, type Taught, type TeachingNews } from '../../activities/teaching/teach.ts';
import type { Teaching } from '../../activities/teaching/types.ts';
import { projectEngines } from '../../activities/training/engines.ts';
import { prefixOf, RUN_NAME } from '../../shared/ids.ts';
import { meansOf } from '../../shared/recipe/means.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { TASKS, type Problem, type Task } from '../../shared/records.ts';
import { duration } from '../../reports/pages/format.ts';
import { config } from '../../temporal.config.ts';
import { configuredBases, configuredClusters, pythonOfTrainer } from '../../workers/configured.ts';
import { store } from '../../workers/store.ts';
import { Interruption } from '../interruption.ts';
import { chosenLap } from '../lap/lapOptions.ts';
import { LiveView } from '../lap/liveView.ts';
import { UsageError, wholeFrom } from '../usage.ts';

interface TeachOptions {
  readonly recipe?: string;
  readonly prompts?: string;
  readonly problems?: string;
  readonly rows: string;
  readonly steps?: string;
  readonly answerTokens?: string;
  readonly questions: string;
  readonly as?: string;
  readonly json?: boolean;
}

/** Most rows: a format is learned from a hundred. Ours. */
const MOST_ROWS = 1000;
/** Seconds after which a training that hangs is ended. Ours. */
const WALL_SECONDS = 24 * 3600;

export function registerBase(program: Command): void {
  program
    .command('base')
    .summary('bases that obey the formats')
    .command('teach-format')
    .summary('make a base that answers in the formats')
    .description(
      'Trains a base, by SFT on about a hundred short rows, to answer in the formats that laps read: worked ' +
        'examples,\n' +
        'and texts of its own that are given their titles, phrases and boxes. It learns the form and no ' +
        'mathematics.\n' +
        'Says how many answers obey before and after, and what a recipe calls the new base. After Ctrl-C or a kill ' +
        'the\nsame command goes on.',
    )
    .argument('<base>', 'a folder with a model, checkpoints/<sha256>, or a model of a hub (hf:org/name@revision)')
    .option('--recipe <file>', 'the recipe of the laps that will start from it: its prompts, problems, tasks and sizes')
    .option('--prompts <set>', "the prompt set that laps will ask by (default: the recipe's, else paper)")
    .option('--problems <file>', "what the base's own texts are about (default: the recipe's, else the examples')")
    .option('--rows <number>', 'rows in all, shared by the tasks', '100')
    .option('--steps <number>', 'steps of the training (default: one pass over the rows)')
    .option('--answer-tokens <number>', 'tokens that an answer may have (default: sampling.*.maxTokens, else 256)')
    .option('--questions <number>', 'questions of each task, before and after', '4')
    .option('--as <name>', 'what the teaching is called (default: by base and prompts)')
    .option('--json', 'print one JSON object')
    .action(teach);
}

async function teach(base: string, options: TeachOptions): Promise<void> {
  const rows = wholeFrom('--rows', options.rows, 2 * TASKS.length);
  if (rows > MOST_ROWS)
    throw new UsageError(
      `Expected --rows to be at most ${MOST_ROWS}, got ${rows}: a format needs about a hundred, and more of them ` +
        `teach ` +
        'the base to write like these few examples',
    );
  const steps = options.steps === undefined ? undefined : wholeFrom('--steps', options.steps, 1);
  const { answerTokens } = options;
  const maxTokens = answerTokens === undefined ? undefined : wholeFrom('--answer-tokens', answerTokens, 64);
  const questions = wholeFrom('--questions', options.questions, 1);
  const { as } = options;
  if (as !== undefined && !RUN_NAME.test(as))
    throw new UsageError(`Expected --as to be a name of small letters, digits and dashes, got ${JSON.stringify(as)}`);

  await markFormat(store);
  const lap = options.recipe === undefined ? undefined : await chosenLap({ recipe: options.recipe });
  const { checkpoint } = await inUsage(() => importModel(store, configuredBases(), base));
  const prompts = await inUsage(async () => {
    const named = options.prompts ?? lap?.recipe.domain.prompts ?? 'paper';
    return openPromptSet(store, await promptSetNamed(store, named));
  });
  const problems = await inUsage(() => problemsOf(options.problems, lap));
  const { uri: at, sha256 } = checkpoint;
  const { parameters } = await baseFacts({ files: store, prefix: prefixOf(at), sha256 });
  const clusters = configuredClusters();
  const teaching: Teaching = {
    name: as ?? `${sha256.slice(0, 12)}-${prompts.sha256.slice(0, 8)}`,
    base: checkpoint,
    tasks: lap === undefined ? TASKS : tasksOf(lap.recipe),
    prompts,
    problems,
    settings: (task) => {
      const asked = lap?.recipe.sampling[task] ?? { temperature: 1, topP: 1, maxTokens: 256 };
      return { ...asked, ...(maxTokens !== undefined && { maxTokens }) };
    },
    rows,
    steps,
    learningRate: learningRateFor(parameters),
    questions,
    means: await meansFor(lap, clusters),
  };

  await inUsage(async () => {
    await expectFit(teaching, store);
    await bind(teaching, store);
  });

  const interruption = new Interruption();
  const view = new LiveView(process.stderr);
  view.say(`${at}: ${(parameters / 1e6).toFixed(1)} M parameters, prompts ${pinned(prompts)}, as ${teaching.name}`);
  try {
    const taught = await teachFormat(teaching, {
      store,
      clusters,
      engines: projectEngines(config.python),
      speaker: pythonOfTrainer(),
      env: {},
      reward: config.rewardService,
      graceMs: 60_000,
      signal: interruption.signal,
      tell: (news) => show(view, news),
    });
    view.clear();
    if (options.json) console.log(JSON.stringify({ name: teaching.name, base: checkpoint, ...taught }));
    else console.log(summary(taught).join('\n'));
  } catch (error) {
    view.clear();
    if (!interruption.happened) throw error;
    console.error('Interrupted; what was made is kept, and the same command goes on.');
    interruption.exit();
  }
}

/** @throws UsageError with the message of whatever it throws. */
async function inUsage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Those of the file, else those that the recipe's first lap trains on: what it holds out is not looked at. */
async function problemsOf(file: string | undefined, lap: ReadLap | undefined): Promise<readonly Problem[] | undefined> {
  if (file !== undefined) {
    const { uri, sha256, count } = await importProblems(store, file);
    return store.readRows<Problem>({ uri, sha256, rows: count });
  }
  if (lap === undefined) return undefined;
  const { train } = await splitOf(store, lap.domain, lap);
  return 'uri' in train ? store.readRows<Problem>(train) : train;
}

/** The tasks that laps of a recipe ask. */
function tasksOf({ selfVerification, coldStart }: Recipe): Task[] {
  const others: Task[] = [selfVerification === 'self-analysis' ? 'selfRefine' : 'selfVerify'];
  if (coldStart.refinementRounds === 0) others.push('refine');
  return TASKS.filter((task) => !others.includes(task));
}

/** The recipe's, else the first cluster of the installation, with a GPU where it has one. */
async function meansFor(lap: ReadLap | undefined, clusters: readonly Cluster[]): Promise<Teaching['means']> {
  if (lap !== undefined) {
    const { cluster, maxAttempts, resources } = meansOf(lap.recipe, 'consolidation');
    return { cluster, maxAttempts, resources };
  }
  const [first] = clusters;
  if (first === undefined) throw new UsageError('Expected FLYWHEEL_CLUSTERS to name a cluster, got none');
  const { gpusPerNode } = await first.capacity();
  const resources = { nodes: 1, gpusPerNode: Math.min(1, gpusPerNode), wallSeconds: WALL_SECONDS };
  return { cluster: first.name, maxAttempts: 3, resources };
}

function show(view: LiveView, news: TeachingNews): void {
  switch (news.kind) {
    case 'texts':
      view.update(`${news.what}: ${news.done} of ${news.of}`, `${news.what} ${news.done}`);
      break;
    case 'before':
    case 'after':
      view.say(`${news.kind}: ${obedienceText(news.obedience)}`);
      break;
    case 'rows':
      view.say(
        `${news.rows} rows in ${duration(news.seconds)}` +
          (news.left > 0 ? `; of ${news.left} more the base wrote nothing usable` : ''),
      );
      break;
    case 'training': {
      const { step, maxSteps, stepSeconds, state } = news.progress;
      const pace = stepSeconds === undefined ? '' : `, ${stepSeconds.toFixed(1)} s a step`;
      view.update(`training: step ${step} of ${maxSteps}${pace} (${state})`, `training ${state} ${step}`);
    }
  }
}

const obedienceText = (all: readonly Obedience[]): string =>
  all.map(({ task, obeyed, asked }) => `${task} ${obeyed} of ${asked}`).join(', ');

function summary({ checkpoint, after, rows, outcome }: Taught): string[] {
  const faults = after.flatMap(({ task, faults }) =>
    Object.entries(faults).map(([fault, count]) => `  ${task}: ${fault} (${count})`),
  );
  return [
    `Taught in ${outcome.steps} steps on ${rows} rows, ${duration(outcome.seconds)}.`,
    ...(faults.length > 0 ? ['Answers that do not obey:', ...faults] : []),
    'In a recipe, under domain:',
    `  "base": "${checkpoint.uri}"`,
  ];
}
