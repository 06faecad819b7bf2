import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, defineSearchAttributeKey } from '@temporalio/common';
import { WorkflowFailedError } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { evaluationAsked } from '../../activities/products/evaluation.ts';
import { readInput } from '../../activities/products/open.ts';
import { domains } from '../../domains/index.ts';
import { resolveFlywheel } from '../../shared/lap/flywheelInput.ts';
import { resolveRecipe } from '../../shared/lap/lapInput.ts';
import { labelSchema, solveSchema } from '../../shared/products/schema.ts';
import { QUEUES } from '../../shared/queues.ts';
import { SEARCH_ATTRIBUTES } from '../../shared/searchAttributes.ts';
import { setCurrentBuild } from '../../workers/deployment.ts';
import { workflowsOf } from '../../workers/host.ts';
import { findTemporalCli } from '../../workers/stack/temporalCli.ts';
import * as workflows from '../../workflows/index.ts';

jest.setTimeout(120_000);

let env: TestWorkflowEnvironment;
let worker: Worker;
let running: Promise<void>;
/** Reads the input as the activity does, and goes no further. */
const reading =
  (read: (input: object) => unknown) =>
  async (input: object): Promise<never> => {
    try {
      read(input);
    } catch (error) {
      throw ApplicationFailure.nonRetryable((error as Error).message, 'InvalidLap');
    }
    throw ApplicationFailure.nonRetryable('it was taken');
  };

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await findTemporalCli() },
      searchAttributes: SEARCH_ATTRIBUTES.map((name) => defineSearchAttributeKey(name, 'KEYWORD')),
    },
  });
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.resolve('workflows/index.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  const codePath = path.join(await mkdtemp(path.join(tmpdir(), 'flywheel-by-hand-')), 'bundle.js');
  await writeFile(codePath, code);
  worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: QUEUES.orchestrator,
    ...workflowsOf({ buildId: 'test', codePath }),
    activities: {
      postNotice: async () => ({ sent: false }),
      openLap: reading((input) => resolveRecipe(domains, input)),
      openFlywheel: reading((input) => resolveFlywheel(input)),
      openEvaluation: reading(evaluationAsked),
      openSolve: reading((input) => readInput('solve', solveSchema, input)),
      openLabel: reading((input) => readInput('label', labelSchema, input)),
    },
  });
  running = worker.run();
  while ((await setCurrentBuild(env.client, 'test')) !== undefined) await sleep(50);
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await env.teardown();
});

const INPUTS: readonly (readonly unknown[])[] = [
  [null],
  [[]],
  ['text'],
  [5],
  [{ nonsense: 1 }],
  [{ opened: null }],
  [{ opened: {} }],
  [{ opened: { lap: 'main/lap-0001', recipe: {}, problems: {}, prompts: {}, base: {} } }],
  [{ setId: 'main/lap-0001/x', rows: { uri: 'a', sha256: 'b', rows: 1 }, proofs: { uri: 'a', sha256: 'b', rows: 1 } }],
  [{ question: {} }],
];
/** No lap or flywheel is asked for by these; to the others they say as little. */
const EMPTY: readonly (readonly unknown[])[] = [[], [{}], [{}, {}]];

test.each(Object.keys(workflows))('%s, started by hand with what it cannot take, fails in a sentence', async (type) => {
  const inputs = type === 'lap' || type === 'flywheel' ? INPUTS : [...INPUTS, ...EMPTY];
  const failures = await Promise.all(
    inputs.map(async (args, n) => {
      const handle = await env.client.workflow.start(type, {
        taskQueue: QUEUES.orchestrator,
        workflowId: `${type}-${n}`,
        args: args as unknown[],
        workflowRunTimeout: '60 seconds',
      });
      const error: unknown = await handle.result().catch((thrown: unknown) => thrown);
      const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
      return cause instanceof ApplicationFailure ? cause.message : `${String(error)}: ${String(cause)}`;
    }),
  );
  for (const [n, failure] of failures.entries()) {
    expect([inputs[n], failure]).toEqual([inputs[n], expect.stringMatching(/xpected|Invalid|undefined/)]);
    expect(failure).not.toMatch(/it was taken|TimeoutFailure/);
  }
});
