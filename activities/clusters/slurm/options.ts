import type { SlurmSettings } from './settings.ts';
import type { SlurmRequest } from './types.ts';

type Asked = Pick<
  SlurmSettings,
  'account' | 'partition' | 'qos' | 'constraint' | 'options' | 'warnSeconds' | 'longestSeconds'
>;

/**
 * Options of sbatch for a job. Never requeued: attempts are ours to count, and what Slurm requeues runs beside what a
 * lost node goes on with. Nothing of the submitter's environment: it has secrets.
 */
export function sbatchOptions(request: SlurmRequest, settings: Asked): string[] {
  const { name, comment, log, folder, nodes, gres, minutes, steps } = request;
  const { account, qos, constraint, options, warnSeconds } = settings;
  const partition = request.partition ?? settings.partition;
  const file = log.replaceAll('%', '%%');
  return [
    `--job-name=${name}`,
    `--comment=${comment}`,
    '--no-requeue',
    '--export=NONE',
    `--chdir=${folder}`,
    `--output=${file}`,
    `--error=${file}`,
    '--open-mode=append',
    `--nodes=${nodes}`,
    `--time=${minutes}`,
    `--signal=${steps ? '' : 'B:'}TERM@${warnSeconds}`,
    ...(account === undefined ? [] : [`--account=${account}`]),
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    ...(qos === undefined ? [] : [`--qos=${qos}`]),
    ...(constraint === undefined ? [] : [`--constraint=${constraint}`]),
    ...(gres === undefined ? [] : [`--gres=${gres}`]),
    ...options,
  ];
}

/**
 * The time limit of a job that may run so long, in minutes, Slurm's unit. It is warned `warnSeconds` before its limit,
 * and up to a minute earlier than that; where the site allows, both come after the wall time, which is kept by who
 * watches.
 */
export function minutesOf(wallSeconds: number, { warnSeconds, longestSeconds }: Asked): number {
  const wanted = Math.ceil((wallSeconds + warnSeconds + 60) / 60);
  return longestSeconds === undefined ? wanted : Math.min(wanted, Math.floor(longestSeconds / 60));
}

/** @param template with `{gpus}`. */
export function gresOf(template: string, gpus: number): string | undefined {
  return gpus === 0 ? undefined : template.replaceAll('{gpus}', String(gpus));
}
