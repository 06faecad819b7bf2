import { gauge } from '../../activities/metrics/registry.ts';
import { waits, WAITS_FOR, type LapStanding } from '../../shared/lap/standing.ts';
import type { WatchedLaps } from './watchLaps.ts';

const OF_LAP = ['run', 'lap'] as const;
type Figure = (standing: LapStanding) => number | undefined;

/** Shows how laps stand. Laps are few, so that their names are labels: `run` and `lap`. */
export function measureLaps(laps: WatchedLaps): void {
  const of = (name: `flywheel_lap_${string}`, help: string, figure: Figure) =>
    gauge({ name, help, labels: OF_LAP }, async (all) => {
      all.reset();
      for (const standing of await laps.standings()) {
        const value = figure(standing);
        if (value !== undefined) all.set({ run: standing.run, lap: standing.lap }, value);
      }
    });
  const now = () => Date.now() / 1000;

  gauge(
    {
      name: 'flywheel_lap_info',
      help: 'Always 1: which phase a lap is in and what has become of it (running, completed, failed, …).',
      labels: [...OF_LAP, 'preset', 'phase', 'status'],
    },
    async (all) => {
      all.reset();
      for (const { run, lap, preset, status, progress } of await laps.standings())
        all.set(
          { run, lap, preset, status, phase: progress?.phase ?? (status === 'running' ? 'unknown' : 'ended') },
          1,
        );
    },
  );
  gauge(
    {
      name: 'flywheel_lap_waiting_seconds',
      help: 'For how long a lap waits for people, for model servers or in the queue of a cluster; 0 where it does not.',
      labels: [...OF_LAP, 'for'],
    },
    async (all) => {
      all.reset();
      for (const { run, lap, progress } of await laps.standings()) {
        if (progress === undefined) continue;
        const found = waits(progress, Date.now());
        for (const what of WAITS_FOR) all.set({ run, lap, for: what }, found[what] ?? 0);
      }
    },
  );
  gauge(
    {
      name: 'flywheel_lap_notices',
      help: 'Always 1: what people outside were told of a lap, such as labels.heldBack or lap.waiting.',
      labels: [...OF_LAP, 'event'],
    },
    async (all) => {
      all.reset();
      for (const { run, lap, notices } of await laps.standings())
        for (const event of notices) all.set({ run, lap, event }, 1);
    },
  );
  gauge(
    {
      name: 'flywheel_lap_left_seconds',
      help: 'Seconds until the end of a lap, by what was measured; bound is about, or at_least where a phase was never measured.',
      labels: [...OF_LAP, 'bound'],
    },
    async (all) => {
      all.reset();
      for (const { run, lap, left } of await laps.standings())
        if (left) all.set({ run, lap, bound: left.atLeast ? 'at_least' : 'about' }, left.seconds);
    },
  );

  of(
    'flywheel_lap_phase_index',
    'Place of the phase under way among those of the lap, from 1.',
    ({ progress }) => progress?.phaseIndex,
  );
  of('flywheel_lap_phases', 'Phases that the lap has.', ({ progress }) => progress?.phases);
  of('flywheel_lap_start_time_seconds', 'When the lap began, seconds since 1970.', ({ startedAt }) => startedAt / 1000);
  of(
    'flywheel_lap_end_time_seconds',
    'When the lap ended, seconds since 1970; absent while it runs.',
    ({ endedAt }) => endedAt && endedAt / 1000,
  );
  of('flywheel_lap_phase_start_time_seconds', 'When the phase under way began, seconds since 1970.', ({ progress }) =>
    progress?.phaseStartedAt === undefined ? undefined : Date.parse(progress.phaseStartedAt) / 1000,
  );
  of(
    'flywheel_lap_still_seconds',
    'For how long nothing of a running lap has moved: no phase, step, call, token or question.',
    ({ status, movedAt }) => (status === 'running' ? now() - movedAt / 1000 : undefined),
  );
  of('flywheel_lap_calls_done', 'Model calls that the set under way has.', ({ progress }) => progress?.callsDone);
  of(
    'flywheel_lap_calls_planned',
    'Model calls that the set under way may take at most.',
    ({ progress }) => progress?.callsPlanned,
  );
  of('flywheel_lap_steps_done', 'Optimizer steps that the training under way has.', ({ progress }) => progress?.step);
  of(
    'flywheel_lap_steps_planned',
    'Optimizer steps that the training under way may take.',
    ({ progress }) => progress?.steps,
  );
  of(
    'flywheel_lap_step_duration_seconds',
    'How long the last optimizer step took.',
    ({ progress }) => progress?.stepSeconds,
  );
  of('flywheel_lap_reward', 'Mean reward of the last optimizer step.', ({ progress }) => progress?.reward);
  of(
    'flywheel_lap_flat_group_share',
    'Share of the groups of the last step in which every reward was equal: they teach nothing.',
    ({ progress }) => progress?.flatGroupShare,
  );
  of(
    'flywheel_lap_questions_waiting',
    'Questions of the lap that wait for a person.',
    ({ progress }) => progress && (progress.waitingForExperts ?? 0),
  );
  of(
    'flywheel_lap_warnings',
    'Warnings that the lap shows.',
    ({ progress }) => progress && (progress.warnings?.length ?? 0),
  );

  of('flywheel_lap_spent_calls', 'Model calls that the lap has paid for.', ({ spent }) => spent?.calls);
  of('flywheel_lap_spent_tokens', 'Tokens of the lap: of calls, and of trainings.', ({ spent }) => spent?.tokens);
  of(
    'flywheel_lap_spent_gpu_seconds',
    'GPU-seconds of the lap: of trainings, and of servers of its own.',
    ({ spent }) => spent && spent.gpuHours * 3600,
  );
  of(
    'flywheel_lap_spent_training_seconds',
    'Seconds for which trainings of the lap have run.',
    ({ spent }) => spent && spent.trainingHours * 3600,
  );
  of(
    'flywheel_lap_spent_queue_seconds',
    'Seconds that trainings of the lap waited in queues of their clusters.',
    ({ spent }) => spent && spent.queuedHours * 3600,
  );
  of(
    'flywheel_lap_spent_cost',
    'Money that calls and GPUs of the lap have cost, by the prices of its recipe; without people.',
    ({ spent }) => spent?.cost,
  );
  of('flywheel_lap_planned_calls', 'Model calls that the lap was planned to take.', ({ planned }) => planned?.calls);
  of('flywheel_lap_planned_tokens', 'Tokens that the lap was planned to take.', ({ planned }) => planned?.tokens);
  of(
    'flywheel_lap_planned_gpu_seconds',
    'GPU-seconds that the lap was planned to take.',
    ({ planned }) => planned && planned.gpuHours * 3600,
  );
  of(
    'flywheel_lap_planned_cost',
    'Money that the lap was planned to cost, people included.',
    ({ planned }) => planned?.cost,
  );
  of(
    'flywheel_lap_planned_people_seconds',
    'Time of people that the lap was planned to take.',
    ({ planned }) => planned && planned.expertMinutes * 60,
  );

  gauge({ name: 'flywheel_laps_looked_at_age_seconds', help: 'How old these figures of laps are.' }, async (age) => {
    await laps.standings();
    age.set(laps.age ?? -1);
  });
}
