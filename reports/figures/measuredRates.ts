import { trainingsOf, type LapManifest } from '../../shared/lap/manifest.ts';
import type { TrainOrder } from '../../shared/lap/orders.ts';
import { ordersOf } from '../../shared/lap/phases.ts';
import {
  judgeCalls,
  labellingPolicy,
  trainingSize,
  type MeasuredRates,
  type Tokens,
  type TrainingRate,
} from '../../shared/cost/rates.ts';
import { callsIn } from '../../shared/outcomes.ts';
import type { TrainingName } from '../../shared/stages.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { ExpertUse } from './expertFigures.ts';
import type { TrainingUse } from './trainingFigures.ts';

interface Sum {
  calls: number;
  prompt: number;
  completion: number;
}

/** What the lap measured that tells what the next one will take. */
export function measuredRates(
  manifest: LapManifest,
  used: ReadonlyMap<string, TrainingUse>,
  experts: readonly ExpertUse[],
  { time, trainings, verifier }: Pick<LapReport, 'time' | 'trainings' | 'verifier'>,
): MeasuredRates {
  const { recipe, labels, sets, stages } = manifest;
  const tokens = new Map<string, Sum>();
  const count = (key: string, calls: number, prompt: number, completion: number): void => {
    const sum = tokens.get(key) ?? { calls: 0, prompt: 0, completion: 0 };
    tokens.set(key, { calls: sum.calls + calls, prompt: sum.prompt + prompt, completion: sum.completion + completion });
  };
  for (const { setId, phase, task, counts, usage } of sets) {
    const keys = setId === labels.set.setId ? ['labelling'] : task === undefined ? [] : [task, `${phase}/${task}`];
    for (const key of keys) count(key, callsIn(counts), usage.promptTokens, usage.completionTokens);
  }
  for (const { name, jobKey } of stages) {
    const { calls = 0, promptTokens = 0, completionTokens = 0 } = used.get(jobKey) ?? {};
    count(name, calls, promptTokens, completionTokens);
  }
  const all = sets.reduce((sum, { usage }) => sum + usage.promptTokens + usage.completionTokens, 0);
  const { total, contested, unresolved } = labels.set.labels;
  return {
    tokens: Object.fromEntries(
      [...tokens]
        .filter(([, { calls }]) => calls > 0)
        .map(([key, { calls, prompt, completion }]): [string, Tokens] => [
          key,
          { prompt: prompt / calls, completion: completion / calls },
        ]),
    ),
    tokensPerSecond: time.inferenceSeconds > 0 && all > 0 ? all / time.inferenceSeconds : null,
    trainings: trainingRates(manifest, used, trainings),
    labelling:
      total === 0
        ? null
        : {
            callsPerProof: callsIn(labels.set.counts) / total,
            contestedShare: (contested + unresolved) / total,
            policy: labellingPolicy(recipe),
          },
    rightShare: (verifier.v2 ?? verifier.parent)?.scoreAccuracy?.value ?? null,
    minutesPerVerdict: Object.fromEntries(
      experts.flatMap(({ phase, minutesPerVerdict }) =>
        minutesPerVerdict === null ? [] : [[phase, minutesPerVerdict]],
      ),
    ),
  };
}

function trainingRates(
  manifest: LapManifest,
  used: ReadonlyMap<string, TrainingUse>,
  figures: LapReport['trainings'],
): MeasuredRates['trainings'] {
  const rates: Partial<Record<TrainingName, TrainingRate>> = {};
  const declared = ordersOf(manifest).flatMap(({ orders }) => orders);
  for (const { name, jobKey, steps, trainingSeconds } of trainingsOf(manifest)) {
    const { samplesPerStep, maxSteps } = trainingSize(manifest.recipe, name);
    const samples = steps * samplesPerStep;
    if (samples === 0) continue;
    const { calls = 0, trainingTokens = 0 } = used.get(jobKey) ?? {};
    // An SFT's steps are not timed one by one.
    const stepSeconds = figures.find((training) => training.jobKey === jobKey)?.secondsPerStep;
    const order = declared.find((each): each is TrainOrder => each.kind === 'train' && each.name === name);
    const asked = order === undefined ? 0 : samples * judgeCalls(order);
    rates[name] = {
      startSeconds: stepSeconds ? Math.max(0, trainingSeconds - steps * stepSeconds) : 0,
      secondsPerSample: stepSeconds ? stepSeconds / samplesPerStep : trainingSeconds / samples,
      tokensPerSample: trainingTokens / samples,
      stepsShare: name === 'consolidation' ? 1 : steps / maxSteps,
      judgedShare: asked === 0 ? null : calls / asked,
    };
  }
  return rates;
}
