import { modelKey } from '../../shared/records.ts';
import { QUEUES } from '../../shared/queues.ts';
import type { labelSet } from '../../workflows/sets/labelSet.ts';
import { startStub } from '../stub-server/start.ts';
import { inferenceActivities, startInferenceWorld } from '../workflows/sets/inferenceWorld.ts';
import { labelInput } from './labelInput.ts';
import type { Bench } from './bench.ts';

const PROOFS = 1_000;
const SHARD_ROWS = 500;

/**
 * History events that Temporal Cloud bills as Actions, beside heartbeats: starts, activities, timers, signals, markers,
 * attributes, children.
 */
export const ACTION_EVENTS = new Set([
  'workflowExecutionStarted',
  'activityTaskScheduled',
  'timerStarted',
  'workflowExecutionSignaled',
  'markerRecorded',
  'upsertWorkflowSearchAttributes',
  'startChildWorkflowExecutionInitiated',
  'workflowExecutionContinuedAsNew',
  'workflowExecutionUpdateAccepted',
]);

/**
 * A real label set on a real Temporal server; Actions from its histories, heartbeats from the server's own count of
 * requests.
 */
export const actions: Bench = {
  name: 'actions',
  about: `Temporal Actions per 1,000 labelled proofs at n=64, shards of ${SHARD_ROWS}`,
  goal: '<= 25',
  met: (value) => value <= 25,
  takes: ['endpoint'],
  async run({ endpoint }) {
    const stub = endpoint === undefined ? await startStub({ medianMs: 60, sigma: 0.6, textBytes: 100 }) : undefined;
    const url = endpoint ?? stub?.url ?? '';
    const world = await startInferenceWorld(
      'workflows/sets/labelSet.ts',
      inferenceActivities(async (model) => [{ baseUrl: url, model: modelKey(model), maxConcurrency: 512 }]),
    );
    try {
      const input = labelInput(world, 'actions', await world.rows(PROOFS), {
        n: 64,
        m: 16,
        k: 4,
        shardRows: SHARD_ROWS,
        window: 2,
      });
      const began = performance.now();
      const result = await world.env.client.workflow.execute<typeof labelSet>('labelSet', {
        taskQueue: QUEUES.orchestrator,
        workflowId: 'actions',
        args: [input],
      });
      const seconds = (performance.now() - began) / 1000;
      const runs = await world.histories('actions');
      const events: Record<string, number> = {};
      for (const { types } of runs)
        for (const [type, count] of Object.entries(types))
          if (ACTION_EVENTS.has(type)) events[type] = (events[type] ?? 0) + count;
      const heartbeats = await world.serverRequests('RecordActivityTaskHeartbeat');
      const fromHistory = Object.values(events).reduce((sum, count) => sum + count, 0);
      return {
        value: ((fromHistory + heartbeats) / result.labels.total) * 1_000,
        detail: {
          proofs: result.labels.total,
          calls: result.counts,
          shards: result.shards,
          seconds: Math.round(seconds),
          actionEvents: events,
          heartbeatsAtTheServer: heartbeats,
          runs: runs.length,
          server: stub === undefined ? endpoint : (await stub.stats()).self,
        },
      };
    } finally {
      await world.stop();
      await stub?.kill();
    }
  },
};
