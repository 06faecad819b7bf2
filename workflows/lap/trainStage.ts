import { setCurrentDetails } from '@temporalio/workflow';
import type { OpenedLap } from '../../activities/laps/open.ts';
import type { TrainingSource } from '../../activities/datasets/trainingData.ts';
import type { RunTrainingInput } from '../../activities/training/activities.ts';
import type { StageRecord } from '../../shared/lap/manifest.ts';
import type { Judge } from '../../shared/lap/orders.ts';
import { placeOf, uri } from '../../shared/ids.ts';
import type { StageName } from '../../shared/stages.ts';
import type { CheckpointModel, CheckpointRef } from '../../shared/records.ts';
import { seedOf } from '../../shared/seeds.ts';
import { longRowsOf, meansOf } from '../../shared/recipe/means.ts';
import { maxLossShareOf } from '../../shared/recipe/usual.ts';
import { jobLine, logLines } from './jobDetails.ts';
import { trainToEnd } from './trainingJob.ts';
import { data, training } from '../proxies.ts';
import { whileServed } from '../served.ts';

interface TrainStageInput {
  readonly opened: OpenedLap;
  readonly stage: StageName;
  readonly init: CheckpointRef;
  /** What the KL term holds it to. @default init */
  readonly reference?: CheckpointRef | undefined;
  /** What is trained on, and each source's share of a batch. */
  readonly sources: readonly { readonly source: TrainingSource; readonly weight: number }[];
  /** The frozen models that give the reward. None for v1 and the meta-verifier: experts' scores are theirs. */
  readonly judges?: Readonly<Partial<Record<Judge, CheckpointRef>>>;
}

/**
 * One training by GRPO: prompts from the datasets, rewards from the reward service, a checkpoint at the end. Shared by
 * all five stages.
 */
export async function trainStage(input: TrainStageInput): Promise<StageRecord> {
  const { opened, stage, init, reference, sources, judges = {} } = input;
  const { lap, recipe, prompts, donors } = opened;
  const { init: _, reference: __, ...hyper } = recipe.stages[stage];
  const jobKey = placeOf(lap, stage);
  const title = `**${stage}**: GRPO, ${hyper.maxSteps} steps of ${hyper.promptsPerStep} × ${hyper.groupSize}`;
  setCurrentDetails(`${title}\n\n${jobLine(opened, jobKey)}`);

  const datasets: RunTrainingInput['datasets'][number][] = [];
  for (const [index, { source, weight }] of sources.entries()) {
    const to = uri.dataset(jobKey, `${index + 1}-${source.task}`);
    const ref = await data.writeTrainingRows({ to, prompts, source });
    datasets.push({ role: source.task, ref, weight });
  }

  const refs = datasets.map(({ ref }) => ref);

  const models: Partial<Record<Judge, CheckpointModel>> = {};
  for (const role of ['verifier', 'metaVerifier'] as const) {
    const checkpoint = judges[role];
    if (checkpoint) models[role] = { role, checkpoint };
  }
  const spec = await data.writeRewardSpec({
    jobKey,
    prompts,
    judges: models,
    useMetaReward: judges.metaVerifier !== undefined,
    ...recipe.rewards,
    maxLossShare: maxLossShareOf(recipe),
    sampling: recipe.sampling,
    seed: seedOf(opened.seed, stage, 'judges'),
    datasets: refs,
    donors,
  });

  const { wallHours, maxAttempts } = recipe.training;
  const { outageMinutes, stallMinutes } = recipe.rewards;
  const { engine } = recipe.inference;
  const judging = { models: Object.values(models), engine, holder: jobKey, hours: wallHours * maxAttempts };
  const startedAt = new Date().toISOString();
  const job: RunTrainingInput = {
    jobKey,
    kind: 'grpo',
    initCheckpoint: init,
    ...(reference && { referenceCheckpoint: reference }),
    datasets,
    rewardSpecSha256: spec.sha256,
    outageMinutes,
    stallMinutes,
    hyper: {
      ...hyper,
      ...longRowsOf(recipe),
      maxUnscorableShare: recipe.rewards.maxUnscorableShare,
      seed: seedOf(opened.seed, stage),
    },
    ...meansOf(recipe, stage, opened.layout),
    donors,
  };
  const outcome = (donors && (await training.takeTraining(job))) ?? (await whileServed(judging, () => trainToEnd(job)));
  const {
    checkpoint,
    steps,
    stopReason,
    reward,
    attempts,
    seconds: trainingSeconds,
    queuedSeconds,
    longRows,
    watched,
    warnings,
    taken,
  } = outcome;
  const notes = (warnings ?? []).map((warning) => `⚠ ${warning}.`);
  setCurrentDetails([title, ...notes, ...logLines(opened, jobKey, attempts)].join('\n\n'));
  return {
    name: stage,
    jobKey,
    checkpoint,
    datasets: refs,
    steps,
    stopReason,
    reward,
    attempts,
    startedAt,
    trainingSeconds,
    ...(queuedSeconds && { queuedSeconds }),
    ...(longRows && { longRows }),
    ...(watched && { watched }),
    ...(warnings && { warnings }),
    ...(taken && { taken }),
  };
}
