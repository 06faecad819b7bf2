import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { EndpointResolver } from '../../../activities/inference/types.ts';
import { createSetActivities } from '../../../activities/sets/activities.ts';
import { promptSetNamed } from '../../../activities/store/promptSets.ts';
import { findTemporalCli } from '../../../workers/stack/temporalCli.ts';
import { SERVER_SETTINGS } from '../../../workers/stack/temporalServer.ts';
import { FileStore } from '../../../activities/store/files.ts';
import type { DatasetRef, PromptSetRef } from '../../../shared/records.ts';
import { createWorkers } from './workers.ts';

/** A real Temporal server, an orchestrator's and an inference worker, and a store of its own. */
export interface InferenceWorld {
  readonly env: TestWorkflowEnvironment;
  readonly store: FileStore;
  /** The paper's. */
  readonly prompts: PromptSetRef;
  readonly rows: (count: number) => Promise<DatasetRef>;
  /** Events of all runs of a workflow, run by run. */
  readonly histories: (
    workflowId: string,
  ) => Promise<{ readonly events: number; readonly types: Readonly<Record<string, number>> }[]>;
  /** Requests of this kind that reached the server, by its own metrics. */
  readonly serverRequests: (operation: string) => Promise<number>;
  readonly stop: () => Promise<void>;
}

export async function startInferenceWorld(
  /** The file that has them. */
  workflows: string,
  activities: (store: FileStore) => object,
  /** `orchestrator`: the activities of that worker. @default none. `workers`: whether there are any. @default true */
  options: {
    readonly bundle?: string;
    readonly orchestrator?: (store: FileStore) => object;
    readonly workers?: boolean;
  } = {},
): Promise<InferenceWorld> {
  Runtime.install({ logger: new DefaultLogger('WARN') });
  const metricsPort = await freePort();
  const executable = { type: 'existing-path' as const, path: await findTemporalCli() };
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable,
      extraArgs: [
        '--metrics-port',
        String(metricsPort),
        ...SERVER_SETTINGS.flatMap((setting) => ['--dynamic-config-value', setting]),
      ],
    },
  });
  const root = await mkdtemp(path.join(tmpdir(), 'flywheel-sets-'));
  const store = new FileStore(root);
  const { nativeConnection: connection, namespace } = env;
  const workers =
    options.workers === false
      ? []
      : await createWorkers(
          { connection, namespace: namespace ?? 'default' },
          {
            workflows,
            bundle: options.bundle,
            orchestrator: options.orchestrator?.(store),
            inference: activities(store),
          },
        );
  const running = workers.map((worker) => worker.run());
  return {
    env,
    store,
    prompts: await promptSetNamed(store, 'paper'),
    rows: (count) =>
      store.writeJsonl(
        'datasets/rows.jsonl',
        Array.from({ length: count }, (_, row) => ({
          id: `r${row}`,
          problem: { id: `p${row}`, statement: `Show claim ${row}.`, topic: 'algebra', source: 'made up' },
          proof: `Proof ${row}.`,
          model: 'none',
        })),
      ),
    async histories(workflowId) {
      const found = [];
      for await (const info of env.client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
        const types: Record<string, number> = {};
        const { events } = await env.client.workflow.getHandle(workflowId, info.runId).fetchHistory();
        for (const event of events ?? []) {
          const [name = 'unknown'] = Object.entries(event).flatMap(([field, value]) =>
            field.endsWith('EventAttributes') && value != null ? [field.replace('EventAttributes', '')] : [],
          );
          types[name] = (types[name] ?? 0) + 1;
        }
        found.push({ events: events?.length ?? 0, types });
      }
      return found;
    },
    async serverRequests(operation) {
      const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      const counts = metrics
        .split('\n')
        .filter(
          (line) =>
            /^service_requests(_total)?\{/.test(line) &&
            line.includes(`operation="${operation}"`) &&
            line.includes('service_name="frontend"'),
        );
      return counts.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    },
    async stop() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      await env.teardown();
      await rm(root, { recursive: true, force: true });
    },
  };
}

export const inferenceActivities = (resolve: EndpointResolver) => (store: FileStore) =>
  createSetActivities({ store, resolve });

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
