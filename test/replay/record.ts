import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

/** Writes one history of each workflow type at and below a workflow; of laps both a first and a later one. */
export class Recorder {
  readonly #client: Client;
  readonly #folder: string;
  readonly #recorded = new Set<string>();

  /** @param folder beside this file. */
  constructor(client: Client, folder: string) {
    this.#client = client;
    this.#folder = path.join(import.meta.dirname, folder);
  }

  async record(id: string, runId?: string): Promise<void> {
    const handle = this.#client.workflow.getHandle(id, runId);
    const { type } = await handle.describe();
    const history = await handle.fetchHistory();
    const later = history.events?.some(
      (event) => event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowType?.name === 'consolidate',
    );
    const name = later ? 'laterLap' : type;
    if (this.#recorded.has(name) && name !== 'flywheel') return; // each run of a flywheel has another lap below it
    if (!this.#recorded.has(name)) {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(path.join(this.#folder, `${name}.json.gz`), gzipSync(historyToJSON(history), { level: 9 }));
      process.stdout.write(`${name}: ${history.events?.length ?? 0} events of ${id}\n`);
    }
    this.#recorded.add(name);
    for (const event of history.events ?? []) {
      const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
      if (child?.workflowId && child.runId) await this.record(child.workflowId, child.runId);
    }
  }
}
