import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { FileStore } from '../../activities/store/files.ts';
import { modelKey, type TrainingRow } from '../../shared/records.ts';
import type { Job } from '../../shared/training/job.ts';
import { config } from '../../temporal.config.ts';
import { allOutcomes, lapWorld, type LapWorld } from '../lapWorld.ts';

/**
 * Two laps of a model that thinks before it answers, its prompts opening the thinking: served, rewarded, consolidated.
 */
const [FIRST, SECOND] = ['main/lap-0001', 'main/lap-0002'] as const;
const THOUGHT = 'It may be so';
let world: LapWorld;
let store: FileStore;
let exit: number;
let said: string;

beforeAll(async () => {
  world = await lapWorld();
  store = new FileStore(world.path('store'));
  execFileSync(
    config.python,
    [path.join(import.meta.dirname, 'thinkingBase.py'), await store.local('imports/thinking')],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const fields = ['domain.base="imports/thinking"', 'sampling.verify.maxThinkingTokens=16'];
  const options = fields.flatMap((field) => ['--set', field]);
  const command = world.start('lap', '--preset', 'implications-smoke', '--laps', '2', ...options);
  exit = await command.exit;
  said = command.output();
}, 1_500_000);
afterAll(() => world.dispose(), 60_000);

test('both laps go through', () => {
  expect([exit, exit === 0 ? '' : said]).toEqual([0, '']);
});

test.each([FIRST, SECOND])('every answer of %s has its thinking beside it and none within', (lap) => {
  const outcomes = allOutcomes(world, lap).filter(({ kind }) => kind === 'answered');
  expect(outcomes.length).toBeGreaterThan(100);
  for (const { text } of outcomes) expect(text).not.toMatch(/It may be so|think>/);
  const thought = outcomes.filter(({ thinking }) => thinking?.startsWith(THOUGHT));
  expect(thought.length / outcomes.length).toBeGreaterThan(0.8);
  for (const { usage } of thought) expect(usage?.thinkingTokens).toBeGreaterThan(0);
});

test('trainings are told how the model thinks, and reward its answers', async () => {
  const { stages } = world.manifest(FIRST);
  for (const { jobKey } of stages) {
    const job = await store.readJson<Job>(`jobs/${jobKey}/job-1.json`);
    expect(job.thinking).toMatchObject({ open: '<think>', close: '</think>' });
  }
  expect(Math.max(...stages.map(({ reward }) => reward.last))).toBeGreaterThan(0.2);
});

test('no thought stands in what is asked, judged or labelled', async () => {
  for await (const uri of store.list('datasets/')) {
    if (uri.includes('/consolidation/')) continue;
    expect([uri, (await store.readText(uri)).includes(THOUGHT)]).toEqual([uri, false]);
  }
});

test('the consolidation learns thinking with its answers, and the model that it makes still thinks', async () => {
  const { consolidation, parent } = world.manifest(SECOND);
  expect(parent).toBeDefined();
  const rows = await store.readRows<TrainingRow>(consolidation!.dataset);
  expect(rows.filter(({ thinking }) => thinking?.startsWith(THOUGHT)).length / rows.length).toBeGreaterThan(0.8);
  for (const { completion, prompt } of rows) expect(JSON.stringify([completion, prompt])).not.toContain(THOUGHT);
  const model = modelKey({ role: 'generator', checkpoint: consolidation!.checkpoint });
  const asked = allOutcomes(world, SECOND).filter((outcome) => outcome.model === model);
  const thought = asked.filter(({ thinking }) => thinking !== undefined);
  expect(thought.length).toBeGreaterThanOrEqual(asked.length * 0.8);
});
