import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { createSetActivities } from '../../../activities/sets/activities.ts';
import { readOutcomes } from '../../../activities/sets/outcomes.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { promptSetNamed } from '../../../activities/store/promptSets.ts';
import { QUEUES } from '../../../shared/queues.ts';
import { modelKey } from '../../../shared/records.ts';
import type { sampleSet } from '../../../workflows/sets/sampleSet.ts';
import { sampleInput } from '../../bench/fleet/fleetWorld.ts';
import { startStub } from '../../stub-server/start.ts';
import { startInferenceWorld } from './inferenceWorld.ts';
import { createWorkers } from './workers.ts';

jest.setTimeout(120_000);

const SET = 'main/lap-0001/draft';
const TEAMS = ['algebra', 'geometry'];

test('two teams with a namespace and a store each have laps of one name, and nothing of the other', async () => {
  const world = await startInferenceWorld('workflows/sets/sampleSet.ts', () => ({}), { workers: false });
  const stub = await startStub({ medianMs: 20, sigma: 0.2 });
  const folder = await mkdtemp(path.join(tmpdir(), 'flywheel-teams-'));
  const ends: (() => Promise<void>)[] = [];
  try {
    const teams = await Promise.all(
      TEAMS.map(async (namespace, team) => {
        await world.env.client.workflowService.registerNamespace({
          namespace,
          workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
        });
        const store = new FileStore(path.join(folder, namespace));
        const client = new Client({ connection: world.env.connection, namespace });
        // The server's parts learn of a namespace one after the other.
        for (;;)
          try {
            await client.workflow.count();
            break;
          } catch {
            await sleep(200);
          }
        const workers = await createWorkers(
          { connection: world.env.nativeConnection, namespace },
          {
            workflows: 'workflows/sets/sampleSet.ts',
            inference: createSetActivities({
              store,
              resolve: async (model) => [{ baseUrl: stub.url, model: modelKey(model), maxConcurrency: 8 }],
            }),
          },
        );
        const running = workers.map((worker) => worker.run());
        ends.push(async () => {
          for (const worker of workers) worker.shutdown();
          await Promise.all(running);
        });
        const rows = await store.writeJsonl(
          'datasets/rows.jsonl',
          Array.from({ length: 40 + 20 * team }, (_, row) => ({
            id: `${namespace}-${row}`,
            problem: { id: `p${row}`, statement: `Show claim ${row}.`, topic: namespace, source: 'made up' },
            proof: 'A proof.',
          })),
        );
        const prompts = await promptSetNamed(store, 'paper');
        const engine = { engine: 'external', shardRows: 10, window: 4, maxConcurrency: 8 };
        return { namespace, store, client, input: sampleInput({ prompts }, SET, rows, engine) };
      }),
    );
    const results = await Promise.all(
      teams.map(({ client, input }) =>
        client.workflow.execute<typeof sampleSet>('sampleSet', {
          taskQueue: QUEUES.orchestrator,
          workflowId: SET,
          args: [input],
        }),
      ),
    );
    expect(results.map(({ rows, counts }) => [rows, counts.answered])).toEqual([
      [40, 40],
      [60, 60],
    ]);
    for (const { namespace, store } of teams) {
      const asked = new Set<string>();
      for await (const { row } of readOutcomes(store, SET)) asked.add(row.replace(/-\d+$/, ''));
      expect([...asked]).toEqual([namespace]);
    }
    expect((await stub.stats()).requests).toBe(100);
  } finally {
    await Promise.all(ends.map((end) => end()));
    await world.stop();
    await stub.kill();
    await rm(folder, { recursive: true, force: true });
  }
});
