import { CourseWords } from '../../shared/figures/taught.ts';
import { uri } from '../../shared/ids.ts';
import type { ArtifactRef, CheckpointRef, Made } from '../../shared/records.ts';
import type { SucceededJob } from '../../shared/training/job.ts';
import type { TakenTraining } from '../../shared/training/taken.ts';
import { failure } from '../failure.ts';
import { checkpointRef, expectWritten, recordMade } from '../store/checkpoints.ts';
import { madeBy } from '../store/made.ts';
import { ArtifactChanged, type ArtifactStore } from '../store/types.ts';
import type { AttemptEnd, JobFolder } from './jobFolder.ts';
import { metricsLines } from './metrics.ts';
import { rewardLines } from './rewardLines.ts';
import type { RunTrainingInput, TrainingOutcome } from './types.ts';

/** @throws when the checkpoint that the result names is not in the store, or is not what it says. */
export async function outcomeOf(
  input: RunTrainingInput,
  attempt: number,
  attempts: readonly AttemptEnd[],
  { folder, store }: { readonly folder: JobFolder; readonly store: ArtifactStore },
): Promise<TrainingOutcome> {
  const { result } = await folder.result(attempt);
  if (result?.status !== 'succeeded')
    throw new Error(
      `Expected ${folder.uri('result.json')} to be the result of attempt ${attempt}, got ` +
        `${result?.status ?? 'none'}: it was changed`,
    );
  const checkpoint = checkpointRef(result.checkpoint.sha256);
  await expectWritten(store, checkpoint).catch((error: Error) => {
    if (!(error instanceof ArtifactChanged)) throw error; // the store's
    throw failure('JobFailed.data', `Training job ${folder.jobKey}: ${error.message}`);
  });
  await recordMade(store, checkpoint, madeOf(input, await store.refOf(folder.jobFile(attempt))));
  const sum = (of: (attempt: AttemptEnd) => number): number =>
    Math.round(attempts.reduce((total, each) => total + of(each), 0) * 1000) / 1000;
  const taken = await folder.taken();
  const queuedSeconds = sum(({ queuedSeconds = 0 }) => queuedSeconds);
  return {
    ...(await cameTo(input, result, checkpoint, store)),
    attempts: attempts.length,
    seconds: sum(({ seconds }) => seconds),
    ...(queuedSeconds > 0 && { queuedSeconds }),
    ...(taken && { taken }),
  };
}

/** What a training says that took over another's result, its records beside it. */
export async function takenOutcome(
  input: RunTrainingInput,
  result: SucceededJob,
  taken: TakenTraining,
  store: ArtifactStore,
): Promise<TrainingOutcome> {
  const came = await cameTo(input, result, checkpointRef(result.checkpoint.sha256), store);
  return { ...came, attempts: 0, seconds: 0, taken };
}

/** What its result says, whoever made it. */
async function cameTo(
  input: RunTrainingInput,
  { steps, stopReason, reward, longRows, watched = [] }: SucceededJob,
  checkpoint: CheckpointRef,
  store: ArtifactStore,
) {
  const struck = watched.map((words) => `${input.jobKey}: ${words}`);
  const warnings = [...struck, ...(await warningsOf(input, checkpoint, store))];
  return {
    checkpoint,
    steps,
    stopReason,
    reward,
    ...(longRows && { longRows }),
    ...(watched.length > 0 && { watched }),
    ...(warnings.length > 0 && { warnings }),
  };
}

/** What its metrics and rewards say, where it taught nothing. */
async function warningsOf(
  { jobKey, initCheckpoint, hyper }: RunTrainingInput,
  checkpoint: CheckpointRef,
  store: ArtifactStore,
): Promise<string[]> {
  const words = new CourseWords();
  for await (const line of rewardLines(store, jobKey)) words.add(line);
  const lines = await metricsLines(store, uri.jobs(jobKey, 'metrics.jsonl'));
  return words.text({ jobKey, init: initCheckpoint.sha256, checkpoint: checkpoint.sha256, lines, hyper });
}

type Trained = Pick<RunTrainingInput, 'jobKey' | 'initCheckpoint' | 'referenceCheckpoint' | 'datasets'> & {
  readonly rewardSpecSha256?: string;
};

/** What a training makes its checkpoint of. */
export function madeOf(input: Trained, job: ArtifactRef): Made {
  const { jobKey, initCheckpoint, referenceCheckpoint, datasets, rewardSpecSha256: sha256 } = input;
  return madeBy(jobKey, {
    'started from': initCheckpoint,
    'held to': referenceCheckpoint,
    'trained on': datasets.map(({ ref }) => ref),
    rewards: sha256 === undefined ? undefined : { uri: uri.rewardSpec(jobKey), sha256 },
    job,
  });
}
