import path from 'node:path';
import type { Workflow } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { smoke } from '../../../domains/rehearsal/presets.ts';
import type { EvaluationSet } from '../../../shared/lap/manifest.ts';
import type { DatasetRef } from '../../../shared/records.ts';
import { findTemporalCli } from '../../../workers/stack/temporalCli.ts';
import type { judgeHeldOut } from './judgeHeldOut.ts';
import type { measureHeldOut } from './measureHeldOut.ts';

jest.setTimeout(60_000);

const rows = { uri: 'datasets/rows.jsonl', sha256: '', rows: 1 };
const checkpoint = (name: string) => ({ uri: `checkpoints/${name}`, sha256: name });

let env: TestWorkflowEnvironment;
let bundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const workflowsPath = path.resolve('test/workflows/lap/judgeHeldOut.ts');
  bundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  env = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path: await findTemporalCli() } },
  });
});
afterAll(() => env.teardown());

/** Runs one workflow of a file, with FAKES of what writes to the store. */
async function run<Kind extends Workflow>(name: string, activities: object, args: readonly unknown[]) {
  const taskQueue = `${name}-${args.length}-${JSON.stringify(args).length}`;
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    workflowBundle: bundle,
    activities: { buildProblemRows: async () => rows, ...activities },
  });
  return worker.runUntil(
    env.client.workflow.execute<Kind>(name, {
      taskQueue,
      workflowId: taskQueue,
      workflowExecutionTimeout: '30 seconds',
      args: args as never,
    }),
  );
}

const laterLap = (evaluation: object, sets: readonly EvaluationSet[] = []) => ({
  lap: 'main/lap-0002',
  turn: 2,
  seed: 1,
  recipe: {
    ...smoke,
    evaluation: { ...smoke.evaluation, greedy: false, ...evaluation },
    domain: { ...smoke.domain, checker: 'none' },
  },
  problems: { heldOut: rows },
  base: checkpoint('generator'),
  parent: { evaluation: { proofs: rows, sets } },
});

test('what experts of lap 1 were not asked about is not measured in a later lap, nor waited for', async () => {
  const opened = laterLap({}); // lap 1 went without meta-verification
  const measured = await run<typeof measureHeldOut>('measureHeldOut', {}, [opened]);
  expect(measured).toEqual({ evaluation: { proofs: rows, sets: [] }, sets: [], reviews: [] });
});

describe('held-out answers', () => {
  const inherited: EvaluationSet[] = [
    { subject: 'selfVerification', model: 'parent', decoding: 'sampled', setId: 'main/lap-0001/evaluation/final' },
  ];
  const judges = { verifier: checkpoint('verifier'), metaVerifier: checkpoint('metaVerifier') };
  const dataset = (name: string): DatasetRef => ({ uri: name, sha256: name, rows: 7 });
  const asked: { written?: { sets: EvaluationSet[] }; people?: object } = {};
  const activities = {
    collectWritten: async (input: { sets: EvaluationSet[] }) => {
      asked.written = input;
      return dataset('written');
    },
    collectRated: async () => dataset('rated'),
    chooseForPeople: async (input: object) => {
      asked.people = input;
      return dataset('people');
    },
  };
  const judge = (evaluation: object, by: object = judges, more: object = {}) =>
    run<typeof judgeHeldOut>('judgeHeldOut', { ...activities, ...more }, [laterLap(evaluation, inherited), by]);

  test("are judged by the lap's own verifier, the parent's generator's with them, and by people", async () => {
    const { evaluation, reviews, told } = await judge({ verdictsPerProof: 8, humanProofs: 5 });
    const at = 'main/lap-0002/evaluation';
    expect(asked.written?.sets.map(({ model }) => model).sort()).toEqual(['generator', 'parent', 'selfVerification']);
    expect(evaluation.judged).toEqual({
      written: dataset('written'),
      verdicts: { by: judges.verifier, setId: `${at}/verdicts` },
      rated: { by: judges.metaVerifier, setId: `${at}/qualities`, analyses: dataset('rated') },
      people: dataset('people'),
    });
    expect(told).toContain('8 × verify of written by checkpoints/verifier');
    expect(told).toContain('1 × metaVerify of rated by checkpoints/metaVerifier');
    expect(asked.people).toMatchObject({ written: dataset('written'), verdicts: `${at}/verdicts`, count: 5 });
    expect(reviews).toEqual([expect.objectContaining({ setId: `${at}/people`, kind: 'evaluateProof', scored: 7 })]);
  });

  test('are seen by people where no verifier is asked', async () => {
    const { evaluation, reviews } = await judge({ humanProofs: 5 });
    expect(evaluation.judged).toEqual({ written: dataset('written'), people: dataset('people') });
    expect(reviews).toHaveLength(1);
  });

  test('are rated by no meta-verifier where a lap has none', async () => {
    const { evaluation, reviews } = await judge({ verdictsPerProof: 8 }, { verifier: judges.verifier });
    expect(Object.keys(evaluation.judged ?? {})).toEqual(['written', 'verdicts']);
    expect(reviews).toEqual([]);
  });

  test('are judged by nobody where there is no proof', async () => {
    const nothing = async () => ({ ...dataset('none'), rows: 0 });
    const { evaluation, told, reviews } = await judge(
      { verdictsPerProof: 8, humanProofs: 5 },
      { verifier: judges.verifier },
      { collectWritten: nothing, chooseForPeople: nothing },
    );
    expect(evaluation.judged?.verdicts).toBeUndefined();
    expect(told.some((text) => text.includes('verify of'))).toBe(false);
    expect(reviews).toEqual([]);
  });

  test('are judged by nobody where the recipe does not ask for it', async () => {
    const { evaluation, reviews } = await judge({});
    expect(Object.keys(evaluation)).toEqual(['proofs', 'sets']);
    expect(reviews).toEqual([]);
  });
});
