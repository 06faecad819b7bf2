import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { parse } from 'jsonc-parser';
import { FileStore } from '../../activities/store/files.ts';
import { placeOf } from '../../shared/ids.ts';
import type { GrownDataset } from '../../shared/lap/manifest.ts';
import type { Problem, ScoredAnalysis, ScoredProof } from '../../shared/records.ts';
import * as messages from '../../shared/review/messages.ts';
import type { MetricsLine } from '../../shared/training/job.ts';
import { openWorld } from '../activities/inference/world.ts';
import { allOutcomes, attemptsOf, lapWorld, until, type LapWorld } from '../lapWorld.ts';
import { answerAll } from '../people.ts';
import { figuresOf } from './realModel/figures.ts';
import { openai, transformersServe } from './realModel/othersEngine.ts';
import { smolBase } from './realModel/packages.ts';
import { SIZES } from './realModel/sizes.ts';

/**
 * A language model of 135 M parameters takes a team's first lap: a folder of `init`, a base that was taught the
 * formats, two annotators and a lead, no checker, and everything killed with -9 in the middle of a training.
 */
const LAP = 'main/lap-0001';
const KILLED_IN = 'generator';
const at = mkdtempSync(path.join(tmpdir(), 'flywheel-smol-'));
const model = smolBase(path.join(at, 'base'));
const others = openai();

let world: LapWorld;
let store: FileStore;
const exits: number[] = [];
let said: string;
/** Seconds of what was done, in order. */
const took: Record<string, number> = {};

async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const began = Date.now();
  try {
    return await work();
  } finally {
    took[name] = (Date.now() - began) / 1000;
  }
}

/** Runs `flywheel …` to its end; what it printed. */
async function flywheel(...args: string[]): Promise<string> {
  const command = world.start(...args);
  const exit = await command.exit;
  if (exit !== 0) throw new Error(`flywheel ${args[0]} ended with ${exit}:\n${command.output()}`);
  return command.output();
}

async function prepare(folder: string): Promise<string> {
  const team = path.join(at, 'team');
  const problems = path.join(import.meta.dirname, 'realModel', 'problems.csv');
  const people = ['--people', '2', '--hours-per-week', '2', '--weeks', '3'];
  await timed('init', () => flywheel('init', team, '--base', folder, '--problems', problems, ...people));
  const recipe = path.join(team, 'team.jsonc');
  const { domain, ...given } = parse(readFileSync(recipe, 'utf8')) as { domain: object };
  const write = (base?: string) =>
    writeFileSync(recipe, JSON.stringify({ ...given, ...SIZES, domain: { ...domain, ...(base && { base }) } }));
  write();
  const taught = await timed('teach-format', () =>
    flywheel('base', 'teach-format', folder, '--recipe', recipe, '--rows', '90', '--questions', '2'),
  );
  process.stderr.write(taught);
  const [base] = /checkpoints\/[0-9a-f]{64}/.exec(taught.slice(taught.indexOf('In a recipe'))) ?? [];
  write(base);
  return recipe;
}

const rewardsOf = (jobKey: string): string => store.path(`rewards/${jobKey}/rewards.jsonl`);

beforeAll(async () => {
  if ('missing' in model) return;
  world = await lapWorld();
  store = new FileStore(world.path('store'));
  const recipe = await prepare(model.folder);
  await timed('lap', async () => {
    const first = world.start('lap', '--recipe', recipe);
    const answered = answerAll(world, first.exit, answer);
    let ended = false;
    void answered.catch(() => undefined).then(() => (ended = true));
    await until(() => ended || existsSync(rewardsOf(placeOf(LAP, KILLED_IN))));
    if (ended) throw new Error(`The lap ended (${await answered}) before it could be killed:\n${first.output()}`);
    process.kill(first.pid, 'SIGKILL');
    await world.killEverything();
    exits.push(await answered);
    const again = world.start('lap', '--recipe', recipe);
    exits.push(await answerAll(world, again.exit, answer));
    said = again.output();
  });
}, 2_700_000);
afterAll(async () => {
  await world?.dispose();
  rmSync(at, { recursive: true, force: true });
}, 180_000);

/** Two people on the seats, and a lead where they differ. */
async function answer(client: Client, workflowId: string, number: number): Promise<void> {
  const review = client.workflow.getHandle(workflowId);
  const score = ([0, 1, 0.5] as const)[number % 3] ?? 1;
  const differ = number % 4 === 1;
  await review.executeUpdate(messages.submitVerdict, { args: [{ annotator: 'ada', score }] });
  const other = differ ? (score === 1 ? 0 : 1) : score;
  await review.executeUpdate(messages.submitVerdict, { args: [{ annotator: 'emmy', score: other }] });
  if (differ) await review.executeUpdate(messages.adjudicate, { args: [{ annotator: 'kurt', score }] });
}

const suite = 'missing' in model ? describe.skip : describe;

suite(`a real language model${'missing' in model ? ` (${model.missing})` : ''}`, () => {
  test('goes through every phase of a lap, which goes on after everything was killed', () => {
    expect([exits, exits[1] === 0 ? '' : said]).toEqual([[-1, 0], '']);
    const { phases, stages } = world.manifest(LAP);
    expect(phases.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['coldStart', 'scaleVerification', 'evaluation']),
    );
    expect(attemptsOf(world, stages.find(({ name }) => name === KILLED_IN)?.jobKey ?? '')).toBe(2);
    process.stderr.write(figuresOf(world, LAP, took));
  });

  test('writes proofs and analyses that can be read', () => {
    const answered = allOutcomes(world, LAP).filter(({ kind }) => kind === 'answered');
    expect(new Set(answered.map(({ task }) => task))).toEqual(
      new Set(['prove', 'refine', 'selfVerify', 'verify', 'metaVerify']),
    );
  });

  test('is scored by two people, with every score there is', async () => {
    const { proofScores, analysisScores } = world.manifest(LAP);
    const rows = async <Row>(refs: GrownDataset) =>
      (await Promise.all([...refs.train, refs.validation].map((ref) => store.readRows<Row>(ref)))).flat();
    const scored = await rows<ScoredProof>(proofScores);
    expect(new Set(scored.map(({ score }) => score))).toEqual(new Set([0, 0.5, 1]));
    const judged = await rows<ScoredAnalysis>(analysisScores!);
    expect(judged.length).toBeGreaterThan(1);
    for (const { source } of [...scored, ...judged]) expect(source).toBe('expert');
  });

  test('learns in each training: a group has spread, items are scored, and its weights change', async () => {
    const { base, stages } = world.manifest(LAP);
    expect(new Set([base.sha256, ...stages.map(({ checkpoint }) => checkpoint.sha256)]).size).toBe(6);
    for (const { name, jobKey } of stages) {
      const lines = readFileSync(store.path(`jobs/${jobKey}/metrics.jsonl`), 'utf8')
        .trim()
        .split('\n');
      const flat = lines.map((line) => (JSON.parse(line) as MetricsLine).flatGroupShare ?? 1);
      expect([name, Math.min(...flat) < 1]).toEqual([name, true]);
      const answers = readFileSync(rewardsOf(jobKey), 'utf8');
      expect([name, answers.includes('"status":"scored"')]).toEqual([name, true]);
    }
  });

  ('missing' in others ? test.skip : test)(
    `is served by others' engine${'missing' in others ? ` (${others.missing})` : ''}: its generator writes the ` +
      'held-out proofs of an evaluation through `command`',
    async () => {
      if ('missing' in others) return;
      const { models, problems, prompts, recipe } = world.manifest(LAP);
      const { engine, stop } = transformersServe(world, others.folder);
      const asking = await openWorld({
        root: world.path('store'),
        resolve: (asked) => engine.ensure(asked),
        verify: true,
      });
      const asked = await store.readRows<Problem>(problems.heldOut);
      const rows = await store.writeJsonl(
        'others/held-out.jsonl',
        asked.map((problem) => ({ id: problem.id, problem })),
      );
      const generator = { role: 'generator', checkpoint: models.generator } as const;
      const set = { setId: 'others/evaluation', rows, task: 'prove', model: generator, prompts } as const;
      await asking.sample({ ...set, samplesPerRow: 1, sampling: recipe.sampling.prove, seed: 1 });
      const outcomes = await asking.outcomes(set.setId);
      await asking.close();
      await stop();
      expect(outcomes).toHaveLength(asked.length);
      for (const outcome of outcomes) expect(['answered', 'unparseable', 'truncated']).toContain(outcome.kind);
    },
    600_000,
  );
});
