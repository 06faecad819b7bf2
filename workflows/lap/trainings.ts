import type { OpenedLap } from '../../activities/laps/open.ts';
import type { StageRecord } from '../../shared/lap/manifest.ts';
import type { Judge, TrainedTask, TrainingData } from '../../shared/lap/orders.ts';
import { orderOf } from '../../shared/lap/phases.ts';
import type { InitName, StageName } from '../../shared/stages.ts';
import type { CheckpointRef, DatasetRef } from '../../shared/records.ts';
import type { Faulty } from './faultyProblems.ts';
import type { Progress } from './lapProgress.ts';
import { trainStage } from './trainStage.ts';
import { failure } from '../failure.ts';

export type Trainings = ReturnType<typeof trackTrainings>;

/** Runs a lap's trainings as its phases, and keeps what each started from and came to. */
export function trackTrainings(opened: OpenedLap, progress: Progress, faulty: Faulty) {
  const { recipe } = opened;
  const { base, verifier } = opened;
  const checkpoints: Partial<Record<InitName, CheckpointRef>> = { base, ...(verifier && { verifierV2: verifier }) };
  const stages: StageRecord[] = [];

  /** @throws where a stage is to start from one that this lap has not trained. */
  function checkpointOf(init: InitName): CheckpointRef {
    const checkpoint = checkpoints[init];
    if (checkpoint === undefined)
      throw failure('InvalidLap', `Expected a stage to start from an earlier one of its lap, got ${init}`);
    return checkpoint;
  }

  /**
   * @param from what the order's sources are read from; the parts of a dataset share its weight by their rows.
   * @param models who judges, of those that the order names.
   */
  async function train(
    stage: StageName,
    from: Readonly<Partial<Record<TrainingData, readonly DatasetRef[] | undefined>>>,
    models: Readonly<Partial<Record<Judge, CheckpointRef | undefined>>> = {},
  ): Promise<CheckpointRef> {
    const order = orderOf(opened, stage, 'train', stage);
    const sources: { source: { task: TrainedTask; rows: DatasetRef }; weight: number }[] = [];
    for (const { task, of, weight } of order.sources) {
      const parts = from[of] ?? [];
      const sound = faulty.isClear() ? parts : await faulty.without(`${stage}-${of}`, parts);
      for (const { rows, share } of shares(sound, weight)) sources.push({ source: { task, rows }, weight: share });
    }
    const judges = Object.fromEntries(
      (Object.keys(order.judges) as Judge[]).flatMap((judge) => (models[judge] ? [[judge, models[judge]]] : [])),
    );
    const { init, maxSteps, reference: heldTo } = recipe.stages[stage];
    const reference = heldTo === 'firstVerifier' ? opened.parent?.models.firstVerifier : undefined;
    const record = await progress.child(
      stage,
      trainStage,
      { opened, stage, init: checkpointOf(init), ...(reference && { reference }), sources, judges },
      `${stage} from ${init}: GRPO, ${maxSteps} steps`,
      ({ reward, steps }) => `reward ${reward.first.toFixed(2)} → ${reward.last.toFixed(2)} in ${steps} steps`,
    );
    stages.push(record);
    checkpoints[stage] = record.checkpoint;
    return record.checkpoint;
  }

  return {
    train,
    checkpointOf,
    /** What others start from though no stage of this lap trained it: a consolidation, or what an earlier lap did. */
    has(init: InitName, checkpoint: CheckpointRef): void {
      checkpoints[init] = checkpoint;
    },
    stages: (): readonly StageRecord[] => stages,
  };
}

function shares(parts: readonly DatasetRef[], weight: number) {
  if (parts.length === 1) return parts.map((rows) => ({ rows, share: weight }));
  const total = parts.reduce((sum, { rows }) => sum + rows, 0);
  return parts.filter(({ rows }) => rows > 0).map((rows) => ({ rows, share: (weight * rows.rows) / total }));
}
