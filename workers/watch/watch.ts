import { measureDisk } from '../../activities/metrics/storage.ts';
import { roomOf } from '../../activities/processes/disk.ts';
import { config, type WatchedProcess } from '../../temporal.config.ts';
import { measureReadiness, Readiness, type Check } from './readiness.ts';
import { serveWatch } from './server.ts';
import { recordTarget } from './targets.ts';

interface WatchOptions {
  /** What it needs to work; none of them may be slow. */
  readonly checks: readonly Check[];
  /** What else stands at `/metrics`. */
  readonly more?: (() => Promise<string>) | undefined;
  readonly say: (line: string) => void;
}

/** How a process that is watched says that it ends. */
export interface Watched {
  /** `/readyz` says no from now on. */
  drain(why: string): void;
  close(): Promise<void>;
}

/**
 * Lets a process be watched: its metrics, whether it lives and whether it is ready, at the address that the settings
 * say; recorded in the state folder, so that Prometheus and `flywheel status` find it. Does nothing where it is off.
 * @throws where the environment asks for a port that another program has.
 */
export async function watchProcess(process: WatchedProcess, { checks, more, say }: WatchOptions): Promise<Watched> {
  const readiness = new Readiness(checks);
  const drain = (why: string) => readiness.drain(why);
  const { host, isOn, isAsked, portOf } = config.metrics;
  if (!isOn) return { drain, close: async () => undefined };
  measureReadiness(process, readiness);
  measureDisk(() => roomOf(config.stateDir));
  const server = await serveWatch({ host, port: portOf(process), strict: isAsked, readiness, more });
  const shown = ['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host;
  const address = `${shown.includes(':') ? `[${shown}]` : shown}:${server.port}`;
  // Where it cannot be written the process works all the same.
  const forget = await recordTarget(process, address).catch((error: Error) => {
    say(`metrics: cannot record where they are: ${error.message}`);
    return undefined;
  });
  say(`metrics: http://${address}/metrics`);
  return {
    drain,
    close: async () => {
      await server.close();
      await forget?.().catch(() => undefined); // the next of its kind removes it
    },
  };
}
