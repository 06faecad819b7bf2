import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { FileStore } from '../../activities/store/files.ts';
import type { Outcome } from '../../shared/outcomes.ts';
import type { TrainingRow } from '../../shared/records.ts';
import * as messages from '../../shared/review/messages.ts';
import { config } from '../../temporal.config.ts';
import { allOutcomes, lapWorld, type LapWorld } from '../lapWorld.ts';
import { answerAll } from '../people.ts';
import { STUB_DEFAULTS } from '../stub-server/options.ts';
import { startStub, type Stub } from '../stub-server/start.ts';
import { MARKS, STYLES, styleOf, type Style } from '../stub-server/thoughts.ts';

/**
 * Two laps of a team whose servers give what their model thinks in every style there is: one server by the marks of
 * most families, one by Mistral's, and both leave some thoughts without an end.
 */
const [FIRST, SECOND] = ['think/lap-0001', 'think/lap-0002'] as const;
const THOUGHT = 'Perhaps it holds.';
const STUB = {
  medianMs: 2,
  sigma: 0.3,
  confirms: 0.8,
  thinks: 1,
  thinksInVain: 0.15,
  thinksInField: 0.3,
  thinksBare: 0.3,
};
const stage = { maxSteps: 1, groupSize: 4, promptsPerStep: 4, maxPromptTokens: 2048, maxCompletionTokens: 48 };
const fields = {
  domain: {
    name: 'proofs',
    settings: { path: 'imports/problems.jsonl', validationShare: 0.25, heldOutShare: 0.15 },
    base: 'imports/base',
  },
  stages: { verifierV1: stage, metaVerifier: stage, verifierV2: stage, generator: stage, selfVerification: stage },
  consolidation: { maxPromptTokens: 2048, maxCompletionTokens: 1024 },
  inference: { engine: 'external' },
};

let stubs: Stub[];
let world: LapWorld;
let store: FileStore;
let exit: number;
let said: string;

beforeAll(async () => {
  stubs = [await startStub({ ...STUB, marks: 1 }), await startStub({ ...STUB, marks: 2 })];
  const endpoints = stubs.map(({ url }, index) => ({
    baseUrl: url,
    thinking: { ...MARKS[index + 1], promptOpens: true },
  }));
  world = await lapWorld({ FLYWHEEL_ENDPOINTS: JSON.stringify(endpoints) });
  store = new FileStore(world.path('store'));
  makeImports();
  const options = Object.entries(fields).flatMap(([name, value]) => ['--set', `${name}=${JSON.stringify(value)}`]);
  const command = world.start('lap', '--preset', 'smoke', '--run', 'think', '--laps', '2', ...options);
  exit = await answerAll(world, command.exit, answer);
  said = command.output();
}, 1_500_000);
afterAll(async () => {
  await world.dispose();
  await Promise.all(stubs.map((stub) => stub.kill()));
}, 180_000);

function makeImports(): void {
  const base = world.path('store', 'imports', 'base');
  execFileSync(
    config.python,
    [path.resolve('test', 'integration', 'byteBase.py'), path.join(config.root, 'prompts', 'paper'), base],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  // What trains and consolidates by itself has no prompt that opens the thinking.
  const { open, close } = MARKS[1];
  writeFileSync(path.join(base, 'thinking.json'), JSON.stringify({ open, close }));
  const problems = Array.from({ length: 24 }, (_, index) => ({
    id: `sum-${index}`,
    statement: `Prove that the sum of the first ${index + 2} odd numbers is ${index + 2}^2.`,
    topic: 'algebra',
    source: 'own',
  }));
  writeFileSync(
    store.path('imports/problems.jsonl'),
    problems.map((problem) => `${JSON.stringify(problem)}\n`).join(''),
  );
}

async function answer(client: Client, workflowId: string, number: number): Promise<void> {
  const review = client.workflow.getHandle(workflowId);
  const score = ([0, 1, 0.5] as const)[number % 3] ?? 1;
  for (const annotator of ['ada', 'emmy'])
    await review.executeUpdate(messages.submitVerdict, { args: [{ annotator, score }] });
}

const style = ({ seed }: Outcome): Style => styleOf(seed, { ...STUB_DEFAULTS, ...STUB }) ?? 'field';

test('both laps go through', () => {
  expect([exit, exit === 0 ? '' : said]).toEqual([0, '']);
});

test.each([FIRST, SECOND])('thoughts are kept beside the answers of %s, counted, and no part of them', (lap) => {
  const answered = allOutcomes(world, lap).filter(({ kind }) => kind === 'answered');
  expect(answered.length).toBeGreaterThan(100);
  for (const { text, thinking, usage } of answered) {
    expect(thinking).toContain(THOUGHT);
    expect(text).not.toMatch(/Perhaps it holds|think>|THINK\]/);
    expect(usage?.thinkingTokens).toBeGreaterThan(0);
  }
});

test.each([
  ['cutInField', 'truncated', 'length'],
  ['cutInText', 'truncated', 'length'],
  ['cutBare', 'truncated', 'length'],
  ['endless', 'unparseable', 'empty'],
  ['endlessBare', 'unparseable', 'empty'],
  ['swallowed', 'unparseable', 'empty'],
] as const)('a reply that is %s is %s for the cause %s, whatever its thoughts say', (lost, kind, cause) => {
  const outcomes = [FIRST, SECOND].flatMap((lap) => allOutcomes(world, lap)).filter((each) => style(each) === lost);
  expect(outcomes.length).toBeGreaterThan(3);
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ kind, cause, text: '' });
    expect(outcome).not.toHaveProperty('score');
    expect(outcome.thinking).toContain(THOUGHT);
    expect(outcome.reason).toMatch(/thinking/);
  }
});

test('every style came up, and a whole answer in each of them is one', () => {
  const outcomes = [FIRST, SECOND].flatMap((lap) => allOutcomes(world, lap));
  expect(new Set(outcomes.map(style))).toEqual(new Set(STYLES));
  for (const outcome of outcomes)
    expect([style(outcome), outcome.kind === 'answered']).toEqual([
      style(outcome),
      ['field', 'text', 'bare'].includes(style(outcome)),
    ]);
});

test('no thought stands in what is asked, judged or labelled', async () => {
  for await (const uri of store.list('datasets/')) {
    if (uri.includes('/consolidation/')) continue;
    expect([uri, (await store.readText(uri)).includes(THOUGHT)]).toEqual([uri, false]);
  }
});

test('the consolidation learns thoughts before answers, and no answer has one within', async () => {
  const rows = await store.readRows<TrainingRow>(world.manifest(SECOND).consolidation!.dataset);
  expect(rows.length).toBeGreaterThan(4);
  for (const { completion, prompt, thinking } of rows) {
    expect(thinking).toContain(THOUGHT);
    expect(JSON.stringify([completion, prompt])).not.toContain(THOUGHT);
  }
});
