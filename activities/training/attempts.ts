import type { Job } from '../../shared/training/job.ts';
import type { SaidLost } from '../../shared/training/lost.ts';
import type { ArtifactStore } from '../store/types.ts';
import { LostMarks } from './lostMarks.ts';
import type { JobFolder, Submission } from './jobFolder.ts';

/** What an attempt took and came to, by its job's folder alone. */
export interface AttemptRead {
  readonly attempt: number;
  readonly job: Submission;
  /** How it ended; undefined while nobody has seen its end. */
  readonly end?: string;
  readonly message?: string;
  /** Of one that has ended. */
  readonly queuedSeconds?: number;
  readonly seconds?: number;
  /** Its seconds × nodes × GPUs of each. */
  readonly gpuHours?: number;
  /** Where people find its log. */
  readonly log: string;
  readonly saidLost?: SaidLost;
}

/** The attempts of a job, in order. */
export async function readAttempts(store: ArtifactStore, folder: JobFolder): Promise<AttemptRead[]> {
  const attempts: AttemptRead[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const job = await folder.submission(attempt);
    if (job === undefined) return attempts;
    const end = await folder.end(attempt);
    const saidLost = await new LostMarks(store, folder).find(attempt);
    const { resources } = (await store.findJson<Pick<Job, 'resources'>>(folder.jobFile(attempt))) ?? {};
    const gpus = resources && resources.nodes * resources.gpusPerNode;
    attempts.push({
      attempt,
      job,
      log: store.address(folder.log(attempt)),
      ...(saidLost && { saidLost }),
      ...(end && {
        end: end.state,
        seconds: end.seconds,
        queuedSeconds: end.queuedSeconds ?? 0,
        ...(end.message !== undefined && { message: end.message }),
        ...(gpus !== undefined && { gpuHours: (end.seconds / 3600) * gpus }),
      }),
    });
  }
}
