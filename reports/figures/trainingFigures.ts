import { jobResultSchema, type MetricsLine } from '../../shared/training/job.ts';
import { trainingsOf, type StageRecord } from '../../shared/lap/manifest.ts';
import { meanOf } from '../../shared/statistics/measures.ts';
import { COURSE, type CourseStep, type TrainingFigures } from '../../shared/figures/work.ts';
import type { StageRecipe } from '../../shared/recipe/recipe.ts';
import { metricsLines } from '../../activities/training/metrics.ts';
import { rewardLines, type CallCost } from '../../activities/training/rewardLines.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import type { Measuring } from './notes.ts';
import { uri } from '../../shared/ids.ts';

const NO_CALLS: CallCost = { calls: 0, promptTokens: 0, completionTokens: 0 };

const sumOfCalls = (a: CallCost, b: CallCost): CallCost => ({
  calls: a.calls + b.calls,
  promptTokens: a.promptTokens + b.promptTokens,
  completionTokens: a.completionTokens + b.completionTokens,
});

/** A training, and what it took of models: its judges' calls, and the tokens of those and of its own samples. */
export type UsedTraining = Awaited<ReturnType<typeof usedTrainings>>[number];

/**
 * `used` is what this lap paid for; `whole` has what it took over from an earlier one beside.
 * From `rewards/<jobKey>/rewards.jsonl` and `jobs/<jobKey>/result.json`. Also counts the samples that imitate verdicts.
 */
export async function usedTrainings({ store, manifest, notes }: Measuring) {
  const trainings = [];
  for (const training of trainingsOf(manifest)) {
    const { name, jobKey } = training;
    const trainingTokens = await sampledTokens(store, jobKey);
    let [judged, taken, imitations, scored] = [NO_CALLS, NO_CALLS, 0, 0];
    for await (const { answer, judge } of rewardLines(store, jobKey)) {
      judged = sumOfCalls(judged, judge);
      taken = sumOfCalls(taken, judge.taken ?? NO_CALLS);
      if (answer.status !== 'scored') continue;
      scored += 1;
      if (answer.imitatesVerdict) imitations += 1;
    }
    trainings.push({
      ...training,
      used: { ...less(judged, taken), trainingTokens: trainingTokens - (training.taken?.tokens ?? 0) },
      whole: { ...judged, trainingTokens },
      takenCalls: taken.calls,
    });
    if (name !== 'consolidation') notes.imitations[`trainings.${name}`] = { found: imitations, of: scored };
  }
  return trainings;
}

const less = (a: CallCost, b: CallCost): CallCost => ({
  calls: a.calls - b.calls,
  promptTokens: a.promptTokens - b.promptTokens,
  completionTokens: a.completionTokens - b.completionTokens,
});

/** Sampled or learned by the trainer itself. */
async function sampledTokens(store: ArtifactStore, jobKey: string): Promise<number> {
  const { data } = jobResultSchema.safeParse(await store.findJson(uri.jobs(jobKey, 'result.json')));
  return data?.status === 'succeeded' ? data.tokens : 0;
}

/** How each training went, from its `jobs/<jobKey>/metrics.jsonl`. */
export async function trainingFigures(lap: Measuring): Promise<TrainingFigures[]> {
  const figures: TrainingFigures[] = [];
  for (const stage of lap.manifest.stages) {
    const { watches } = lap.manifest.recipe.stages[stage.name];
    figures.push(trainingFigure(stage, watches, await metricsOf(lap, stage)));
  }
  return figures;
}

function trainingFigure(
  stage: StageRecord,
  watches: StageRecipe['watches'],
  lines: readonly MetricsLine[],
): TrainingFigures {
  const { name, jobKey, steps, stopReason, watched, attempts, trainingSeconds, queuedSeconds, longRows, taken } = stage;
  const course = courseOf(lines);
  return {
    name,
    jobKey,
    steps,
    stopReason,
    ...(watched && { watched }),
    attempts,
    trainingSeconds,
    ...(queuedSeconds && { queuedSeconds }),
    ...(longRows && { longRows }),
    ...(taken && { taken }),
    firstReward: lines[0]?.reward ?? null,
    lastReward: lines.at(-1)?.reward ?? null,
    lastFlatGroupShare: lines.at(-1)?.flatGroupShare ?? null,
    flatGroupShareOfLastFive: meanOf(lines.slice(-5).flatMap(({ flatGroupShare }) => flatGroupShare ?? [])),
    unscorable: lines.reduce((sum, line) => sum + (line.unscorable ?? 0), 0),
    secondsPerStep: meanOf(lines.map(({ stepSeconds }) => stepSeconds)),
    curve: lines.map(({ step, reward, flatGroupShare = null }) => ({ step, reward, flatGroupShare })),
    ...(course.length > 0 && { course }),
    ...(watches && { watches }),
  };
}

/** Nothing where an engine says none of it. */
function courseOf(lines: readonly MetricsLine[]): CourseStep[] {
  const said = COURSE.filter((metric) => lines.some((line) => line[metric] !== undefined));
  if (said.length === 0) return [];
  return lines.map((line) => ({
    step: line.step,
    ...Object.fromEntries(said.flatMap((metric) => (line[metric] === undefined ? [] : [[metric, line[metric]]]))),
  }));
}

async function metricsOf({ store, notes }: Measuring, stage: StageRecord): Promise<MetricsLine[]> {
  const file = uri.jobs(stage.jobKey, 'metrics.jsonl');
  if (!(await store.exists(file))) {
    notes.absent(`trainings.${stage.name}`, `no ${file} in the store`);
    return [];
  }
  return metricsLines(store, file);
}
