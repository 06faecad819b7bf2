import { parseAnswer } from '../../shared/answers.ts';
import type { Checker } from '../../shared/domain.ts';
import { difference, type Difference } from '../../shared/figures/differences.ts';
import { hackingWarnings, type LapWatch, type StageWatch } from '../../shared/figures/hacking.ts';
import type { StageRecord } from '../../shared/lap/manifest.ts';
import { meanOf, valued } from '../../shared/figures/measures.ts';
import type { RewardMeta, Task, TrainingRow } from '../../shared/records.ts';
import type { Figure } from '../../shared/figures/figure.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { RewardSpec } from '../../shared/reward/protocol.ts';
import { rewardOf, type JudgeScores } from '../../shared/reward/rewards.ts';
import type { Measuring } from './notes.ts';
import { rewardLines, type RewardLine } from '../../activities/training/rewardLines.ts';
import { uri } from '../../shared/ids.ts';

/** Reward against an audited sample, groups without spread, and labels, for each training of a lap. */
export async function watchRewards(
  lap: Measuring,
  { trainings, generator, labels }: Pick<LapReport, 'trainings' | 'generator' | 'labels'>,
): Promise<LapWatch> {
  const { manifest } = lap;
  const heldOut: Partial<Record<StageRecord['name'], Figure>> = {
    generator: generator.trueScoreAfterPhase2,
    selfVerification: generator.trueScoreAfter,
  };
  const stages: StageWatch[] = [];
  for (const stage of manifest.stages) {
    const { saturationReward, saturationWindow } = manifest.recipe.stages[stage.name];
    const last = trainings.find(({ name }) => name === stage.name)?.curve.slice(-saturationWindow) ?? [];
    stages.push({
      stage: stage.name,
      reward: meanOf(last.map(({ reward }) => reward)),
      flatGroupShare: meanOf(last.flatMap(({ flatGroupShare }) => flatGroupShare ?? [])),
      steps: last.length,
      stopReason: stage.stopReason,
      saturationReward,
      audit: await auditOf(lap, stage),
      heldOutTrueScore: heldOut[stage.name] ?? null,
    });
  }
  return { stages, warnings: hackingWarnings(stages, labels.precisionByScore) };
}

/**
 * The kept samples among the last ones of a stage: as many as its last `saturationWindow` steps asked for. Equal
 * samples were rewarded once, and count once.
 */
async function auditOf(
  { store, manifest, truth: { checker }, notes }: Measuring,
  stage: StageRecord,
): Promise<Difference | null> {
  const figure = `watch.${stage.name}.audit`;
  if (checker === undefined) return notes.absent(figure, 'no checker knows what the rewarded samples are worth');
  const { saturationWindow, promptsPerStep, groupSize } = manifest.recipe.stages[stage.name];
  const last: RewardLine[] = [];
  for await (const line of rewardLines(store, stage.jobKey)) {
    last.push(line);
    if (last.length > saturationWindow * promptsPerStep * groupSize) last.shift();
  }
  const kept = last.flatMap(({ task, answer, response }) =>
    response !== undefined && answer.status === 'scored' ? [{ task, answer, response }] : [],
  );
  if (kept.length === 0) return notes.absent(figure, 'no rewarded sample was kept with its text');
  const spec = await store.readJson<RewardSpec>(uri.rewardSpec(stage.jobKey));
  const metas = new Map<string, RewardMeta>();
  for (const dataset of stage.datasets)
    for await (const { itemId, meta } of store.readJsonl<TrainingRow>(dataset)) metas.set(itemId, meta);
  const audited = kept.flatMap(({ task, answer: { itemId, reward, components }, response }) => {
    const meta = metas.get(itemId);
    if (meta === undefined) return [];
    const worth = components.format === 0 ? 0 : trueReward(checker, spec, task, meta, response);
    return [{ problem: meta.problem.id, got: reward, worth }];
  });
  return difference(
    valued(audited, ({ worth }) => worth),
    valued(audited, ({ got }) => got),
  );
}

/**
 * What a well-formed sample would have got by its reward's own formula (`shared/reward/rewards.ts`), with the truth in
 * the place of labels and verdicts.
 */
function trueReward(
  checker: Checker,
  spec: RewardSpec,
  task: Task,
  { problem, proof, analysis }: RewardMeta,
  response: string,
): number {
  const answer = parseAnswer(task, response, spec.maxRevisions);
  if (answer.kind === 'malformed') return 0;
  const about = proof ?? answer.proof ?? '';
  const score = checker.proofScore(problem, about);
  const quality = (of: string | undefined): JudgeScores =>
    of === undefined || !spec.useMetaReward ? {} : { meta: [checker.analysis(problem, about, of).quality] };
  const subject = { task, answer, truncated: false };
  if (task === 'verify') return rewardOf({ ...subject, label: score }, quality(answer.text), spec).reward;
  if (task === 'metaVerify')
    return rewardOf({ ...subject, label: checker.analysis(problem, about, analysis ?? '').quality }, {}, spec).reward;
  return rewardOf(subject, { proof: [score], ...quality(answer.selfAnalysis) }, spec).reward;
}
