import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import yaml from 'js-yaml';
import * as engine from '../../activities/inference/gauges.ts';
import * as calls from '../../activities/metrics/calls.ts';
import * as people from '../../activities/metrics/people.ts';
import * as rewards from '../../activities/metrics/rewards.ts';
import * as trainings from '../../activities/metrics/trainings.ts';
import { registry } from '../../activities/metrics/registry.ts';
import { measureDisk } from '../../activities/metrics/storage.ts';
import * as desk from '../../workers/annotation-desk/gauges.ts';
import { measureLaps } from '../../workers/laps/gauges.ts';
import type { WatchedLaps } from '../../workers/laps/watchLaps.ts';
import * as rewardService from '../../workers/reward-service/gauges.ts';
import { measurePools } from '../../workers/watch/pools.ts';
import { measureReadiness, Readiness } from '../../workers/watch/readiness.ts';
import { MemoryStore } from '../activities/store/memoryStore.ts';
import { groupings, selectorsOf } from './promql.ts';

/** They register what they measure as they are loaded. */
const MEASURING = [engine, calls, people, rewards, trainings, desk, rewardService];
measureLaps({ standings: async () => [], age: undefined } as unknown as WatchedLaps);
measurePools(new MemoryStore());
measureReadiness('worker', new Readiness([]));
measureDisk(async () => undefined);

const root = path.join(__dirname, '..', '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
}
interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
  readonly panels: readonly Panel[];
}
interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const dashboard = JSON.parse(read('deploy/grafana/flywheel.json')) as Dashboard;
const rules = yaml.load(read('deploy/prometheus/alerts.yaml')) as { groups: readonly { rules: readonly Alert[] }[] };
const alerts = rules.groups.flatMap((group) => group.rules);
const expressions = [
  ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
];

interface Measured {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}
const measured = registry.getMetricsAsArray() as unknown as readonly Measured[];
/** Of the Temporal SDK's, those that are used: seen at a worker's /metrics. */
const TEMPORAL = [
  'temporal_activity_schedule_to_start_latency_seconds_bucket',
  'temporal_workflow_task_schedule_to_start_latency_seconds_bucket',
  'temporal_worker_task_slots_used',
];
/** What Prometheus adds. */
const ADDED = ['instance', 'job', 'process', 'le', 'task_queue', 'worker_type'];

test.each(expressions)('%s reads what is measured: %s', (_, expression) => {
  for (const { metric, labels } of selectorsOf(expression)) {
    if (metric === 'up' || TEMPORAL.includes(metric)) continue;
    const [name = ''] = [metric, metric.replace(/_(bucket|sum|count)$/, '')].filter((one) =>
      measured.some((each) => each.name === one),
    );
    const found = measured.find((each) => each.name === name);
    expect([metric, found?.name]).toEqual([metric, name === '' ? metric : name]);
    for (const label of labels) expect([...ADDED, ...(found?.labelNames ?? [])]).toContain(label);
  }
  const known = selectorsOf(expression).flatMap(({ metric }) =>
    measured.flatMap(({ name, labelNames }) => (metric.startsWith(name) ? labelNames : [])),
  );
  for (const label of groupings(expression)) expect([...ADDED, ...known]).toContain(label);
});

test('metrics are named by convention, in base units, with a sentence of help and no label without bound', () => {
  const BOUNDED =
    'role task kind cause reply server operation result status how cluster stage end class state entry event process ' +
    'run lap preset phase for bound pool';
  expect(MEASURING).not.toContain(undefined);
  for (const { name, help, type, labelNames } of measured.filter((one) => one.name.startsWith('flywheel_'))) {
    expect(name).toMatch(/^flywheel_[a-z]+(_[a-z]+)*$/);
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|hours|kb|mb)(_|$)/);
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    expect([name, help]).toEqual([name, expect.stringMatching(/\.$/)]);
    for (const label of labelNames) expect(BOUNDED.split(' ')).toContain(label);
  }
});

test('the dashboard is one: its panels have a place of their own, and each says what it shows', () => {
  expect(dashboard).toMatchObject({ uid: 'flywheel-lap', schemaVersion: expect.any(Number) });
  expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'lap']);
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  const taken = new Map<string, string>();
  for (const { title, type, description = '', gridPos, targets = [] } of dashboard.panels) {
    const { x, y, w, h } = gridPos;
    expect(x + w).toBeLessThanOrEqual(24);
    for (let column = x; column < x + w; column += 1)
      for (let line = y; line < y + h; line += 1) {
        expect([title, taken.get(`${column},${line}`)]).toEqual([title, undefined]);
        taken.set(`${column},${line}`, title);
      }
    if (type === 'row') continue;
    expect(description).toMatch(/\.$/);
    expect(targets.length).toBeGreaterThan(0);
    expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
  }
});

test('the dashboard answers in this order: how laps stand, then of one where it is, what it waits for, what it cost', () => {
  const rows = dashboard.panels.filter(({ type }) => type === 'row').map(({ title }) => title);
  expect(rows.slice(0, 4)).toEqual([
    'Laps: those under way, and those that ended within a day',
    'Where does $lap stand?',
    'What does $lap wait for?',
    'What has $lap cost?',
  ]);
});

test.each(alerts)('$alert says what to do, and links to where that is told', ({ alert, annotations, labels }) => {
  expect(labels['severity']).toMatch(/^(page|ticket)$/);
  expect(annotations['summary']).toMatch(/\.$/);
  expect(annotations['action']).toMatch(/\.$/);
  const [file = '', anchor = ''] = (annotations['runbook_url'] ?? '').split('#');
  expect(existsSync(path.join(root, file))).toBe(true);
  const headings = [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title.toLowerCase());
  expect(headings).toContain(anchor);
  expect(anchor).toBe(alert.toLowerCase());
});

test('a selector is read with its labels, and a function or a list of labels is none', () => {
  expect(
    selectorsOf('sum by (role) (rate(a_total{kind!="x{y", task=~"b"}[5m])) / on (lap) group_left (run) b > 0 unless c'),
  ).toEqual([
    { metric: 'a_total', labels: ['kind', 'task'] },
    { metric: 'b', labels: [] },
    { metric: 'c', labels: [] },
  ]);
});
