import type { LapManifest } from '../../shared/lap/manifest.ts';
import { judgeCallsPerSample, labellingPolicy } from '../../shared/cost/rates.ts';
import type { MeasuredRates, Tokens, TrainingRate } from '../../shared/cost/rates.ts';
import type { TrainingName } from '../../shared/stages.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { LapUse } from './ledgerFigures.ts';
import { setsOf } from './ledgerFigures.ts';

interface Sum {
  calls: number;
  prompt: number;
  completion: number;
}

/** What the lap measured that tells what the next one will take. */
export function measuredRates(
  manifest: LapManifest,
  use: LapUse,
  { time, trainings, verifier }: Pick<LapReport, 'time' | 'trainings' | 'verifier'>,
): MeasuredRates {
  const { recipe, labels } = manifest;
  const sets = setsOf(manifest);
  const tokens = new Map<string, Sum>();
  const count = (key: string, calls: number, prompt: number, completion: number): void => {
    const sum = tokens.get(key) ?? { calls: 0, prompt: 0, completion: 0 };
    tokens.set(key, { calls: sum.calls + calls, prompt: sum.prompt + prompt, completion: sum.completion + completion });
  };
  for (const { setId, phase, task, counts, usage } of sets) {
    const calls = Object.values(counts).reduce((sum, one) => sum + one, 0);
    const keys = setId === labels.set.setId ? ['labelling'] : task === undefined ? [] : [task, `${phase}/${task}`];
    for (const key of keys) count(key, calls, usage.promptTokens, usage.completionTokens);
  }
  for (const { name, jobKey } of manifest.stages) {
    const { calls, promptTokens, completionTokens } = use.trainings.get(jobKey) ?? {
      calls: 0,
      promptTokens: 0,
      completionTokens: 0,
    };
    count(name, calls, promptTokens, completionTokens);
  }
  const all = sets.reduce((sum, { usage }) => sum + usage.promptTokens + usage.completionTokens, 0);
  const labelCalls = Object.values(labels.set.counts).reduce((sum, one) => sum + one, 0);
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
    trainings: Object.fromEntries([...stageRates(manifest, use, trainings), ...consolidationRate(manifest, use)]),
    labelling:
      total === 0
        ? null
        : {
            callsPerProof: labelCalls / total,
            contestedShare: (contested + unresolved) / total,
            policy: labellingPolicy(recipe),
          },
    rightShare: (verifier.v2 ?? verifier.parent)?.scoreAccuracy?.value ?? null,
    minutesPerVerdict: Object.fromEntries(
      use.experts.flatMap(({ phase, minutesPerVerdict }) =>
        minutesPerVerdict === null ? [] : [[phase, minutesPerVerdict]],
      ),
    ),
  };
}

function stageRates(
  { recipe, stages }: LapManifest,
  use: LapUse,
  trainings: LapReport['trainings'],
): [TrainingName, TrainingRate][] {
  return stages.flatMap(({ name, jobKey, steps, trainingSeconds }): [TrainingName, TrainingRate][] => {
    const { groupSize, promptsPerStep, maxSteps } = recipe.stages[name];
    const { calls, trainingTokens } = use.trainings.get(jobKey) ?? { calls: 0, trainingTokens: 0 };
    const samplesPerStep = groupSize * promptsPerStep;
    const samples = steps * samplesPerStep;
    if (samples === 0) return [];
    const stepSeconds =
      trainings.find((training) => training.jobKey === jobKey)?.secondsPerStep ?? trainingSeconds / steps;
    const { verify, metaVerify } = judgeCallsPerSample(recipe, name);
    const asked = samples * (verify + metaVerify);
    return [
      [
        name,
        {
          startSeconds: Math.max(0, trainingSeconds - steps * stepSeconds),
          secondsPerSample: stepSeconds / samplesPerStep,
          tokensPerSample: trainingTokens / samples,
          stepsShare: steps / maxSteps,
          judgedShare: asked === 0 ? null : calls / asked,
        },
      ],
    ];
  });
}

/** Its steps are not timed one by one. */
function consolidationRate({ recipe, consolidation }: LapManifest, use: LapUse): [TrainingName, TrainingRate][] {
  const samples = (consolidation?.steps ?? 0) * recipe.consolidation.rowsPerStep;
  if (consolidation === undefined || samples === 0) return [];
  const { trainingTokens } = use.trainings.get(consolidation.jobKey) ?? { trainingTokens: 0 };
  return [
    [
      'consolidation',
      {
        startSeconds: 0,
        secondsPerSample: consolidation.trainingSeconds / samples,
        tokensPerSample: trainingTokens / samples,
        stepsShare: 1,
        judgedShare: null,
      },
    ],
  ];
}
