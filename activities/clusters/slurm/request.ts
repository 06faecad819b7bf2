import { failure } from '../../failure.ts';
import type { JobAttempt, Machine } from '../types.ts';
import { commentOf, nameOf, type JobName } from './names.ts';
import { gresOf, minutesOf } from './options.ts';
import { scriptOf, started } from './script.ts';
import type { SlurmSettings } from './settings.ts';
import type { SlurmRequest } from './types.ts';

/** What lies beside the log of an attempt. */
export interface JobFiles {
  readonly script: string;
  /** Variables of the attempt, for its user alone (mode 0600); gone once the job has read them. */
  readonly secrets: string;
  /** Made by the job when it begins, with its id. */
  readonly begun: string;
}

/** @param log its absolute path. */
export function filesOf(log: string, whose: JobName): JobFiles {
  const stem = `${log.replace(/\.log$/, '')}.${nameOf(whose)}`;
  return { script: `${stem}.sh`, secrets: `${stem}.env`, begun: `${stem}.begun` };
}

/** The job of an attempt: pure, so that it can be shown without being submitted. */
export function requestOf(
  attempt: JobAttempt,
  whose: JobName,
  { settings, machine }: { readonly settings: SlurmSettings; readonly machine: Pick<Machine, 'root' | 'named'> },
): SlurmRequest {
  const { jobKey, resources, log, launch = 'one' } = attempt;
  const { folder = machine.root, setup } = settings;
  const files = filesOf(log, whose);
  const gres = gresOf(settings.gres, resources.gpusPerNode);
  const named = machine.named ?? {};
  const elsewhere = settings.folder !== undefined && named['PYTHONPATH'] !== undefined ? { PYTHONPATH: folder } : {};
  const run = { command: [...container(attempt, settings), ...attempt.command], launch, nodes: resources.nodes };
  return {
    name: nameOf(whose),
    comment: commentOf(whose),
    script: scriptOf({
      jobKey,
      attempt: attempt.attempt,
      ...run,
      folder,
      begun: files.begun,
      secrets: files.secrets,
      env: { ...named, ...elsewhere, ...settings.env },
      setup,
    }),
    scriptFile: files.script,
    log,
    folder,
    nodes: resources.nodes,
    steps: started(run)[0] === 'srun',
    minutes: minutesOf(resources.wallSeconds, settings),
    ...(gres !== undefined && { gres }),
    ...(attempt.queue !== undefined && { partition: attempt.queue }),
  };
}

function container({ image }: JobAttempt, settings: SlurmSettings): string[] {
  const words = settings.container ?? [];
  const used = settings.image ?? image;
  if (words.some((word) => word.includes('{image}')) && used === undefined)
    throw failure(
      'ClusterUnavailable',
      'Expected an image for {image} of FLYWHEEL_CLUSTERS.….container: its engine has none; set image beside it',
    );
  return words.map((word) => word.replaceAll('{image}', used ?? ''));
}
