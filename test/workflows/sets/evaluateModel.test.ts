import path from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createInferenceActivities, readOutcomes } from '../../../activities/sets/activities.ts';
import { loadPromptSet } from '../../../activities/store/promptSets.ts';
import { findTemporalCli } from '../../../workers/stack/temporalCli.ts';
import { QUEUES } from '../../../shared/queues.ts';
import type { evaluateModel, EvaluateModelInput } from '../../../workflows/sets/evaluateModel.ts';
import { startStub } from '../../stub-server/start.ts';
import { newStore, proofRow } from '../../reports/figures/lapFixture.ts';

jest.setTimeout(60_000);

test('a model is asked about every held-out row at T = 1, and once at T = 0', async () => {
  Runtime.install({ logger: new DefaultLogger('WARN') });
  const env = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path: await findTemporalCli() } },
  });
  const stub = await startStub({ medianMs: 2, sigma: 0.2 });
  const store = await newStore();
  const resolve = async (model: string) => [{ baseUrl: stub.url, model, maxConcurrency: 64 }];
  const activities = createInferenceActivities({ store, resolve, loadPromptSet });
  const shared = { connection: env.nativeConnection, namespace: env.namespace ?? 'default' };
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: QUEUES.orchestrator,
      workflowsPath: path.resolve(__dirname, 'evaluateModel.ts'),
    }),
    Worker.create({ ...shared, taskQueue: QUEUES.inference, activities }),
  ]);
  const running = workers.map((worker) => worker.run());
  try {
    const evaluate = async (decoding: EvaluateModelInput['decoding']) => {
      const input: EvaluateModelInput = {
        lap: 'main/lap-0001',
        subject: 'verifier',
        model: 'verifierV1',
        checkpoint: { uri: `checkpoints/${'a'.repeat(64)}`, sha256: 'a'.repeat(64) },
        rows: await store.writeJsonl(
          'datasets/proofs.jsonl',
          [0, 1, 2, 3, 4].map((index) => proofRow(index, 1)),
        ),
        decoding,
        samplesPerRow: 3,
        sampling: { temperature: 1, topP: 1, maxTokens: 64 },
        prompts: 'paper',
        seed: 1,
        engine: { engine: 'external', shardRows: 2, window: 2, maxConcurrency: 64 },
      };
      return env.client.workflow.execute<typeof evaluateModel>('evaluateModel', {
        taskQueue: QUEUES.orchestrator,
        workflowId: `evaluate-${decoding}`,
        args: [input],
      });
    };
    const sampled = await evaluate('sampled');
    expect(sampled).toMatchObject({
      subject: 'verifier',
      model: 'verifierV1',
      decoding: 'sampled',
      setId: 'main/lap-0001/evaluation/verifier-verifierV1-sampled',
      rows: 5,
    });
    expect(Object.values(sampled.counts).reduce((sum, count) => sum + count)).toBe(15);
    const greedy = await evaluate('greedy');
    const asked: string[] = [];
    for await (const { row, task } of readOutcomes(store, greedy.setId)) asked.push(`${task} ${row}`);
    expect(asked).toEqual([0, 1, 2, 3, 4].map((index) => `verify proof-${index}`));
  } finally {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
    await stub.kill();
    await env.teardown();
  }
});
