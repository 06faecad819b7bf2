import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { StubOptions } from './options.ts';

export interface StubStats {
  readonly self: string;
  readonly requests: number;
  readonly answered: number;
  readonly open: number;
  readonly peak: number;
  readonly peakOfLastSecond: number;
  readonly distinct: number;
  readonly repeated: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly cache: Readonly<Record<'queried' | 'hits' | 'evicted' | 'overfull', number>>;
  readonly cpuSeconds: number;
  readonly upSeconds: number;
}

export interface Stub {
  readonly url: string;
  readonly port: number;
  stats(): Promise<StubStats>;
  change(options: Partial<StubOptions>): Promise<void>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
}

/** Starts the stub in a process of its own, on a free port of the loopback interface. */
export async function startStub(options: Partial<StubOptions> = {}): Promise<Stub> {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, ['--import', 'tsx', path.resolve('test/stub-server/main.ts'), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`The stub ended with code ${String(code)} before it listened`)),
    ),
  ])) as [Buffer];
  const { port } = JSON.parse(line.toString('utf8')) as { port: number };
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    stats: async () => (await (await fetch(`${url}/stats`)).json()) as StubStats,
    change: async (changed) => {
      await fetch(`${url}/options`, { method: 'POST', body: JSON.stringify(changed) });
    },
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
