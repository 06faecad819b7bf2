import path from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { findTemporalCli } from '../../../workers/stack/temporalCli.ts';
import type { measureHeldOut } from './measureHeldOut.ts';

jest.setTimeout(60_000);

const rows = { uri: 'datasets/rows.jsonl', sha256: '', rows: 1 };

test('what experts of lap 1 were not asked about is not measured in a later lap, nor waited for', async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const env = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path: await findTemporalCli() } },
  });
  try {
    const worker = await Worker.create({
      connection: env.nativeConnection,
      taskQueue: 'measure',
      workflowsPath: path.resolve('test/workflows/lap/measureHeldOut.ts'),
      // FAKE of what writes to the store.
      activities: { buildProblemRows: async () => rows },
    });
    const opened = {
      lap: 'main/lap-0002',
      turn: 2,
      recipe: {
        metaVerification: true, // lap 1 went without
        evaluation: { proofsPerScore: 1, greedy: false },
        domain: { checker: 'none' },
        sampling: {},
        rewards: {},
        inference: {},
      },
      problems: { heldOut: rows },
      base: { uri: 'checkpoints/base', sha256: 'base' },
      parent: { evaluation: { proofs: rows, sets: [] } },
    };
    const measured = await worker.runUntil(
      env.client.workflow.execute<typeof measureHeldOut>('measureHeldOut', {
        taskQueue: 'measure',
        workflowId: 'measure',
        workflowExecutionTimeout: '15 seconds',
        args: [opened as never],
      }),
    );
    expect(measured).toEqual({ evaluation: { proofs: rows, sets: [] }, sets: [] });
  } finally {
    await env.teardown();
  }
});
