import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineSearchAttributeKey } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { smoke } from '../../../domains/rehearsal/presets.ts';
import type { LapProgress } from '../../../shared/lap/progress.ts';
import { findTemporalCli } from '../../../workers/stack/temporalCli.ts';
import type { lapOfOnePart } from './partThatWarns.ts';

jest.setTimeout(60_000);

const rows = { uri: 'datasets/rows.jsonl', sha256: '', rows: 8 };
const opened = {
  lap: 'main/lap-0001',
  turn: 1,
  seed: 1,
  recipe: smoke,
  prompts: { name: 'paper', sha256: '' },
  problems: { train: rows },
  base: { uri: 'checkpoints/base', sha256: 'base' },
};

test('a lap shows what a set of a part came to while the part still waits for people, and shows it once', async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await findTemporalCli() },
      searchAttributes: [defineSearchAttributeKey('FlywheelPhase', 'KEYWORD')],
    },
  });
  try {
    const worker = await Worker.create({
      connection: env.nativeConnection,
      taskQueue: 'warnings',
      workflowsPath: path.resolve('test/workflows/lap/partThatWarns.ts'),
    });
    const found = await worker.runUntil(async () => {
      const lap = await env.client.workflow.start<typeof lapOfOnePart>('lapOfOnePart', {
        taskQueue: 'warnings',
        workflowId: 'lap',
        args: [opened as never],
      });
      const shown = async (): Promise<readonly string[]> => (await lap.query<LapProgress>('progress')).warnings ?? [];
      while ((await shown()).length === 0) await sleep(20);
      const before = await shown();
      await env.client.workflow.getHandle('part').signal('answered');
      await lap.result();
      return { before, after: await shown() };
    });
    const warning = 'main/lap-0001/cold-start/draft: 1 of 8';
    expect(found).toEqual({ before: [warning], after: [warning] });
  } finally {
    await env.teardown();
  }
});
