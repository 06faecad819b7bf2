import { createRequire } from 'node:module';
import path from 'node:path';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-node';
import { traceBy } from '../../activities/metrics/spans.ts';
import { config } from '../../temporal.config.ts';

/** How a process takes part in traces. */
export interface Tracing {
  /** What a client of Temporal begins and passes on. */
  readonly clientInterceptors: readonly WorkflowClientInterceptor[];
  /** What a worker makes of its activities, and of what its workflows say. */
  readonly worker: Pick<WorkerOptions, 'interceptors' | 'sinks'>;
  /** Sends what was not sent yet; a collector that is away takes no process with it. */
  flush(): Promise<void>;
}

/** What a worker makes of it that tells no traces: a build of before may. */
export const UNTRACED: Tracing['worker'] = { sinks: { exporter: { export: { fn: () => undefined } } } };

/** What the workflow bundle has beside the workflows, where traces are told: Temporal's own interceptors. */
export function tracedModules(): string[] {
  if (!config.tracing.isOn) return [];
  return [
    createRequire(path.join(config.root, 'package.json')).resolve(
      '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors',
    ),
  ];
}

let opened: Promise<Tracing> | undefined;

/**
 * Traces, where the environment says where to (OTEL_EXPORTER_OTLP_ENDPOINT; the exporter reads the other variables of
 * OpenTelemetry itself); undefined, and nothing is loaded, where it does not.
 * @param process what this one is called there, the first time that it is asked for.
 */
export async function tracing(process = 'cli'): Promise<Tracing | undefined> {
  if (!config.tracing.isOn) return undefined;
  return (opened ??= open(process));
}

async function open(process: string): Promise<Tracing> {
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }, temporal] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@temporalio/interceptors-opentelemetry'),
  ]);
  const resource = resourceFromAttributes({
    'service.namespace': 'flywheel',
    'service.name': config.tracing.name ?? `flywheel-${process}`,
  });
  const spans = new sdk.BatchSpanProcessor(new OTLPTraceExporter());
  const provider = new sdk.NodeTracerProvider({ resource, spanProcessors: [spans] });
  provider.register();
  traceBy(api.trace.getTracer('flywheel'));
  const ofClient = new temporal.OpenTelemetryWorkflowClientInterceptor();
  return {
    clientInterceptors: [ofClient],
    worker: {
      interceptors: {
        activity: [
          (context) => ({
            inbound: new temporal.OpenTelemetryActivityInboundInterceptor(context),
            outbound: new temporal.OpenTelemetryActivityOutboundInterceptor(context),
          }),
        ],
        client: { workflow: [ofClient] },
      },
      sinks: { exporter: temporal.makeWorkflowExporter(...ofWorkflows(spans, resource)) },
    },
    flush: () => provider.forceFlush().catch(() => undefined),
  };
}

type ExporterOf = (typeof import('@temporalio/interceptors-opentelemetry'))['makeWorkflowExporter'];

/**
 * Spans of workflows are made by the version 1 of OpenTelemetry that Temporal's interceptors bring; ours is 2, which
 * names two fields otherwise.
 */
function ofWorkflows(spans: SpanProcessor, resource: ReadableSpan['resource']) {
  interface OfVersion1 extends ReadableSpan {
    readonly parentSpanId?: string;
    readonly instrumentationLibrary?: ReadableSpan['instrumentationScope'];
  }
  const processor = {
    onStart: () => undefined,
    onEnd: (span: OfVersion1) => {
      const { parentSpanId: spanId, instrumentationLibrary: scope = span.instrumentationScope } = span;
      const { traceId, traceFlags } = span.spanContext();
      const parent = spanId === undefined ? {} : { parentSpanContext: { traceId, spanId, traceFlags } };
      spans.onEnd({ ...span, instrumentationScope: scope, ...parent });
    },
    forceFlush: () => spans.forceFlush(),
    shutdown: () => spans.shutdown(),
  };
  return [processor, resource] as unknown as Parameters<ExporterOf>;
}
