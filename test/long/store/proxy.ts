import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Stands before a server of this machine: counts what is asked, and answers late. */
export class Proxy {
  readonly #server: Server;
  /** Milliseconds before a request goes on. */
  delayMs = 0;
  /** Requests by method. */
  counts: Record<string, number> = {};

  private constructor(port: number) {
    this.#server = createServer((asked, answer) => {
      const { method = '', url = '', headers } = asked;
      this.counts[method] = (this.counts[method] ?? 0) + 1;
      void sleep(this.delayMs).then(() => {
        const on = request({ host: '127.0.0.1', port, method, path: url, headers }, (got) => {
          answer.writeHead(got.statusCode ?? 500, got.headers);
          got.pipe(answer);
        });
        on.on('error', () => answer.destroy());
        asked.pipe(on);
      });
    });
  }

  static async before(port: number): Promise<Proxy> {
    const proxy = new Proxy(port);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests since the last look. */
  taken(): number {
    const all = Object.values(this.counts).reduce((sum, count) => sum + count, 0);
    this.counts = {};
    return all;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
