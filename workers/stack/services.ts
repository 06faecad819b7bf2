import path from 'node:path';
import { readLiving, type Launch } from '../../activities/processes/records.ts';
import { config, environmentWith, type PortName } from '../../temporal.config.ts';

interface Service {
  /** Ports it takes: they are kept for as long as it lives. */
  readonly ports: readonly PortName[];
  /** How long it has to end after SIGTERM. */
  readonly graceMs: number;
}

/** The processes of the dev stack, in the order in which they start; they end in reverse (see stop.ts). */
export const SERVICES = {
  temporal: { ports: ['temporal', 'ui'], graceMs: 10_000 },
  reward: { ports: ['reward'], graceMs: 5_000 },
  desk: { ports: ['desk'], graceMs: 5_000 },
  worker: { ports: [], graceMs: 20_000 },
} as const satisfies Record<string, Service>;
export type ServiceName = keyof typeof SERVICES;
export const SERVICE_NAMES = Object.keys(SERVICES) as ServiceName[];

export const recordFile = (name: ServiceName | 'supervisor'): string => path.join(config.runDir, `${name}.json`);
export const logFile = (name: ServiceName | 'supervisor'): string => path.join(config.logDir, `${name}.log`);

/** Beside the fields of every record. `variables` are the names of its environment: what it knows keys by. */
interface About extends Readonly<Record<string, unknown>> {
  readonly name: string;
  readonly variables: readonly string[];
}

/** Of these variables, those that a service was started without; none where it does not run. */
export async function unknownTo(name: ServiceName, variables: readonly string[]): Promise<string[]> {
  const { variables: known } = ((await readLiving(recordFile(name))) ?? {}) as Partial<About>;
  return known === undefined ? [] : variables.filter((variable) => !known.includes(variable));
}

/** How a process of the stack is started. */
export function launchOf<Name extends ServiceName | 'supervisor'>(
  name: Name,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Launch & { readonly name: Name } {
  const whole = environmentWith(env);
  return {
    name,
    command,
    cwd: config.root,
    env: whole,
    record: recordFile(name),
    log: logFile(name),
    about: { name, variables: Object.keys(whole) } satisfies About,
  };
}

/** Runs a script of ours, below the project's folder. */
export function nodeCommand(script: string, ...args: string[]): [string, ...string[]] {
  return [process.execPath, '--import', 'tsx', path.join(config.root, script), ...args];
}
