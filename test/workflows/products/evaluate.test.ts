import { createProductActivities } from '../../../activities/products/activities.ts';
import { createReportActivities } from '../../../reports/activities.ts';
import type { OutcomeLine } from '../../../reports/products/evaluationReport.ts';
import type { EvaluationReport } from '../../../shared/products/evaluation.ts';
import type { EvaluateInput, EvaluateProgress, EvaluateResult } from '../../../shared/products/evaluationInput.ts';
import { modelKey, type Problem, type ScoredProof } from '../../../shared/records.ts';
import { QUEUES } from '../../../shared/queues.ts';
import type { Score } from '../../../shared/scores.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import { inferenceActivities, startInferenceWorld, type InferenceWorld } from '../sets/inferenceWorld.ts';

jest.setTimeout(120_000);

let stub: Stub;
let world: InferenceWorld;

beforeAll(async () => {
  stub = await startStub({ medianMs: 2, sigma: 0.2 });
  world = await startInferenceWorld(
    'test/workflows/products/evaluateWorkflows.ts',
    inferenceActivities(async (model) => [
      { baseUrl: 'endpoint' in model ? model.endpoint : stub.url, model: modelKey(model), maxConcurrency: 32 },
    ]),
    {
      orchestrator: (store) => ({
        ...createProductActivities({ store }),
        ...createReportActivities({ store, checkers: () => undefined }),
      }),
    },
  );
});
afterAll(async () => {
  await world.stop();
  await stub.kill();
});
beforeEach(() => stub.change({ issues: 0.4, unparseable: 0 }));

const problem = (id: string, topic: string): Problem => ({
  id,
  statement: `Show claim ${id}.`,
  topic,
  source: 'made up',
});
const PROBLEMS = [problem('p', 'algebra'), problem('q', 'algebra'), problem('r', 'geometry')];

async function graded(name: string, scores: readonly Score[]): Promise<string> {
  const rows = scores.map((score, index): Omit<ScoredProof, 'lap'> => ({
    id: `given-${index}`,
    problem: PROBLEMS[index % PROBLEMS.length] as Problem,
    proof: `Proof ${index}.`,
    model: index % 2 === 0 ? 'one' : 'other',
    score,
    source: 'given',
    grader: 'jury',
    grade: String(7 * score),
  }));
  return (await world.store.writeJsonl(`imports/proofs/${name}.jsonl`, rows)).uri;
}

const model = (name: string, revision?: string) => ({
  endpoint: stub.url,
  model: name,
  ...(revision !== undefined && { revision }),
});

async function evaluated(input: EvaluateInput, workflowId = `evaluate/${input.name}`) {
  const { env, store } = world;
  const handle = await env.client.workflow.start('evaluate', {
    taskQueue: QUEUES.orchestrator,
    workflowId,
    args: [input],
  });
  const result = (await handle.result()) as EvaluateResult;
  const progress = await handle.query<EvaluateProgress>('progress');
  const report = await store.readJson<EvaluationReport>(result.report);
  const lines: OutcomeLine[] = [];
  for await (const line of store.readJsonl<OutcomeLine>(await store.refOf(result.outcomes))) lines.push(line);
  return { result, progress, report, lines };
}

const asked = async (): Promise<number> => (await stub.stats()).requests;

test('a verifier is held against people’s grades by all n × m calls, once, and the report says who judged and who graded', async () => {
  const before = await asked();
  const input: EvaluateInput = {
    name: 'verifier',
    proofs: await graded('verifier', [1, 0, 0.5, 1, 0, 1]),
    verifier: model('v'),
    analyses: 4,
    metaAnalyses: 2,
  };
  const { report, lines, result, progress } = await evaluated(input);
  if (report.subject !== 'verifier') throw new Error('Expected the report of a verifier');
  const [found] = report.models;
  const issues = lines.flatMap(({ judged }) => judged[0]?.verdicts ?? []).filter((score) => score !== 1).length;
  expect(await asked()).toBe(before + 6 * 4 + 2 * issues);
  expect(found).toMatchObject({
    judge: 'v',
    metaJudge: 'v',
    n: 4,
    m: 2,
    spent: { calls: 24 + 2 * issues, cost: null },
  });
  expect(found?.losses).toMatchObject({ verify: { asked: 24 }, metaVerify: { asked: 2 * issues } });
  expect(report.truth).toMatchObject({ by: 'jury', proofs: 6, problems: 3, isBinary: false });
  // The figures are those of the lines.
  const right = lines.map(({ truth, judged }) => (judged[0]?.verdicts ?? []).filter((score) => score === truth).length);
  expect(found?.figures.accuracy?.value).toBeCloseTo(right.reduce((sum, each) => sum + each, 0) / 24);
  expect(lines[0]).toMatchObject({ id: 'given-0', problem: 'p', truth: 1, grade: '7', grader: 'jury' });
  expect(progress.sets).toEqual([
    expect.objectContaining({ rows: 6, rowsDone: 6, calls: 24 + 2 * issues, most: 72, state: 'done' }),
  ]);
  expect(await world.store.readText(result.page)).toContain('against the grades of jury');

  const again = await evaluated(input);
  expect(await asked()).toBe(before + 24 + 2 * issues);
  expect(again.report).toEqual(report);
});

test('two models are asked about the same proofs under the same seeds, and are compared problem by problem', async () => {
  const { report } = await evaluated({
    name: 'two',
    proofs: await graded('two', [1, 0, 1, 0, 1, 0, 1, 0, 1]),
    truth: { isBinary: true },
    verifier: model('v'),
    against: model('v', '2'),
    analyses: 4,
  });
  if (report.subject !== 'verifier') throw new Error('Expected the report of a verifier');
  expect(report.models.map(({ judge }) => judge)).toEqual([`v@1 of ${stub.url}`, `v@2 of ${stub.url}`]);
  // The stub answers by the seed alone.
  expect(report.differences?.accuracy).toMatchObject({ value: 0, shared: 3 });
  expect(report.models[0]?.figures).toEqual(report.models[1]?.figures);
});

test('a generator writes proofs of each problem, and the majority of a judge’s analyses says what they are worth, by topic', async () => {
  const { uri } = await world.store.writeJsonl('imports/problems/three.jsonl', PROBLEMS);
  const { report, lines, progress } = await evaluated({
    name: 'generator',
    subject: 'generator',
    problems: uri,
    generator: model('g'),
    verifier: model('referee'),
    proofsPerProblem: 3,
    analyses: 5,
  });
  if (report.subject !== 'generator') throw new Error('Expected the report of a generator');
  expect(report.by).toEqual({ kind: 'model', judge: 'referee', n: 5 });
  const [found] = report.models;
  expect(found).toMatchObject({ generator: 'g', problems: 3, answers: 9, spent: { calls: 9 + 45 } });
  expect(found?.byTopic.map(({ topic, problems }) => [topic, problems])).toEqual([
    ['algebra', 2],
    ['geometry', 1],
  ]);
  expect(found?.figures.score?.value).toBeCloseTo(
    lines.reduce((sum, { judged }) => sum + Number(judged[0]?.worth), 0) / lines.length,
  );
  expect(progress.sets.map(({ what, calls }) => [what, calls])).toEqual([
    ['proofs of g', 9],
    ['verdicts of referee on g', 45],
  ]);
});

test('answers without a proof count 0, and are told', async () => {
  await stub.change({ unparseable: 1 });
  const { uri } = await world.store.writeJsonl('imports/problems/three.jsonl', PROBLEMS);
  const { report } = await evaluated({
    name: 'none',
    subject: 'generator',
    problems: uri,
    generator: model('g'),
    verifier: model('referee'),
    proofsPerProblem: 2,
  });
  if (report.subject !== 'generator') throw new Error('Expected the report of a generator');
  expect(report.models[0]?.figures).toMatchObject({ score: { value: 0 }, withoutProof: { value: 1 }, lost: null });
});

test('of proofs that people have graded no model is asked, and who wrote them are told apart', async () => {
  const before = await asked();
  const { report } = await evaluated({
    name: 'people',
    subject: 'generator',
    proofs: await graded('people', [1, 0, 1, 0, 1, 0]),
  });
  if (report.subject !== 'generator') throw new Error('Expected the report of a generator');
  expect(await asked()).toBe(before);
  expect(report.by).toMatchObject({ kind: 'people', truth: { by: 'jury' } });
  expect(report.models.map(({ generator, figures }) => [generator, figures.score?.value])).toEqual([
    ['one', 1],
    ['other', 0],
  ]);
  expect(report.differences?.score).toMatchObject({ value: -1, shared: 3 });
});

test('a cap ends the asking with what there is, and under a greater one the same goes on without paying twice', async () => {
  const before = await asked();
  const input: EvaluateInput = {
    name: 'capped',
    proofs: await graded('capped', [1, 0, 0.5, 1, 0, 1]),
    verifier: model('v'),
    analyses: 4,
    concurrency: 1,
  };
  const capped = await evaluated({ ...input, caps: { calls: 10 } });
  expect(await asked()).toBe(before + 10);
  expect(capped.report.notes).toEqual(
    expect.arrayContaining([
      expect.stringContaining('at most 10 calls'),
      expect.stringMatching(/^v was asked all of \d of 6 proofs: its figures are of these$/),
    ]),
  );
  expect(capped.progress.sets[0]?.state).toBe('stopped');
  const whole = await evaluated({ ...input, caps: { calls: 100 } });
  expect(await asked()).toBe(before + 24);
  expect(whole.report.notes.filter((note) => note.includes('calls'))).toEqual([]);
});

test('cancelled on the way, the same input goes on: a call whose outcome was kept is not made again', async () => {
  await stub.change({ medianMs: 20 });
  const input: EvaluateInput = {
    name: 'cancelled',
    proofs: await graded(
      'cancelled',
      Array.from({ length: 600 }, (_, index) => (index % 2) as Score),
    ),
    verifier: model('v'),
    analyses: 2,
    concurrency: 8,
    seed: 7,
  };
  const { repeated, distinct } = await stub.stats();
  const handle = await world.env.client.workflow.start('evaluate', {
    taskQueue: QUEUES.orchestrator,
    workflowId: 'evaluate/cancelled',
    args: [input],
  });
  // Told after each shard.
  for (;;) {
    const { sets } = await handle.query<EvaluateProgress>('progress');
    if ((sets[0]?.calls ?? 0) > 0) break;
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow('cancelled');
  await stub.change({ medianMs: 2 });
  const { report } = await evaluated(input);
  const after = await stub.stats();
  expect(after.distinct - distinct).toBe(1200);
  expect(after.repeated - repeated).toBeLessThanOrEqual(8);
  expect(report.subject === 'verifier' && report.models[0]?.losses.verify.asked).toBe(1200);
});

test('an input that cannot be is refused in a sentence that names its field, and nothing is asked', async () => {
  const before = await asked();
  await expect(
    evaluated({ name: 'bad', proofs: 'imports/proofs/none.jsonl', verifier: model('v') }),
  ).rejects.toMatchObject({
    cause: {
      type: 'InvalidProduct',
      message: expect.stringContaining('proofs: expected a file of the store') as string,
    },
  });
  await expect(evaluated({}, 'evaluate/empty')).rejects.toMatchObject({
    cause: { message: expect.stringContaining('proofs: expected a file of the store with graded proofs') as string },
  });
  expect(await asked()).toBe(before);
});
