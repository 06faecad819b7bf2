import { executeChild } from '@temporalio/workflow';
import type { OpenedLap } from '../../activities/laps/open.ts';
import type { StageRecord } from '../../shared/lap/manifest.ts';
import { placeOf } from '../../shared/ids.ts';
import type { InitName, StageName } from '../../shared/stages.ts';
import type { CheckpointRef } from '../../shared/records.ts';
import type { Progress } from './lapProgress.ts';
import { trainStage } from './trainStage.ts';
import type { TrainStageInput } from './trainStage.ts';
import { failure } from '../failure.ts';

export type Trainings = ReturnType<typeof trackTrainings>;

/** Runs a lap's trainings as its phases, and keeps what each started from and came to. */
export function trackTrainings(opened: OpenedLap, progress: Progress) {
  const { recipe } = opened;
  const checkpoints: Partial<Record<InitName, CheckpointRef>> = { base: opened.base };
  const stages: StageRecord[] = [];

  /** @throws where a stage is to start from one that this lap has not trained. */
  function checkpointOf(init: InitName): CheckpointRef {
    const checkpoint = checkpoints[init];
    if (checkpoint === undefined)
      throw failure('InvalidLap', `Expected a stage to start from an earlier one of its lap, got ${init}`);
    return checkpoint;
  }

  async function train(stage: StageName, work: Pick<TrainStageInput, 'sources' | 'judges'>): Promise<CheckpointRef> {
    const { init, maxSteps } = recipe.stages[stage];
    const record = await progress.phase(
      stage,
      () =>
        executeChild(trainStage, {
          workflowId: placeOf(opened.lap, stage),
          args: [{ opened, stage, init: checkpointOf(init), ...work }],
          staticSummary: `${stage} from ${init}: GRPO, ${maxSteps} steps`,
        }),
      ({ reward, steps }) => `reward ${reward.first.toFixed(2)} → ${reward.last.toFixed(2)} in ${steps} steps`,
    );
    stages.push(record);
    checkpoints[stage] = record.checkpoint;
    return record.checkpoint;
  }

  return {
    train,
    checkpointOf,
    /** What a consolidation came to, for stages to start from. */
    consolidated(checkpoint: CheckpointRef): void {
      checkpoints.consolidation = checkpoint;
    },
    stages: (): readonly StageRecord[] => stages,
  };
}
