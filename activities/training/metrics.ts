import { metricsLineSchema, type MetricsLine } from '../../shared/training/job.ts';
import { jsonLinesOf } from '../store/jsonLines.ts';
import type { ArtifactStore } from '../store/types.ts';

/**
 * All lines, by their steps. A resumed attempt may write a step again: the last line of a step counts. A line torn by a
 * kill is none.
 */
export async function metricsLines(store: ArtifactStore, uri: string): Promise<MetricsLine[]> {
  const bySteps = new Map<number, MetricsLine>();
  for await (const line of jsonLinesOf(store, uri)) {
    const { data } = metricsLineSchema.safeParse(line);
    if (data !== undefined) bySteps.set(data.step, data);
  }
  return [...bySteps.values()].sort((a, b) => a.step - b.step);
}

/** Reads a growing `metrics.jsonl`, each time only what came since. */
export class MetricsTail {
  readonly #store: ArtifactStore;
  readonly #uri: string;
  #offset = 0;
  #last: MetricsLine | undefined;

  constructor(store: ArtifactStore, uri: string) {
    this.#store = store;
    this.#uri = uri;
  }

  /**
   * The newest whole line, undefined before the first; and when the file last grew, in milliseconds since the epoch.
   */
  async read(): Promise<{ readonly last?: MetricsLine | undefined; readonly grownAt: number }> {
    const file = await this.#store.stat(this.#uri);
    if (!file) return { grownAt: 0 };
    if (file.bytes < this.#offset) this.#offset = 0;
    const chunk = await this.#store.readBytes(this.#uri, { from: this.#offset, to: file.bytes });
    const whole = chunk.lastIndexOf(0x0a) + 1;
    this.#offset += whole;
    for (const line of chunk.toString('utf8', 0, whole).split('\n')) this.#last = parse(line) ?? this.#last;
    return { last: this.#last, grownAt: file.changedAt };
  }
}

/** A trainer that was killed in the middle of a line leaves a broken one, which its successor writes again. */
function parse(line: string): MetricsLine | undefined {
  try {
    return metricsLineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
