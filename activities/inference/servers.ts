import { modelKey, type ModelRef } from '../../shared/records.ts';
import { ModelQueue } from './queue.ts';
import type { QueueOptions } from './slots.ts';

/**
 * All servers that this process talks to, by model. Shards share it: a server has one limit, however many shards call
 * it.
 */
export class ModelServers {
  readonly #options: QueueOptions;
  readonly #models = new Map<string, ModelQueue>();

  constructor(options: Omit<QueueOptions, 'patienceMs'> & Partial<QueueOptions>) {
    this.#options = { patienceMs: 600_000, ...options };
  }

  of(model: ModelRef): ModelQueue {
    const where = 'endpoint' in model ? `${model.endpoint} ${modelKey(model)}` : modelKey(model);
    let queue = this.#models.get(where);
    if (queue === undefined) {
      queue = new ModelQueue(model, this.#options);
      this.#models.set(where, queue);
    }
    return queue;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#models.values()].map((queue) => queue.close()));
  }
}
