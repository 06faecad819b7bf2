import type { ClusterCapacity } from '../types.ts';
import type { SlurmJob } from './types.ts';

/** Fields of `squeue -o`, the comment last: it may hold what parts the others. */
export const SQUEUE_FORMAT = '%i|%T|%r|%V|%S|%k';

/** What `squeue -h -o` prints, with SLURM_TIME_FORMAT=%s. */
export function parseSqueue(text: string): SlurmJob[] {
  return linesOf(text).map((line) => {
    const [id = '', state = '', reason = '', submitted = '', started = '', ...comment] = line.split('|');
    if (!/^\d+$/.test(id) || state === '')
      throw new Error(`Expected squeue to print jobs as ${SQUEUE_FORMAT}, got ${JSON.stringify(line.slice(0, 200))}`);
    // A pending job's start is a forecast.
    const startedAt = state === 'PENDING' ? undefined : timeOf(started);
    return jobOf({ id, state, reason, comment: comment.join('|'), submittedAt: timeOf(submitted), startedAt });
  });
}

export const SACCT_FORMAT = 'JobIDRaw,State,Submit,Start,Reason';

/** What `sacct -X -n -P -o` prints, with SLURM_TIME_FORMAT=%s: `CANCELLED by 0` is CANCELLED. */
export function parseSacct(text: string): SlurmJob[] {
  return linesOf(text).map((line) => {
    const [id = '', state = '', submitted = '', started = '', reason = ''] = line.split('|');
    if (!/^\d+$/.test(id) || state === '')
      throw new Error(`Expected sacct to print jobs as ${SACCT_FORMAT}, got ${JSON.stringify(line.slice(0, 200))}`);
    const [first = ''] = state.split(' ');
    const times = { submittedAt: timeOf(submitted), startedAt: timeOf(started) };
    return jobOf({ id, state: first, reason, comment: '', ...times });
  });
}

/** What `sinfo -h -N -o '%N|%t|%G'` prints: a line for a node and each of its partitions. */
export function parseSinfo(text: string): ClusterCapacity {
  const gpus = new Map<string, number>();
  for (const line of linesOf(text)) {
    const [name = '', , gres = ''] = line.split('|');
    gpus.set(name, gpusOf(gres));
  }
  return { nodes: gpus.size, gpusPerNode: Math.max(0, ...gpus.values()) };
}

/**
 * Nodes that Slurm has not heard of, or gave up, and their states, of what `sinfo -h -N -o '%N|%t|%G'` prints. A star
 * says that a node does not answer.
 */
export function nodesAway(text: string): string[] {
  const away = linesOf(text).flatMap((line) => {
    const [name = '', state = ''] = line.split('|');
    return state.includes('*') || /^(down|unk|fail|boot|err|inval)/.test(state) ? [`${name} (${state})`] : [];
  });
  return [...new Set(away)];
}

/** Of `gpu:h100:4(S:0-1),gpu:a100:2,license:1` 6. */
export function gpusOf(gres: string): number {
  const found = gres.replace(/\([^)]*\)/g, '').split(',');
  return found.reduce(
    (sum, each) => sum + Number(/^(?:gres[:/])?gpu(?::[^:]+)?:(\d+)$/.exec(each.trim())?.[1] ?? 0),
    0,
  );
}

/** What Slurm says of a request that can never run. Everything else may heal, and is no refusal. */
const NEVER =
  /node configuration is not available|invalid partition|invalid account|invalid qos|invalid feature|invalid generic resource|group not permitted to use this partition|Requested time limit is invalid|More processors requested than permitted|Node count specification invalid|unrecognized option|Invalid --?\S+ specification/i;

/** A refusal that Slurm also says while nodes are away, such as until they have answered a controller that began anew. */
export const OF_NODES = /node configuration is not available/i;

/** The refusal in what `sbatch` wrote to stderr, if it is one. */
export function refusalIn(stderr: string): string | undefined {
  const words = linesOf(stderr).map((line) => line.replace(/^(sbatch: )?(error: )?/, ''));
  return words.some((line) => NEVER.test(line)) ? words.join('; ') : undefined;
}

/** The id that `sbatch --parsable` prints: `12`, or `12;cluster`. */
export function parseSubmitted(stdout: string): string {
  const [, id] = /^(\d+)(?:;\S+)?$/.exec(stdout.trim().split('\n').at(-1) ?? '') ?? [];
  if (id === undefined) throw new Error(`Expected sbatch to print a job's id, got ${JSON.stringify(stdout)}`);
  return id;
}

const linesOf = (text: string) => text.split('\n').filter((line) => line.trim() !== '');

/** Seconds since the epoch, as milliseconds; `N/A`, `Unknown` and 0 are no time. */
function timeOf(text: string): number | undefined {
  return /^[1-9]\d*$/.test(text) ? Number(text) * 1000 : undefined;
}

type Undefinable<T> = { readonly [K in keyof T]: T[K] | undefined };

/** Without the fields that are not known. */
function jobOf({ submittedAt, startedAt, ...job }: SlurmJob | UnknownTimes): SlurmJob {
  return { ...job, ...(submittedAt !== undefined && { submittedAt }), ...(startedAt !== undefined && { startedAt }) };
}
type UnknownTimes = Omit<SlurmJob, 'submittedAt' | 'startedAt'> &
  Undefinable<Pick<Required<SlurmJob>, 'submittedAt' | 'startedAt'>>;
