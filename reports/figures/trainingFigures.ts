import { jobResultSchema, metricsLineSchema, type MetricsLine } from '../../shared/training/job.ts';
import { trainingsOf, type StageRecord } from '../../shared/lap/manifest.ts';
import { meanOf } from '../../shared/figures/measures.ts';
import type { Task } from '../../shared/records.ts';
import type { TrainingFigures } from '../../shared/figures/report.ts';
import type { RewardAnswer } from '../../shared/reward/protocol.ts';
import type { JudgeScores } from '../../shared/reward/rewards.ts';
import { linesOf } from '../../activities/store/lines.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import type { Measuring } from './notes.ts';
import { uri } from '../../shared/ids.ts';

/** What is read of a line of `rewards/<jobKey>/rewards.jsonl`. */
export interface RewardLine {
  readonly task: Task;
  readonly answer: RewardAnswer;
  readonly responseSha256: string;
  readonly verdicts: JudgeScores;
  readonly judge: { readonly calls: number; readonly promptTokens: number; readonly completionTokens: number };
  /** Kept of a sample only. */
  readonly response?: string;
}

export const rewardLines = (store: ArtifactStore, jobKey: string) =>
  jsonLinesOf(store, uri.rewards(jobKey)) as AsyncGenerator<RewardLine>;

/** A training, and what it took of models: its judges' calls, and the tokens of those and of its own samples. */
export type UsedTraining = Awaited<ReturnType<typeof usedTrainings>>[number];

/**
 * From `rewards/<jobKey>/rewards.jsonl` and `jobs/<jobKey>/result.json`. Also counts the samples that imitate verdicts.
 */
export async function usedTrainings({ store, manifest, notes }: Measuring) {
  const trainings = [];
  for (const training of trainingsOf(manifest)) {
    const { name, jobKey } = training;
    const trainingTokens = await sampledTokens(store, jobKey);
    let [calls, promptTokens, completionTokens, imitations, scored] = [0, 0, 0, 0, 0];
    for await (const { answer, judge } of rewardLines(store, jobKey)) {
      calls += judge.calls;
      promptTokens += judge.promptTokens;
      completionTokens += judge.completionTokens;
      if (answer.status !== 'scored') continue;
      scored += 1;
      if (answer.imitatesVerdict) imitations += 1;
    }
    trainings.push({ ...training, used: { calls, promptTokens, completionTokens, trainingTokens } });
    if (name !== 'consolidation') notes.imitations[`trainings.${name}`] = { found: imitations, of: scored };
  }
  return trainings;
}

/** Sampled or learned by the trainer itself. */
async function sampledTokens(store: ArtifactStore, jobKey: string): Promise<number> {
  const { data } = jobResultSchema.safeParse(await store.findJson(uri.jobs(jobKey, 'result.json')));
  return data?.status === 'succeeded' ? data.tokens : 0;
}

/** How each training went, from its `jobs/<jobKey>/metrics.jsonl`. */
export async function trainingFigures(lap: Measuring): Promise<TrainingFigures[]> {
  const figures: TrainingFigures[] = [];
  for (const stage of lap.manifest.stages) figures.push(trainingFigure(stage, await metricsOf(lap, stage)));
  return figures;
}

function trainingFigure(stage: StageRecord, lines: readonly MetricsLine[]): TrainingFigures {
  const { name, jobKey, steps, stopReason, attempts, trainingSeconds, queuedSeconds, longRows } = stage;
  return {
    name,
    jobKey,
    steps,
    stopReason,
    attempts,
    trainingSeconds,
    ...(queuedSeconds && { queuedSeconds }),
    ...(longRows && { longRows }),
    firstReward: lines[0]?.reward ?? null,
    lastReward: lines.at(-1)?.reward ?? null,
    lastFlatGroupShare: lines.at(-1)?.flatGroupShare ?? null,
    flatGroupShareOfLastFive: meanOf(lines.slice(-5).flatMap(({ flatGroupShare }) => flatGroupShare ?? [])),
    unscorable: lines.reduce((sum, line) => sum + (line.unscorable ?? 0), 0),
    secondsPerStep: meanOf(lines.map(({ stepSeconds }) => stepSeconds)),
    curve: lines.map(({ step, reward, flatGroupShare = null }) => ({ step, reward, flatGroupShare })),
  };
}

/** A resumed attempt may write a step again: the last line of a step counts. A line torn by a kill is none. */
async function metricsOf({ store, notes }: Measuring, stage: StageRecord): Promise<MetricsLine[]> {
  const file = uri.jobs(stage.jobKey, 'metrics.jsonl');
  if (!(await store.exists(file))) {
    notes.absent(`trainings.${stage.name}`, `no ${file} in the store`);
    return [];
  }
  const bySteps = new Map<number, MetricsLine>();
  for await (const line of jsonLinesOf(store, file)) {
    const parsed = metricsLineSchema.safeParse(line);
    if (parsed.success) bySteps.set(parsed.data.step, parsed.data);
  }
  return [...bySteps.values()].sort((a, b) => a.step - b.step);
}

/** The JSON lines of a growing log. A last line that was torn by a kill is none. */
async function* jsonLinesOf(store: ArtifactStore, uri: string): AsyncGenerator {
  if (!(await store.exists(uri))) return;
  for await (const { bytes } of linesOf(store.read(uri))) {
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString('utf8'));
    } catch {
      continue; // torn or empty
    }
    yield value;
  }
}
