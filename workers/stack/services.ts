import path from 'node:path';
import { serverCommand } from './temporalServer.ts';
import { config } from '../../temporal.config.ts';
import type { PortName, Ports } from '../../temporal.config.ts';

/** The processes of the dev stack, in the order in which they start; they end in reverse (see stop.ts). */
export const SERVICE_NAMES = ['temporal', 'reward', 'worker'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

export interface Service {
  readonly name: ServiceName;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Ports it takes: they are kept for as long as it lives. */
  readonly ports: readonly PortName[];
  /** A worker that finds no server ends at once: it is not started before one answers. */
  readonly needsServer: boolean;
}

/** How long each has to end after SIGTERM. */
export const GRACE_MS: Record<ServiceName, number> = { temporal: 10_000, reward: 5_000, worker: 20_000 };

export const recordFile = (name: ServiceName | 'supervisor'): string => path.join(config.runDir, `${name}.json`);
export const logFile = (name: ServiceName | 'supervisor'): string => path.join(config.logDir, `${name}.log`);

/** @param cli the Temporal CLI; absent when somebody else's server is used. */
export function devStack(cli: string | undefined, ports: Ports, env: Readonly<Record<string, string>>): Service[] {
  return [
    ...(cli === undefined
      ? []
      : [
          {
            name: 'temporal' as const,
            command: serverCommand(cli, ports),
            env: { TEMPORAL_VERSION_CHECK_DISABLED: '1' }, // its only look-up outside
            ports: ['temporal', 'ui'] as const,
            needsServer: false,
          },
        ]),
    {
      name: 'reward',
      command: nodeCommand('workers', 'reward-service', 'main.ts'),
      env,
      ports: ['reward'],
      needsServer: false,
    },
    { name: 'worker', command: nodeCommand('workers', 'dev.ts'), env, ports: [], needsServer: true },
  ];
}

function nodeCommand(...script: string[]): string[] {
  return [process.execPath, '--import', 'tsx', path.join(config.root, ...script)];
}
