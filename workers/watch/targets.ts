import { hostname } from 'node:os';
import { isAlive, recordOfThisProcess, type ProcessRecord } from '../../activities/processes/records.ts';
import { config } from '../../temporal.config.ts';
import { stateFiles } from '../stack/state.ts';

/**
 * Where the processes of this state folder show their metrics: a file each, of the form that Prometheus'
 * `file_sd_configs` reads.
 */
const FOLDER = 'run/metrics/';
/** A label for us: Prometheus drops those that begin with two underscores. */
const WHO = '__flywheel_who';

interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<'process' | typeof WHO, string>>;
}

/** The process, as JSON in the label. */
type Who = ProcessRecord & { readonly host: string };

/** A process of ours that shows its metrics. */
export interface Target {
  readonly process: string;
  /** `host:port` */
  readonly address: string;
  readonly pid: number;
  /** Whether it lives; of another machine's that is not known, and it is believed. */
  readonly lives: boolean;
}

/** Tells where this process shows its metrics. A killed one's file goes with the first of its kind that comes after. */
export async function recordTarget(process: string, address: string): Promise<() => Promise<void>> {
  for (const { file, target } of await found())
    if (target.process === process && !target.lives) await stateFiles.remove(file);
  const who: Who = { host: hostname(), ...(await recordOfThisProcess()) };
  const file = `${FOLDER}${process}-${address.slice(address.lastIndexOf(':') + 1)}.json`;
  const labels = { process, [WHO]: JSON.stringify(who) };
  await stateFiles.writeJson(file, [{ targets: [address], labels }] satisfies TargetGroup[]);
  return () => stateFiles.remove(file);
}

/** The processes of this state folder that show their metrics, with those that were killed. */
export async function targets(): Promise<Target[]> {
  return (await found()).map(({ target }) => target);
}

/** For Prometheus' settings. */
export const targetFiles = `${config.stateDir}/${FOLDER}*.json`;

async function found(): Promise<{ readonly file: string; readonly target: Target }[]> {
  const all: { file: string; target: Target }[] = [];
  for await (const file of stateFiles.list(FOLDER)) {
    const group = (await stateFiles.findJson<TargetGroup[]>(file))?.[0];
    const address = group?.targets[0];
    if (group === undefined || address === undefined) continue;
    const { host, ...record } = JSON.parse(group.labels[WHO]) as Who;
    const lives = host !== hostname() || (await isAlive(record));
    all.push({ file, target: { process: group.labels.process, address, pid: record.pid, lives } });
  }
  return all;
}
