import { counter, gauge } from './registry.ts';

const OF_JOB = ['cluster', 'stage'] as const;

const attempts = counter({
  name: 'flywheel_training_attempts_total',
  help: 'Attempts at trainings that were submitted.',
  labels: OF_JOB,
});
const ends = counter({
  name: 'flywheel_training_ends_total',
  help: 'Attempts that are over, by how (succeeded, failed, preempted, lost, timedOut, cancelled) and the class of a failure.',
  labels: [...OF_JOB, 'end', 'class'],
});
const queue = counter({
  name: 'flywheel_training_queue_seconds_total',
  help: 'Seconds that attempts that are over had waited in the queue of their cluster.',
  labels: OF_JOB,
});
const run = counter({
  name: 'flywheel_training_run_seconds_total',
  help: 'Seconds that attempts that are over had run.',
  labels: OF_JOB,
});
const steps = counter({
  name: 'flywheel_training_steps_total',
  help: 'Optimizer steps that were seen while a training was watched.',
  labels: OF_JOB,
});

/** A training, by where it runs and what it trains. */
interface Job {
  readonly cluster: string;
  readonly stage: string;
}

/** Those that this process watches. */
const watched = new Map<object, Job & { state: string; step: number }>();

gauge(
  {
    name: 'flywheel_trainings',
    help: 'Trainings under way that this process watches, by state: queued, starting, running, exporting.',
    labels: [...OF_JOB, 'state'],
  },
  (trainings) => {
    trainings.reset();
    for (const { cluster, stage, state } of watched.values()) trainings.inc({ cluster, stage, state });
  },
);

export const countAttempt = (job: Job): void => attempts.inc(job);

export function countEnd(
  job: Job,
  end: { readonly end: string; readonly class: string; readonly seconds: number; readonly queuedSeconds: number },
): void {
  ends.inc({ ...job, end: end.end, class: end.class });
  run.inc(job, Math.max(0, end.seconds));
  queue.inc(job, Math.max(0, end.queuedSeconds));
}

/** Watches a training: `saw` for each look at it, `end` once nobody looks any more. */
export function watchTraining(job: Job) {
  const key = {};
  return {
    saw: (state: string, step: number): void => {
      const before = watched.get(key);
      if (before !== undefined && step > before.step) steps.inc(job, step - before.step);
      watched.set(key, { ...job, state, step: Math.max(step, before?.step ?? 0) });
    },
    end: (): void => void watched.delete(key),
  };
}
