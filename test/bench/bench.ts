/** What one benchmark came to; `--json` prints it as the last line. */
export interface BenchResult {
  readonly name: string;
  readonly value: number;
  readonly goal: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface BenchOptions {
  /** Measure against this server rather than the stub. */
  readonly endpoint?: string;
  /** Outcomes to use rather than the synthetic population's: see `population.ts`. */
  readonly population?: string;
}

export interface Bench {
  readonly name: string;
  /** What the value is, in a line. */
  readonly about: string;
  readonly goal: string;
  /** True when the value meets the goal. */
  readonly met: (value: number) => boolean;
  readonly takes: readonly (keyof BenchOptions)[];
  readonly run: (options: BenchOptions) => Promise<Pick<BenchResult, 'value' | 'detail'>>;
}
