import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { domains } from '../../../domains/index.ts';
import { planLap, type LapPlan } from '../../../shared/cost/plan.ts';
import { placeIn, setIdOf } from '../../../shared/ids.ts';
import { ordersOf } from '../../../shared/lap/phases.ts';
import { sizesOf } from '../../../shared/lap/sizes.ts';
import { QUEUES } from '../../../shared/queues.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import { submitVerdict, claim } from '../../../shared/review/messages.ts';
import { QUESTIONS_PER_PART } from '../../../shared/review/reviewInput.ts';
import { bytesPerVerdict } from '../bytesPerVerdict.ts';
import type { Bench } from '../bench.ts';
import { labelInput } from '../labelInput.ts';
import { startInferenceWorld, type InferenceWorld } from '../../workflows/sets/inferenceWorld.ts';
import { sampleInput } from './fleetWorld.ts';
import { historiesOf, recordedHistories, type FiguresByType } from './histories.ts';

const LAPS = 10;
const WEEK_HOURS = 7 * 24;
/** Temporal warns at 10,240 events or 10 MiB of a history, and ends a workflow at 51,200 or 50 MiB. */
const WARNED = { events: 10_240, bytes: 10 * 2 ** 20 };
/** Seconds between the heartbeats of shards and of trainings, once they have run for a while. */
const BEAT_SECONDS = { shard: 20, training: 6 };
/** Of questions, as the plan assumes. */
const LEAD_SHARE = 0.1;
/** Of a text's token (shared/cost/disk.ts). */
const TOKEN_BYTES = 4;
/** What is run of each lap's questions to people: one part of a set, as many as a part has. */
const QUESTIONS = QUESTIONS_PER_PART;

/**
 * Ten laps' sets of preset `paper`, shard for shard, and a part of its questions to people, on a real Temporal server by
 * one worker; shards answer at once. What takes time or is too much to run (heartbeats, the other questions, texts) is
 * reckoned from that and from the plan.
 */
export const fleetWeek: Bench = {
  name: 'fleet-week',
  about:
    `${LAPS} laps at the paper's sizes: the longest history ÷ the length at which Temporal warns, by events or bytes; ` +
    'Actions, store and memory beside it; about five minutes',
  goal: '<= 0.5',
  met: (value) => value <= 0.5,
  takes: [],
  async run() {
    const { recipe, plan, sets } = paperLap();
    const world = await startInferenceWorld('workflows/index.ts', () => ({}), { workers: false });
    const worker = await startWorker(world);
    try {
      const began = performance.now();
      await Promise.all(
        Array.from({ length: LAPS }, async (_, lap) => {
          for (const set of sets) await runSet(world, recipe, `run-${lap}/lap-0001`, set);
        }),
      );
      const setSeconds = (performance.now() - began) / 1000;
      await askPeople(world, recipe);
      const workerPeakMiB = Math.round(
        Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${worker.pid}/status`, 'utf8'))?.[1]) / 1024,
      );
      const ran = await historiesOf(world.env.client);
      const recorded = await recordedHistories();
      for (const type of ran.keys()) recorded.delete(type);
      const longest = [...ran.values(), ...recorded.values()].map(({ mostEvents, mostBytes }) =>
        Math.max(mostEvents / WARNED.events, mostBytes / WARNED.bytes),
      );
      return {
        value: Math.max(...longest),
        detail: {
          laps: LAPS,
          table: `\n${tableOf(ran, recorded)}`,
          setsOfALap: sets.length,
          shardsOfALap: sets.reduce((sum, { rows }) => sum + Math.ceil(rows / recipe.inference.shardRows), 0),
          shardsRunASecond: Math.round(
            (LAPS * sets.reduce((sum, { rows }) => sum + Math.ceil(rows / recipe.inference.shardRows), 0)) / setSeconds,
          ),
          workerPeakMiB,
          actions: actionsOf(recipe, plan, ran, recorded),
          store: await storeOf(plan),
          server: 'shards answer at once: nothing is asked',
        },
      };
    } finally {
      worker.kill('SIGKILL');
      await world.stop();
    }
  },
};

interface SetSize {
  readonly kind: 'sample' | 'label';
  readonly name: string;
  readonly rows: number;
  readonly perRow: number;
}

/** A lap 1 of the preset: what it plans, and its sets. */
function paperLap() {
  const recipe = domains.presets['paper'] as Recipe;
  const domain = domains.of(recipe.domain.name);
  const plan = planLap(recipe, 1, domain);
  const sizes = sizesOf(recipe, domain.sizes(recipe.domain.settings, recipe.coldStart.problems));
  const sets = ordersOf({ recipe, turn: 1 }).flatMap(({ phase, orders }) =>
    orders.flatMap((order): SetSize[] => {
      if (order.kind !== 'sample' && order.kind !== 'label') return [];
      const perRow = order.kind === 'sample' ? order.perRow : 1;
      return [{ kind: order.kind, name: `${phase}/${order.name}`, rows: sizes[order.rows], perRow }];
    }),
  );
  return { recipe, plan, sets: sets.filter(({ rows }) => rows > 0) };
}

async function startWorker(world: InferenceWorld) {
  const bundle = path.join(world.store.root, 'workflows.js');
  const workflowsPath = path.resolve('workflows/index.ts');
  await writeFile(bundle, (await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') })).code);
  const worker = spawn(
    process.execPath,
    ['--import', 'tsx', 'test/bench/fleet/weekWorker.ts', world.env.address, world.store.root, bundle],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(worker.stdout, 'data');
  return worker;
}

async function runSet(world: InferenceWorld, { inference }: Recipe, lap: string, set: SetSize): Promise<void> {
  const { kind, name, rows: count, perRow } = set;
  const setId = setIdOf(placeIn(lap, name.split('/')[0] ?? ''), name.split('/')[1] ?? '');
  const rows = { uri: `datasets/${setId}-rows.jsonl`, sha256: 'a'.repeat(64), rows: count };
  const size = { n: 64, m: 16, k: 8, shardRows: inference.shardRows, window: inference.window };
  const input =
    kind === 'label'
      ? labelInput(world, setId, rows, size)
      : { ...sampleInput(world, setId, rows, inference), samplesPerRow: perRow };
  await world.env.client.workflow.execute(kind === 'label' ? 'labelSet' : 'sampleSet', {
    taskQueue: QUEUES.orchestrator,
    workflowId: setId,
    args: [input],
  });
}

/** A part of a set of questions, each answered by two people as at the desk. */
async function askPeople(world: InferenceWorld, { experts }: Recipe): Promise<void> {
  const { client } = world.env;
  const setId = 'run-0/lap-0001/cold-start/experts';
  const subject = await world.rows(QUESTIONS);
  const asked = { setId, kind: 'scoreProof', lap: 'run-0/lap-0001', subject, domain: 'proofs', experts: 'people' };
  const set = await client.workflow.start('reviewSet', {
    taskQueue: QUEUES.orchestrator,
    workflowId: setId,
    args: [{ ...asked, ...experts }],
  });
  const ids = Array.from({ length: QUESTIONS }, (_, row) => `${setId}/r${row}`);
  const answer = async (id: string): Promise<void> => {
    const review = client.workflow.getHandle(id);
    for (const annotator of ['ada', 'emmy']) {
      await isOpen(() => review.executeUpdate(claim, { args: [{ annotator }] }));
      await review.executeUpdate(submitVerdict, { args: [{ annotator, score: 1 }] });
    }
  };
  const next = ids.values();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const id of next) await answer(id);
    }),
  );
  await set.result();
}

/** The set opens its questions one after the other. */
async function isOpen(act: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await act();
      return;
    } catch (error) {
      if (tries === 600 || (error as Error).name !== 'WorkflowNotFoundError') throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** What Temporal Cloud would bill for all laps, in thousands. */
function actionsOf(recipe: Recipe, { total: { expected } }: LapPlan, ran: FiguresByType, recorded: FiguresByType) {
  const each = (all: FiguresByType, type: string): number => {
    const { actions = 0, runs = 1 } = all.get(type) ?? {};
    return actions / runs;
  };
  const questions = expected.verdicts / (recipe.experts.seats + LEAD_SHARE);
  const sets = ['sampleSet', 'labelSet'].reduce((sum, type) => sum + (ran.get(type)?.actions ?? 0), 0);
  const people = LAPS * questions * (each(ran, 'expertReview') + each(ran, 'reviewSet') / QUESTIONS);
  const own = LAPS * [...recorded.values()].reduce((sum, { actions }) => sum + actions, 0);
  const hours = (of: number): number => Math.min(of, WEEK_HOURS);
  const beats =
    ((LAPS * 3600) / BEAT_SECONDS.shard) * hours(expected.inferenceHours) * recipe.inference.window +
    ((LAPS * 3600) / BEAT_SECONDS.training) * hours(expected.trainingHours);
  const thousands = (actions: number): number => Math.round(actions / 1000);
  return {
    'sets (run)': thousands(sets),
    [`people (${Math.round(questions)} questions a lap, of which ${QUESTIONS} of one lap were run)`]: thousands(people),
    'laps, phases, trainings (recorded, smoke)': thousands(own),
    'heartbeats (reckoned: every slot of each window busy for as many hours as planned, a week at most)':
      thousands(beats),
    unit: 'thousands, of all laps',
  };
}

/** Sealed ledgers of what the sets are planned to answer. Checkpoints come on top. */
async function storeOf({ total: { expected } }: LapPlan) {
  const { value: share } = await bytesPerVerdict.run({});
  const bytes = expected.completionTokens * TOKEN_BYTES * share;
  return {
    gigabytesOfAnswersALap: Math.round(bytes / 1e9),
    gigabytesOfAllLaps: Math.round((LAPS * bytes) / 1e9),
    from: `planned tokens × ${TOKEN_BYTES} bytes × ${share.toFixed(2)} (bytes-per-verdict); checkpoints beside that`,
  };
}

function tableOf(ran: FiguresByType, recorded: FiguresByType): string {
  const rows = [
    ['workflow', 'runs', 'most events', 'most KiB', 'Actions a run', 'from'],
    ...[...ran].map(([type, figures]) => [type, figures, 'run here'] as const).map(cells),
    ...[...recorded].map(([type, figures]) => [type, figures, 'recorded, preset smoke'] as const).map(cells),
  ];
  return rows.map((row) => row.map((cell, at) => cell.padEnd(at === 0 ? 20 : 14)).join('')).join('\n');
}

const cells = ([type, { runs, mostEvents, mostBytes, actions }, from]: readonly [
  string,
  { readonly runs: number; readonly mostEvents: number; readonly mostBytes: number; readonly actions: number },
  string,
]): string[] => [
  type,
  String(runs),
  String(mostEvents),
  (mostBytes / 1024).toFixed(0),
  (actions / runs).toFixed(1),
  from,
];
