import { open } from 'node:fs/promises';
import { metricsLineSchema, type MetricsLine } from '../../shared/training/job.ts';

/** Reads a growing `metrics.jsonl`, each time only what came since. */
export class MetricsTail {
  readonly #file: string;
  #offset = 0;
  #last: MetricsLine | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * The newest whole line, undefined before the first; and when the file last grew, in milliseconds since the epoch.
   */
  async read(): Promise<{ readonly last?: MetricsLine | undefined; readonly grownAt: number }> {
    const file = await open(this.#file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (!file) return { grownAt: 0 };
    try {
      const { size, mtimeMs } = await file.stat();
      if (size < this.#offset) this.#offset = 0;
      const chunk = Buffer.alloc(size - this.#offset);
      const { bytesRead } = await file.read(chunk, 0, chunk.length, this.#offset);
      const whole = chunk.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
      this.#offset += whole;
      for (const line of chunk.toString('utf8', 0, whole).split('\n')) this.#last = parse(line) ?? this.#last;
      return { last: this.#last, grownAt: mtimeMs };
    } finally {
      await file.close();
    }
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
