import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { freePort } from '../../../activities/processes/ports.ts';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}
interface Told {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Span['attributes'] };
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

/** What a collector was told: it takes OTLP over HTTP, as JSON. */
const spans: (Span & { readonly by: unknown })[] = [];
const told = (name: string) => spans.find((span) => span.name === name);
let collector: Server;
let env: TestWorkflowEnvironment;
let said = '';

beforeAll(async () => {
  collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString()) as Told;
      for (const { resource, scopeSpans } of resourceSpans) {
        const by = resource.attributes.find(({ key }) => key === 'service.name')?.value['stringValue'];
        for (const scope of scopeSpans) spans.push(...scope.spans.map((span) => ({ ...span, by })));
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const port = await freePort();
  const executable = { type: 'existing-path', path: process.env['TEMPORAL_CLI_PATH'] as string } as const;
  env = await TestWorkflowEnvironment.createLocal({ server: { ip: '127.0.0.1', port, executable } });
  const script = path.join(__dirname, 'tracedProcess.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    env: {
      ...process.env,
      TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`Expected the traced process to end with 0, got ${code}`);
});
afterAll(async () => {
  await env.teardown();
  collector.close();
});

test('who starts a workflow, the workflow, its activity and what that does are one trace', () => {
  expect(said).toBe('done');
  const chain = [
    'StartWorkflow:traced',
    'RunWorkflow:traced',
    'StartActivity:work',
    'RunActivity:work',
    'model call prove',
  ];
  const found = chain.map(told);
  expect(found.map((span) => span?.name)).toEqual(chain);
  expect(new Set(found.map((span) => span?.traceId)).size).toBe(1);
  for (const [index, span] of found.slice(1).entries()) expect(span?.parentSpanId).toBe(found[index]?.spanId);
  expect(new Set(spans.map(({ by }) => by))).toEqual(new Set(['flywheel-worker']));
  const attributes = found.at(-1)?.attributes.map(({ key, value }) => [key, value['stringValue']]);
  expect(attributes).toEqual([
    ['flywheel.task', 'prove'],
    ['flywheel.outcome', 'answered'],
  ]);
});

test('an error in a span is told by its name, not by its words', () => {
  expect(JSON.stringify(told('fails'))).toContain('RangeError');
  expect(JSON.stringify(told('fails'))).not.toContain('a text of a model');
});
