import { hostname, userInfo } from 'node:os';
import type { Command } from 'commander';
import { clusterNamed } from '../../activities/clusters/registry.ts';
import { readAttempts, type AttemptRead } from '../../activities/training/attempts.ts';
import { JobFolder } from '../../activities/training/jobFolder.ts';
import { sayLost } from '../../activities/training/lost.ts';
import { LostMarks } from '../../activities/training/lostMarks.ts';
import { aligned, duration } from '../../reports/pages/format.ts';
import { short } from '../../shared/cost/planText.ts';
import { inMain, isJobKey } from '../../shared/ids.ts';
import { configuredClusters } from '../../workers/configured.ts';
import { store } from '../../workers/store.ts';
import { EXIT, UsageError } from '../usage.ts';

interface JobOptions {
  readonly forceLost?: boolean;
  readonly by?: string;
  readonly cluster?: string;
  readonly json?: boolean;
}

/** `flywheel job`: a training's attempts, and a person's word about one that nobody can see. */
export function registerJob(program: Command): void {
  program
    .command('job')
    .summary("a training's attempts, their queue, time and logs")
    .description(
      'Shows the attempts at a training: what each waited, ran and took, how it ended, and where its log is.\n' +
        'With --force-lost a person who knows that the machine of the last attempt is off says that it is dead, though ' +
        'its cluster cannot see that: the next attempt begins, from the last state. It is refused while the attempt is ' +
        'seen alive. What should come back all the same ends itself.',
    )
    .argument('<job>', 'such as main/lap-0001/generator, or lap-0001/generator for short')
    .option('--force-lost', 'its last attempt is dead')
    .option('--by <name>', 'who says so (default: this user of this machine)')
    .option('--cluster <name>', 'the cluster that has it, of a job that an earlier release submitted')
    .option('--json', 'print one JSON object')
    .action(showJob);
}

async function showJob(named: string, { forceLost = false, by, cluster, json = false }: JobOptions): Promise<void> {
  const jobKey = named.startsWith('lap-') ? inMain(named) : named;
  if (!isJobKey(jobKey)) throw new UsageError(`Expected a job such as main/lap-0001/generator, got ${named}`);
  const folder = new JobFolder(store, jobKey);
  const attempts = await readAttempts(store, folder);
  const last = attempts.at(-1);
  if (last === undefined)
    throw new UsageError(`Expected a job of which an attempt was submitted, got ${JSON.stringify(named)}`);
  if (!forceLost) {
    const lines = [`${jobKey}:`, ...attemptLines(attempts)];
    console.log(json ? JSON.stringify({ jobKey, attempts }) : lines.join('\n'));
    return;
  }
  const told = await forcedLost(folder, last, by ?? `${userInfo().username}@${hostname()}`, cluster);
  if (told.kind === 'refused') process.exitCode = EXIT.failed;
  const which = `attempt ${last.attempt} of ${jobKey}`;
  const line = {
    said: `On record: ${which} is dead, says ${told.said?.by}. The next attempt begins at the next look.`,
    saidBefore: `On record already: ${which} is dead, said ${told.said?.by} at ${told.said?.at}.`,
    refused: `Refused, of ${which}: ${told.why}.`,
  }[told.kind];
  console.log(json ? JSON.stringify({ jobKey, attempt: last.attempt, ...told }) : line);
}

interface Told {
  readonly kind: 'said' | 'saidBefore' | 'refused';
  readonly said?: { readonly by: string; readonly at: string };
  readonly why?: string;
}

async function forcedLost(
  folder: JobFolder,
  { job, end, message }: AttemptRead,
  by: string,
  named: string | undefined,
): Promise<Told> {
  if (end !== undefined)
    return { kind: 'refused', why: `it has ended (${end}${message === undefined ? '' : `: ${message}`})` };
  const name = job.cluster ?? named;
  if (name === undefined) throw new UsageError('Expected --cluster: the job does not say which cluster has it');
  return sayLost(job, by, { marks: new LostMarks(store, folder), cluster: clusterNamed(configuredClusters(), name) });
}

/** Each attempt: queue, time and GPU-hours apart. */
export function attemptLines(attempts: readonly AttemptRead[]): string[] {
  const told = (seconds: number | undefined) => (seconds === undefined ? '' : duration(seconds));
  return [
    ...aligned([
      ['attempt', 'cluster', 'id', 'in the queue', 'ran', 'GPU-hours', 'end'],
      ...attempts.map(({ attempt, job, end = 'under way', queuedSeconds, seconds, gpuHours }) => [
        String(attempt),
        job.cluster ?? '',
        job.id,
        told(queuedSeconds),
        told(seconds),
        gpuHours === undefined ? '' : short(gpuHours),
        end,
      ]),
    ]),
    ...attempts.flatMap(({ attempt, message, log, saidLost }) => [
      `  log of ${attempt}: ${log}`,
      ...(message === undefined ? [] : [`    ${message}`]),
      ...(saidLost === undefined ? [] : [`    ${saidLost.by} said at ${saidLost.at} that it is dead: ${saidLost.saw}`]),
    ]),
  ];
}
