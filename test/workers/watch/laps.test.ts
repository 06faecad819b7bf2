import type { Client } from '@temporalio/client';
import { registry } from '../../../activities/metrics/registry.ts';
import type { LapProgress } from '../../../shared/lap/progress.ts';
import { measureLaps } from '../../../workers/laps/gauges.ts';
import { WatchedLaps } from '../../../workers/laps/watchLaps.ts';
import { MemoryStore } from '../../activities/store/memoryStore.ts';

const progress: LapProgress = {
  lap: 'main/lap-0002',
  phase: 'generator',
  phaseIndex: 7,
  phases: 10,
  step: 10,
  steps: 40,
  reward: 0.5,
  startedAt: new Date(Date.now() - 7_200_000).toISOString(),
  phaseStartedAt: new Date(Date.now() - 3_600_000).toISOString(),
  queuedSince: new Date(Date.now() - 600_000).toISOString(),
  warnings: ['a set with few answers'],
};

let isAway = false;
let looks = 0;
/** FAKE: a server that knows one lap under way, one that failed, and what people were told of the first. */
const client = {
  options: { namespace: 'default' },
  withDeadline: <T>(_: unknown, ask: () => Promise<T>) => ask(),
  workflowService: { describeWorkflowExecution: async () => ({ pendingActivities: [], pendingChildren: [] }) },
  workflow: {
    async *list({ query }: { query: string }) {
      looks += 1;
      if (isAway) throw new Error('the server is away');
      const lap = (name: string, status: string) => ({
        workflowId: 'lap-main',
        runId: name,
        status: { name: status },
        startTime: new Date(progress.startedAt),
        closeTime: status === 'RUNNING' ? undefined : new Date(),
        typedSearchAttributes: {
          get: ({ name: of }: { name: string }) =>
            of === 'FlywheelLap' ? name : of === 'FlywheelPreset' ? 'team' : '',
        },
      });
      if (query.includes('"notice"')) {
        if (query.includes('lap-0002')) yield { workflowId: 'notice/main/lap-0002/labels.heldBack' };
      } else if (query.includes('!=')) yield lap('main/lap-0001', 'FAILED');
      else yield lap('main/lap-0002', 'RUNNING');
    },
    getHandle: () => ({ query: async () => progress }),
  },
} as unknown as Client;

const laps = new WatchedLaps(client, new MemoryStore());
measureLaps(laps);

test('the metrics say where a lap stands, what it waits for, what people were told, and which laps failed', async () => {
  const text = await registry.metrics();
  const of = (lap: string) => `run="main",lap="main/${lap}"`;
  expect(text).toContain(`flywheel_lap_info{${of('lap-0002')},preset="team",status="running",phase="generator"} 1`);
  expect(text).toContain(`flywheel_lap_info{${of('lap-0001')},preset="team",status="failed",phase="ended"} 1`);
  expect(text).toContain(`flywheel_lap_steps_done{${of('lap-0002')}} 10`);
  expect(text).toContain(`flywheel_lap_waiting_seconds{${of('lap-0002')},for="people"} 0`);
  expect(text).toMatch(/flywheel_lap_waiting_seconds\{[^}]*for="queue"\} 60\d/);
  expect(text).toMatch(/flywheel_lap_left_seconds\{[^}]*bound="at_least"\} 10[78]\d\d/); // 30 steps at 6 min
  expect(text).toContain(`flywheel_lap_notices{${of('lap-0002')},event="labels.heldBack"} 1`);
  expect(text).toContain(`flywheel_lap_warnings{${of('lap-0002')}} 1`);
});

test('laps are looked at once for all figures, and a server that is away leaves the last ones standing', async () => {
  const before = looks;
  await registry.metrics();
  expect(looks).toBe(before);
  isAway = true;
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
  const text = await registry.metrics();
  jest.restoreAllMocks();
  expect(laps.failures).toBe(1);
  expect(text).toContain('flywheel_lap_steps_done{run="main",lap="main/lap-0002"} 10');
});
