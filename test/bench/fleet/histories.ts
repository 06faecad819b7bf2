import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { ACTION_EVENTS } from '../actions.ts';

/** Histories of the workflows of one type. */
export interface TypeFigures {
  readonly runs: number;
  readonly mostEvents: number;
  readonly mostBytes: number;
  /** Of all runs together, heartbeats left out. */
  readonly actions: number;
}

export type FiguresByType = Map<string, TypeFigures>;

function add(all: FiguresByType, type: string, events: number, bytes: number, actions: number): void {
  const before = all.get(type) ?? { runs: 0, mostEvents: 0, mostBytes: 0, actions: 0 };
  all.set(type, {
    runs: before.runs + 1,
    mostEvents: Math.max(before.mostEvents, events),
    mostBytes: Math.max(before.mostBytes, bytes),
    actions: before.actions + actions,
  });
}

type Events = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>;

const actionsIn = (events: Events): number =>
  events.filter((event) =>
    Object.entries(event).some(
      ([field, value]) => value != null && ACTION_EVENTS.has(field.replace('EventAttributes', '')),
    ),
  ).length;

/** Of all that ran on a server; each run of a workflow counts by itself, as its limits do. */
export async function historiesOf(client: Client): Promise<FiguresByType> {
  const all: FiguresByType = new Map();
  for await (const { workflowId, runId, type } of client.workflow.list()) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const [{ historyLength, historySize }, { events }] = [await handle.describe(), await handle.fetchHistory()];
    add(all, type, historyLength, historySize ?? 0, actionsIn(events ?? []));
  }
  return all;
}

/**
 * Of the recorded laps that are replayed (test/replay): what a lap's own workflows come to, whatever its sizes. Bytes are
 * those of their JSON, which has more of them.
 */
export async function recordedHistories(): Promise<FiguresByType> {
  const all: FiguresByType = new Map();
  const folder = path.resolve('test/replay/lap');
  for (const name of await readdir(folder)) {
    const json = gunzipSync(await readFile(path.join(folder, name)));
    const events = historyFromJSON(JSON.parse(json.toString('utf8'))).events ?? [];
    const type = events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? name;
    add(all, type, events.length, json.length, actionsIn(events));
  }
  return all;
}
