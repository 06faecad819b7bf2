import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { measureProcess, registry } from '../../activities/metrics/registry.ts';
import type { Readiness } from './readiness.ts';

interface WatchServerOptions {
  readonly host: string;
  readonly port: number;
  /** Where the port is taken: refused, or another is taken that is free. */
  readonly strict: boolean;
  readonly readiness: Readiness;
  /** What else stands at `/metrics`: the Temporal SDK's own. @default nothing */
  readonly more?: (() => Promise<string>) | undefined;
}

export interface WatchServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * What a process says of itself, over HTTP and without a token: `/metrics` for Prometheus, `/healthz` (200 while its
 * event loop turns), `/readyz` (200 when it can do its work, else 503 with why not, a line each).
 * @throws where the port is taken and no other will do.
 */
export async function serveWatch({ host, port, strict, readiness, more }: WatchServerOptions): Promise<WatchServer> {
  measureProcess();
  const rest = async () => (await more?.().catch(({ message }: Error) => `# not read: ${message}\n`)) ?? '';
  const answer = async (path: string): Promise<readonly [status: number, body: string, type?: string]> => {
    switch (path) {
      case '/healthz':
        return [200, 'alive\n'];
      case '/readyz': {
        const reasons = await readiness.reasonsNot();
        return reasons.length === 0 ? [200, 'ready\n'] : [503, reasons.map((reason) => `${reason}\n`).join('')];
      }
      case '/metrics':
        return [200, (await registry.metrics()) + (await rest()), registry.contentType];
      default:
        return [404, `Expected /metrics, /healthz or /readyz, got ${path}\n`];
    }
  };
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    answer(pathname)
      .catch((error: Error) => [500, `${error.message}\n`] as const)
      .then(([status, body, type = 'text/plain; charset=utf-8']) => {
        response.writeHead(status, { 'content-type': type });
        response.end(request.method === 'HEAD' ? undefined : body);
      })
      .catch(() => response.destroy());
  });
  const listen = (wanted: number) =>
    new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port: wanted, exclusive: true }, () => {
        server.off('error', reject);
        resolve((server.address() as AddressInfo).port);
      });
    });
  const taken = await listen(port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    if (!strict) return listen(0);
    throw new Error(
      `Expected port ${port} of ${host} to be free for this process' metrics (FLYWHEEL_METRICS_PORT), but another ` +
        'program has it: stop that program, or set another port',
      { cause: error },
    );
  });
  server.unref(); // it is no work of its own: the process ends with its work
  return {
    port: taken,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
