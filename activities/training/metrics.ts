import { open } from 'node:fs/promises';
import { metricsLineSchema, type MetricsLine } from '../../shared/job.ts';

/** Reads a growing `metrics.jsonl`, each time only what came since. */
export class MetricsTail {
  readonly #file: string;
  #offset = 0;
  #last: MetricsLine | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** The newest whole line; undefined before the first. */
  async last(): Promise<MetricsLine | undefined> {
    const file = await open(this.#file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (!file) return this.#last;
    try {
      const { size } = await file.stat();
      if (size < this.#offset) this.#offset = 0;
      const chunk = Buffer.alloc(size - this.#offset);
      const { bytesRead } = await file.read(chunk, 0, chunk.length, this.#offset);
      const whole = chunk.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
      this.#offset += whole;
      for (const line of chunk.toString('utf8', 0, whole).split('\n')) this.#last = parse(line) ?? this.#last;
    } finally {
      await file.close();
    }
    return this.#last;
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
