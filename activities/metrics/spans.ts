import type { Attributes, Tracer } from '@opentelemetry/api';

/**
 * Where this process tells traces to, where it tells any: who begins it hands in a tracer (workers/watch/tracing.ts). No
 * package of OpenTelemetry is loaded otherwise.
 */
let tracer: Tracer | undefined;

export function traceBy(given: Tracer | undefined): void {
  tracer = given;
}

/** Told of an error: the words of one may quote a model, so that its name alone is. */
const ERROR = 2;

/**
 * Does some work as a span of the trace that it belongs to; what it does within is below it.
 * @param told attributes that are known at the end.
 * @param until when it is over. @default once the work has resolved
 */
export function inSpan<T>(
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
  {
    told = () => ({}),
    until = () => Promise.resolve(),
  }: { readonly told?: (result: T) => Attributes; readonly until?: (result: T) => Promise<unknown> } = {},
): Promise<T> {
  if (tracer === undefined) return work();
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    const fail = (error: unknown): void => {
      span.setStatus({ code: ERROR, message: (error as Error).name });
      span.end();
    };
    try {
      const result = await work();
      until(result).then(() => {
        span.setAttributes(told(result));
        span.end();
      }, fail);
      return result;
    } catch (error) {
      fail(error);
      throw error;
    }
  });
}
