import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { FileStore } from '../../activities/store/files.ts';
import { readOutcomes } from '../../activities/sets/outcomes.ts';
import type { DatasetRef, Problem, ScoredAnalysis, ScoredProof } from '../../shared/records.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { SubjectRow } from '../../activities/reviews/subjectRows.ts';
import type { Score } from '../../shared/scores.ts';
import { config } from '../../temporal.config.ts';
import { STAGE_NAMES } from '../../shared/stages.ts';
import * as messages from '../../shared/review/messages.ts';
import { allOutcomes, lapWorld, type LapWorld } from '../lapWorld.ts';
import { answerAll } from '../people.ts';
import { MARKS } from '../stub-server/thoughts.ts';
import { startStub, type Stub } from '../stub-server/start.ts';

/**
 * A team's road: its own problems, the prompts of production, people on two seats and a lead, models served by others,
 * no checker.
 */
const LAP = 'team/lap-0001';
const TOPICS = ['algebra', 'number theory', 'geometry', 'combinatorics', 'inequality'];
const problems: Problem[] = Array.from({ length: 24 }, (_, index) => ({
  id: `contest-${index}`,
  statement:
    `Let $n \\ge ${index + 1}$. Prove that $\\sum_{k=1}^{n} k = \\frac{n(n+1)}{2}$ and that no other polynomial of ` +
    'degree 2 does as well.',
  topic: TOPICS[index % TOPICS.length] ?? 'algebra',
  source: 'a contest',
}));
const stage = { maxSteps: 1, groupSize: 4, promptsPerStep: 4, maxPromptTokens: 2048, maxCompletionTokens: 48 };
/** As it lies in the team's folder, with its problems and base beside it. */
const recipe = `{
  // Small in every count; the rest is a team's.
  "preset": "smoke",
  "run": "team",
  "domain": {
    "name": "proofs",
    "settings": { "path": "./problems.jsonl", "validationShare": 0.25, "heldOutShare": 0.15 },
    "base": "./base",
  },
  "stages": ${JSON.stringify(Object.fromEntries(STAGE_NAMES.map((name) => [name, stage])))},
  // More valid analyses than most proofs get: some stay contested.
  "labelling": { "minValidAnalyses": 3 },
  // People see what the analyses of a contested proof report, after a score of their own.
  "annotation": "assisted",
  // What held-out proofs are worth to the verifier, and to people.
  "evaluation": { "proofsPerProblem": 4, "verdictsPerProof": 3, "humanProofs": 12 },
  "inference": { "engine": "external" },
  "endpoints": "./endpoints.json",
}`;

let stub: Stub;
let world: LapWorld;
let store: FileStore;
let exit: number;
let said: string;
/** What people did, by question. */
const given = new Map<string, { readonly disagreed: boolean; readonly flagged: boolean }>();
/** Questions whose second score was 0.5, with the first one where both people gave it. */
const assisted = new Map<string, Score | undefined>();
const refusals: string[] = [];
/** Workflows that the server's search attributes find while the first questions are open. */
let foundAs: number | undefined;

beforeAll(async () => {
  // Every way in which a model's answer can be useless comes up, and none of it is a score.
  stub = await startStub({
    medianMs: 2,
    sigma: 0.3,
    confirms: 0.8,
    unparseable: 0.04,
    truncated: 0.03,
    boxOfSeven: 0.02,
    broken: 0.02,
    thinks: 0.6,
  });
  world = await lapWorld();
  store = new FileStore(world.path('store'));
  const folder = world.path('my-team');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of [
    ['team.jsonc', recipe],
    ['problems.jsonl', problems.map((problem) => `${JSON.stringify(problem)}\n`).join('')],
    ['endpoints.json', JSON.stringify([{ baseUrl: stub.url, thinking: MARKS[0] }])],
  ] as const)
    writeFileSync(path.join(folder, name), text);
  execFileSync(
    config.python,
    [
      path.join(import.meta.dirname, 'byteBase.py'),
      path.join(config.root, 'prompts', 'paper'),
      path.join(folder, 'base'),
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const command = world.start('lap', '--recipe', path.join(folder, 'team.jsonc'));
  exit = await answerAll(world, command.exit, answer);
  said = command.output();
}, 1_500_000);
afterAll(async () => {
  await world.dispose();
  await stub.kill();
}, 180_000);

/** Two people on the seats and a lead. */
async function answer(client: Client, workflowId: string, number: number): Promise<void> {
  foundAs ??= await searched(client);
  const review = client.workflow.getHandle(workflowId);
  const [disagreed, flagged] = [number % 4 === 1, number % 13 === 7];
  given.set(workflowId, { disagreed, flagged });
  if (flagged) {
    for (const annotator of ['ada', 'emmy'])
      await review.executeUpdate(messages.flagProblem, { args: [{ annotator, reason: 'The second claim is false.' }] });
    return;
  }
  const score = ([0, 1, 0.5] as const)[number % 3] ?? 1;
  await review.executeUpdate(messages.claim, { args: [{ annotator: 'ada' }] });
  const first = await review.executeUpdate(messages.submitVerdict, {
    args: [{ annotator: 'ada', score, comment: 'Read twice.' }],
  });
  expect(
    await review.executeUpdate(messages.submitVerdict, { args: [{ annotator: 'ada', score, comment: 'Read twice.' }] }),
  ).toEqual(first);
  if (number % 5 === 0)
    await review
      .executeUpdate(messages.claim, { args: [{ annotator: 'ada' }] })
      .catch((error: Error) => refusals.push((error.cause as Error).message));
  await review.executeUpdate(messages.submitVerdict, {
    args: [{ annotator: 'emmy', score: disagreed ? (score === 1 ? 0 : 1) : score }],
  });
  if ((await review.query(messages.reviewProgress)).assisted) {
    assisted.set(workflowId, disagreed ? undefined : score);
    for (const annotator of ['ada', 'emmy'])
      await review.executeUpdate(messages.submitVerdict, { args: [{ annotator, score: 0.5, assisted: true }] });
    return;
  }
  if (!disagreed) return;
  expect((await review.query(messages.reviewProgress)).status).toBe('disagreement');
  await review.executeUpdate(messages.adjudicate, { args: [{ annotator: 'kurt', score: 0.5 }] });
}

async function searched(client: Client): Promise<number> {
  const attributes = { FlywheelLap: LAP, FlywheelRun: 'team', FlywheelPreset: 'smoke', FlywheelPhase: 'coldStart' };
  const query = Object.entries(attributes).map(([name, value]) => `${name} = "${value}"`);
  return (await client.workflow.count(query.join(' AND '))).count;
}

const read = <Row>(ref: DatasetRef): Promise<Row[]> => store.readRows<Row>(ref);

test('the lap goes through every phase', () => {
  expect([exit, exit === 0 ? '' : said]).toEqual([0, '']);
  expect(world.manifest(LAP).phases).toHaveLength(10);
});

test('while it ran it could be searched by its lap, run, preset and phase', () => {
  expect(foundAs).toBe(1);
});

test('what models thought is kept with their answers, and stands in nothing that was judged or asked', async () => {
  let thought = 0;
  for (const { thinking, text } of allOutcomes(world, LAP)) {
    if (thinking !== undefined) thought += 1;
    expect(text ?? '').not.toContain('Perhaps it holds.');
  }
  expect(thought).toBeGreaterThan(20);
  for await (const uri of store.list('datasets/'))
    expect([uri, (await store.readText(uri)).includes('Perhaps it holds.')]).toEqual([uri, false]);
});

test('the problems are the file’s, each in one split', async () => {
  const { train, validation, heldOut, next } = world.manifest(LAP).problems;
  expect([validation.rows, heldOut.rows, train.rows]).toEqual([6, 4, 14]);
  const split = (await Promise.all([train, validation, heldOut].map((ref) => read<Problem>(ref)))).flat();
  expect(
    split.sort((a, b) => problems.findIndex(({ id }) => id === a.id) - problems.findIndex(({ id }) => id === b.id)),
  ).toEqual(problems);
  expect(next.sha256).toBe(train.sha256);
});

/** Of a row's id: `contest-3` of `contest-3-r0-1`. */
const problemOf = (id: string): string => id.split('-').slice(0, 2).join('-');

test('D_v and D_mv hold what people said, adjudicated where they disagreed, and nothing that was flagged', async () => {
  const { proofScores, analysisScores, reviews } = world.manifest(LAP);
  const scored = (
    await Promise.all([...proofScores.train, proofScores.validation].map((ref) => read<ScoredProof>(ref)))
  ).flat();
  const judged = (
    await Promise.all(
      [...(analysisScores?.train ?? []), ...(analysisScores ? [analysisScores.validation] : [])].map((ref) =>
        read<ScoredAnalysis>(ref),
      ),
    )
  ).flat();
  for (const [rows, set] of [
    [scored, 'cold-start'],
    [judged, 'meta-data'],
  ] as const) {
    const asked = [...given].filter(([id]) => id.startsWith(`${LAP}/${set}/experts/`));
    const byId = new Map(asked.map(([id, did]) => [id.slice(id.lastIndexOf('/') + 1), did]));
    // Two who flag a question take its problem out, with what was said of its other proofs.
    const faulty = new Set([...byId].flatMap(([id, { flagged }]) => (flagged ? [problemOf(id)] : [])));
    expect(rows.map(({ id }) => id).sort()).toEqual([...byId.keys()].filter((id) => !faulty.has(problemOf(id))).sort());
    expect(rows.every(({ source }) => source === 'expert')).toBe(true);
    for (const row of rows)
      if (byId.get(row.id)?.disagreed) expect('quality' in row ? row.quality : row.score).toBe(0.5);
  }
  expect(reviews.reduce((sum, { flagged }) => sum + flagged, 0)).toBe(
    [...given.values()].filter(({ flagged }) => flagged).length,
  );
  expect(refusals.length).toBeGreaterThan(0);
  for (const reason of refusals) expect(reason).toMatch(/^Expected an annotator without a verdict on this question/);
});

test('what phase 4 adds is labelled automatically, or by people where it was contested', async () => {
  const { labels, proofScores } = world.manifest(LAP);
  const grown = await read<ScoredProof>(proofScores.grown);
  expect(labels.set.labels.total).toBe(labels.proofs.rows);
  expect(labels.set.labels.contested).toBeGreaterThan(0);
  expect(grown.filter(({ source }) => source === 'expert')).toHaveLength(labels.expert);
  expect(grown).toHaveLength(labels.set.labels.auto + labels.expert);
});

test('contested proofs are scored again with the analyses in view, and D_v keeps what people said before', async () => {
  const { labels, proofScores, reviews } = world.manifest(LAP);
  const rows = new Map((await read<ScoredProof>(proofScores.grown)).map((row) => [row.id, row]));
  expect(assisted.size).toBe(labels.expert);
  for (const [workflowId, first] of assisted) {
    const row = rows.get(workflowId.slice(workflowId.lastIndexOf('/') + 1));
    expect([row?.score, row?.firstScore, row && 'analyses' in row]).toEqual([0.5, first, false]);
  }
  const asked = reviews.find(({ setId }) => setId === `${LAP}/label/experts`);
  expect(asked?.verdicts).toBe(4 * assisted.size);
  const uri = `datasets/${LAP}/label/contested.jsonl`;
  const shown = (await store.readText(uri))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SubjectRow);
  expect(shown.length).toBeGreaterThanOrEqual(assisted.size);
  for (const { analyses = [] } of shown) {
    expect(analyses.length).toBeGreaterThan(0);
    expect(analyses.length).toBeLessThanOrEqual(8);
  }
});

test('each training is a real one: its rewards vary, and it changes the model', async () => {
  const { base, stages } = world.manifest(LAP);
  expect(new Set([base.sha256, ...stages.map(({ checkpoint }) => checkpoint.sha256)]).size).toBe(6);
  for (const { jobKey } of stages) {
    const rewards = readFileSync(store.path(`rewards/${jobKey}/rewards.jsonl`), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { answer: { status: string; reward?: number } }).answer);
    expect(new Set(rewards.map(({ reward }) => reward)).size).toBeGreaterThan(1);
  }
});

test('every call goes to the endpoints that the recipe’s engine names', async () => {
  expect(
    existsSync(world.path('run', 'servers'))
      ? readdirSync(world.path('run', 'servers')).filter((name) => name.endsWith('.json'))
      : [],
  ).toEqual([]);
  expect((await stub.stats()).answered).toBeGreaterThanOrEqual(allOutcomes(world, LAP).length);
});

test('useless answers are outcomes, and none of them is a score', async () => {
  const kinds = new Set(allOutcomes(world, LAP).map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual(['answered', 'truncated', 'unparseable']);
  for await (const outcome of readOutcomes(store, `${LAP}/label/verdicts`))
    if (outcome.kind !== 'answered') expect(outcome.score).toBeUndefined();
});

test(
  'the report measures verifiers and meta-verifiers by what people said of the validation split, and says what ' +
    'nobody can know',
  () => {
    const report = JSON.parse(readFileSync(store.path(`laps/${LAP}/report.json`), 'utf8')) as LapReport;
    const { proofScores, analysisScores } = world.manifest(LAP);
    expect(report.truth).toBe('experts');
    // Questions open in any order, and so any problem may be the one that is flagged: it may leave a split nothing.
    expect(report.verifier.v2?.scoreAccuracy?.n ?? 0).toBe(proofScores.validation.rows);
    expect(report.metaVerifier.accuracyAfter?.n ?? 0).toBe(analysisScores?.validation.rows);
    expect(proofScores.validation.rows + (analysisScores?.validation.rows ?? 0)).toBeGreaterThan(0);
    expect(report.generator.trueScoreAfter).toBeNull();
    expect(report.labels.precision).toBeNull();
    expect(report.notMeasured.map(({ reason }) => reason)).toContain(
      'no checker knows the true score of newly written proofs; what their judges say stands under `judged`',
    );
    expect(readFileSync(store.path(`laps/${LAP}/report.html`), 'utf8')).toContain('scores of the validation split');
  },
);

test("held-out proofs are judged by the lap's verifier and by people, each by name, and train nothing", async () => {
  const { judged } = JSON.parse(readFileSync(store.path(`laps/${LAP}/report.json`), 'utf8')) as LapReport;
  const { models, evaluation, proofScores, reviews } = world.manifest(LAP);
  const { verifier, people, quality } = judged ?? {};
  expect(verifier).toMatchObject({ by: models.verifier.sha256, verdictsPerProof: 3 });
  expect(verifier?.before?.n).toBeGreaterThan(8);
  expect(verifier?.after?.n).toBeGreaterThan(8);
  expect(quality?.by).toBe(models.metaVerifier?.sha256);
  const subject = await read<ScoredProof>(evaluation.judged!.people!);
  const asked = reviews.find(({ kind }) => kind === 'evaluateProof');
  expect(people).toMatchObject({ by: 'people', asked: subject.length, scored: asked?.scored, flagged: asked?.flagged });
  expect(subject.length).toBeGreaterThan(4);
  const learned = await Promise.all([...proofScores.train, proofScores.grown].map((ref) => read<ScoredProof>(ref)));
  const shown = new Set(subject.map(({ problem, proof }) => `${problem.id} ${proof}`));
  expect(learned.flat().filter(({ problem, proof }) => shown.has(`${problem.id} ${proof}`))).toEqual([]);
});
