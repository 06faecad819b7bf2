import type { LapManifest } from '../../shared/lap/manifest.ts';
import { orderOf } from '../../shared/lap/phases.ts';
import {
  judgeCalls,
  labellingPolicy,
  trainingSize,
  type MeasuredRates,
  type Tokens,
  type TrainingRate,
} from '../../shared/cost/rates.ts';
import { callsIn, NO_USAGE, type Usage } from '../../shared/outcomes.ts';
import type { TrainingName } from '../../shared/stages.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { ExpertUse } from './expertFigures.ts';
import type { UsedTraining } from './trainingFigures.ts';

/** What the lap measured that tells what the next one will take. */
export function measuredRates(
  manifest: LapManifest,
  used: readonly UsedTraining[],
  experts: readonly ExpertUse[],
  { time, trainings, verifier }: Pick<LapReport, 'time' | 'trainings' | 'verifier'>,
): MeasuredRates {
  const { recipe, labels, sets } = manifest;
  const pieces = [
    ...sets.flatMap(({ setId, phase, task, counts, usage }) => {
      const keys = setId === labels.set.setId ? ['labelling'] : task === undefined ? [] : [task, `${phase}/${task}`];
      return keys.map((key) => ({ key, calls: callsIn(counts), ...usage }));
    }),
    ...used.map((training) => ({ key: training.name, ...training.whole })),
  ];
  const tokens: Record<string, Tokens> = {};
  for (const key of new Set(pieces.map((piece) => piece.key))) {
    const own = pieces.filter((piece) => piece.key === key);
    const sum = (of: 'calls' | 'promptTokens' | 'completionTokens') => own.reduce((all, piece) => all + piece[of], 0);
    const calls = sum('calls');
    if (calls > 0) tokens[key] = { prompt: sum('promptTokens') / calls, completion: sum('completionTokens') / calls };
  }
  const tokensOf = ({ promptTokens, completionTokens }: Usage) => promptTokens + completionTokens;
  const all = sets.reduce((sum, { usage, taken }) => sum + tokensOf(usage) - tokensOf(taken?.usage ?? NO_USAGE), 0);
  const { total, contested, unresolved } = labels.set.labels;
  return {
    tokens,
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
  used: readonly UsedTraining[],
  figures: LapReport['trainings'],
): MeasuredRates['trainings'] {
  const rates: Partial<Record<TrainingName, TrainingRate>> = {};
  for (const { name, jobKey, steps, trainingSeconds, taken, whole: took } of used) {
    const { samplesPerStep, maxSteps } = trainingSize(manifest.recipe, name);
    const samples = steps * samplesPerStep;
    if (samples === 0) continue;
    const seconds = trainingSeconds + (taken?.seconds ?? 0);
    // An SFT's steps are not timed one by one.
    const stepSeconds = figures.find((training) => training.jobKey === jobKey)?.secondsPerStep;
    const asked = samples * judgeCalls(orderOf(manifest, name, 'train', name));
    rates[name] = {
      startSeconds: stepSeconds ? Math.max(0, seconds - steps * stepSeconds) : 0,
      secondsPerSample: stepSeconds ? stepSeconds / samplesPerStep : seconds / samples,
      tokensPerSample: took.trainingTokens / samples,
      stepsShare: name === 'consolidation' ? 1 : steps / maxSteps,
      judgedShare: asked === 0 ? null : took.calls / asked,
    };
  }
  return rates;
}
