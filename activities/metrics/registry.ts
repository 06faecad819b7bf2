import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/**
 * What this process measures of itself, for Prometheus. One registry a process: what is counted in different rooms is
 * read at one address (workers/watch/). Names are by Prometheus' conventions, units are seconds and bytes, and no label
 * has values without bound: no ids of calls, rows, questions or checkpoints.
 */
export const registry = new Registry();

/** The process' own, by the names that they have everywhere: `process_…`, `nodejs_…`. */
export function measureProcess(): void {
  if (registry.getSingleMetric('process_cpu_seconds_total') === undefined)
    collectDefaultMetrics({ register: registry });
}

/** All our metrics begin so. */
type Name = `flywheel_${string}`;

interface About<Label extends string> {
  readonly name: Name;
  readonly help: string;
  /** @default none */
  readonly labels?: readonly Label[];
}

export function counter<Label extends string = never>({
  name,
  help,
  labels = [],
}: About<Label> & { name: `${Name}_total` }) {
  return new Counter<Label>({ name, help, labelNames: labels, registers: [registry] });
}

const failures = counter({
  name: 'flywheel_metrics_failures_total',
  help: 'Figures that could not be looked up as they were read; they stand as they were.',
});

/** @param collect sets it, as it is read; one that fails leaves it as it is, and the others are read. */
export function gauge<Label extends string = never>(
  { name, help, labels = [] }: About<Label>,
  collect?: (gauge: Gauge<Label>) => void | Promise<void>,
) {
  return new Gauge<Label>({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    ...(collect && {
      async collect() {
        try {
          await collect(this);
        } catch {
          failures.inc();
        }
      },
    }),
  });
}

export function histogram<Label extends string = never>({
  name,
  help,
  labels = [],
  buckets,
}: About<Label> & { readonly buckets: readonly number[] }) {
  return new Histogram<Label>({ name, help, labelNames: labels, buckets: [...buckets], registers: [registry] });
}
