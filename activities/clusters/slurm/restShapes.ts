import type { ClusterCapacity } from '../types.ts';
import { gpusOf } from './parse.ts';
import type { SlurmSettings } from './settings.ts';
import type { SlurmJob, SlurmRequest } from './types.ts';

/** v0.0.38 writes plain numbers and strings; later versions `{set, infinite, number}` and lists. Both are read. */
type RestNumber = number | { readonly set?: boolean; readonly infinite?: boolean; readonly number?: number } | null;

export interface RestJob {
  readonly job_id: number;
  readonly name?: string;
  readonly user_name?: string;
  readonly job_state: string | readonly string[];
  readonly state_reason?: string;
  readonly comment?: string;
  readonly submit_time?: RestNumber;
  readonly start_time?: RestNumber;
}

export interface RestError {
  readonly error?: string;
  readonly description?: string;
  /** Where it is said: both were seen, for the same errors. */
  readonly error_number?: number;
  readonly error_code?: number;
}

/** A job as the commands tell of it. */
export function jobOfRest({
  job_id: id,
  job_state,
  state_reason,
  comment,
  submit_time,
  start_time,
}: RestJob): SlurmJob {
  const state = stateOf(job_state);
  const submittedAt = secondsOf(submit_time);
  // A pending job's start is a forecast.
  const startedAt = state === 'PENDING' ? undefined : secondsOf(start_time);
  return {
    id: String(id),
    state,
    reason: state_reason ?? '',
    comment: comment ?? '',
    ...(submittedAt !== undefined && { submittedAt: submittedAt * 1000 }),
    ...(startedAt !== undefined && { startedAt: startedAt * 1000 }),
  };
}

/** Of `["RUNNING", "COMPLETING"]` the flag: what has one is not yet what the first says. */
function stateOf(state: RestJob['job_state']): string {
  if (typeof state === 'string') return state;
  return (
    state.find((each) => each === 'COMPLETING') ?? state.find((each) => each.startsWith('REQUEUE')) ?? state[0] ?? ''
  );
}

/** Seconds since the epoch; undefined where none is set. */
function secondsOf(value: RestNumber | undefined): number | undefined {
  const number = typeof value === 'object' ? (value?.set === false ? undefined : value?.number) : value;
  return number === undefined || number === 0 ? undefined : number;
}

export interface RestNode {
  readonly name?: string;
  readonly gres?: string;
  readonly partitions?: readonly string[];
}

/** @param partition of which alone the nodes count. */
export function capacityOfRest(nodes: readonly RestNode[], partition: string | undefined): ClusterCapacity {
  const ours = nodes.filter(({ partitions = [] }) => partition === undefined || partitions.includes(partition));
  return { nodes: ours.length, gpusPerNode: Math.max(0, ...ours.map(({ gres = '' }) => gpusOf(gres))) };
}

/**
 * Why the nodes of a partition could never run a request, in our words; undefined where they could. slurmrestd takes
 * such a job while it is held, and leaves it PENDING for ever.
 */
export function refusalByNodes(
  { nodes: wanted, gres }: Pick<SlurmRequest, 'nodes' | 'gres'>,
  nodes: readonly RestNode[],
  partition: string | undefined,
): string | undefined {
  const ours = nodes.filter(({ partitions = [] }) => partition === undefined || partitions.includes(partition));
  const able = gres === undefined ? ours : ours.filter((node) => hasGres(node.gres ?? '', gres));
  if (able.length >= wanted) return undefined;
  const kinds = [...new Set(ours.map((node) => node.gres || 'none'))].join(', ');
  const having = gres === undefined ? '' : ` with ${gres} (they have: ${kinds})`;
  return `${partition === undefined ? 'the cluster' : `partition ${partition}`} has ${able.length} node(s)${having}`;
}

/** Whether `gpu:h100:4(S:0-1)` has what `gpu:2`, `gpu:h100:4` or `gpu:h100` asks for. */
function hasGres(gres: string, asked: string): boolean {
  const [name, ...rest] = asked.split(':');
  const count = /^\d+$/.test(rest.at(-1) ?? '') ? Number(rest.pop()) : 1;
  const prefix = `${[name, ...rest].join(':')}:`;
  const each = gres.replace(/\([^)]*\)/g, '').split(',');
  const matching = each.filter((one) => `${one}:`.startsWith(prefix));
  return matching.reduce((sum, one) => sum + Number(/:(\d+)$/.exec(one)?.[1] ?? 1), 0) >= count;
}

type Asked = Pick<SlurmSettings, 'account' | 'partition' | 'qos' | 'constraint' | 'warnSeconds'>;

/**
 * The body of a submission. v0.0.38 knows no warning for a batch script: its time limit's own SIGTERM has to do, and
 * the site's KillWait after it. `requeue: false` is ignored there.
 */
export function submissionOf(request: SlurmRequest, settings: Asked, version: string): object {
  const { name, comment, script, log, folder, nodes, gres, minutes } = request;
  const { account, qos, constraint, warnSeconds } = settings;
  const partition = request.partition ?? settings.partition;
  const isFirst = version === 'v0.0.38';
  const environment = { PATH: '/usr/local/bin:/usr/bin:/bin', FLYWHEEL_JOB: name };
  const number = (value: number) => ({ set: true, infinite: false, number: value });
  const common = {
    name,
    comment,
    hold: true,
    current_working_directory: folder,
    standard_output: log.replaceAll('%', '%%'),
    standard_error: log.replaceAll('%', '%%'),
    ...(account !== undefined && { account }),
    ...(partition !== undefined && { partition }),
    ...(qos !== undefined && { qos }),
    ...(constraint !== undefined && { constraints: constraint }),
  };
  const job = isFirst
    ? {
        ...common,
        environment,
        no_requeue: true,
        open_mode: 'append',
        nodes,
        time_limit: minutes,
        ...(gres !== undefined && { gres }),
      }
    : {
        ...common,
        environment: Object.entries(environment).map(([key, value]) => `${key}=${value}`),
        requeue: false,
        open_mode: ['APPEND'],
        nodes: String(nodes),
        time_limit: number(minutes),
        kill_warning_flags: ['BATCH_JOB'],
        kill_warning_signal: 'TERM',
        kill_warning_delay: number(warnSeconds),
        ...(gres !== undefined && { tres_per_node: `gres/${gres}` }),
      };
  return { script, job };
}

const numberOf = ({ error_number: number, error_code: code }: RestError) => number ?? code ?? 0;

/** 2017: no such job, or purged. Nothing else means that a job is gone; -1 has the same text and is an outage. */
export const isGone = (errors: readonly RestError[]): boolean =>
  errors.some((error) => [2017, 2021].includes(numberOf(error)));

/**
 * What can never run, as far as it was seen: no such partition, and no such configuration. 2014 leaves a failed
 * job behind, whose id it does not tell.
 */
const NEVER: readonly number[] = [2000, 2014];

export function refusalOf(errors: readonly RestError[]): string | undefined {
  const refusing = errors.filter((error) => NEVER.includes(numberOf(error)));
  return refusing.length === 0 ? undefined : wordsOf(refusing);
}

export function wordsOf(errors: readonly RestError[]): string {
  return errors
    .map((error) => [error.error, error.description, `(${numberOf(error)})`].filter(Boolean).join(' '))
    .join('; ');
}
