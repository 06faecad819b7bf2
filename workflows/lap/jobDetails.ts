import type { OpenedLap } from '../../activities/laps/open.ts';
import { uri } from '../../shared/ids.ts';

type Opened = Pick<OpenedLap, 'jobsAt'>;

/** A job and where its attempts log, while it is not known how many those will be. */
export function jobLine({ jobsAt }: Opened, jobKey: string): string {
  const logs = uri.jobs(jobKey, 'attempt-N.log');
  const folder = jobsAt === undefined ? `\`${logs}\`` : `[attempt-N.log](${jobsAt}/${jobKey}/)`;
  return `Job \`${jobKey}\`, logs ${folder}; \`flywheel job ${jobKey}\` shows its attempts`;
}

/** The log of each attempt, as a link where it is known where logs lie. */
export function logLines({ jobsAt }: Opened, jobKey: string, attempts: number): string[] {
  return Array.from({ length: attempts }, (_, index) => {
    const file = `attempt-${index + 1}.log`;
    return jobsAt === undefined
      ? `Log \`${uri.jobs(jobKey, file)}\``
      : `Log of attempt ${index + 1}: [${file}](${jobsAt}/${jobKey}/${file})`;
  });
}
