import { parseAnswer } from '../../shared/answers.ts';
import type { Checker } from '../../shared/domain.ts';
import { difference, type Difference } from '../../shared/statistics/differences.ts';
import { hackingWarnings, type LapWatch, type StageWatch } from '../../shared/figures/hacking.ts';
import type { StageRecord } from '../../shared/lap/manifest.ts';
import { LEAST_HUMAN_SCORES, type Figure } from '../../shared/statistics/figure.ts';
import { meanOf, valued } from '../../shared/statistics/measures.ts';
import type { RewardMeta, Task } from '../../shared/records.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { RewardSpec } from '../../shared/reward/protocol.ts';
import { rewardOf, type JudgeScores } from '../../shared/reward/rewards.ts';
import type { Measuring } from './notes.ts';
import { rewardMetas, watchByPeople } from '../../activities/datasets/rewardAudit.ts';
import { endsOf, rewardLines } from '../../activities/training/rewardLines.ts';
import { rewardAuditOf, uri } from '../../shared/ids.ts';

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
      ...(stage.watched && { watched: stage.watched }),
      saturationReward,
      audit: await auditOf(lap, stage),
      heldOutTrueScore: heldOut[stage.name] ?? null,
      ...(await peopleOf(lap, stage)),
    });
  }
  return { stages, warnings: hackingWarnings(stages, labels.precisionByScore) };
}

/** Signs in a stage's texts, and what people say of what it rewarded where they were asked. */
async function peopleOf(
  { store, manifest, notes }: Measuring,
  stage: StageRecord,
): Promise<Pick<StageWatch, 'people'>> {
  const { reviews, recipe } = manifest;
  const asked = reviews.filter(({ setId }) => setId === rewardAuditOf(stage.jobKey));
  if (recipe.audit === undefined) return {};
  const results = asked.map((review) => review.results);
  const people = await watchByPeople(store, { stage, recipe: recipe.stages[stage.name], results });
  if (asked.length > 0 && people.rewards === null)
    notes.absent(`watch.${stage.name}.people`, `fewer than ${LEAST_HUMAN_SCORES} proofs that it rewarded were scored`);
  return { people };
}

/**
 * The kept samples that were first asked about in a stage's last `saturationWindow` steps. Equal samples were rewarded
 * once, and count once.
 */
async function auditOf(
  { store, manifest, truth: { checker }, notes }: Measuring,
  stage: StageRecord,
): Promise<Difference | null> {
  const figure = `watch.${stage.name}.audit`;
  if (checker === undefined) return notes.absent(figure, 'no checker knows what the rewarded samples are worth');
  const { saturationWindow, promptsPerStep, groupSize } = manifest.recipe.stages[stage.name];
  const ends = { steps: saturationWindow, samplesPerStep: promptsPerStep * groupSize };
  const { last } = await endsOf(rewardLines(store, stage.jobKey), ends);
  const kept = last.flatMap(({ task, answer, response }) =>
    response !== undefined && answer.status === 'scored' ? [{ task, answer, response }] : [],
  );
  if (kept.length === 0) return notes.absent(figure, 'no rewarded sample was kept with its text');
  const spec = await store.readJson<RewardSpec>(uri.rewardSpec(stage.jobKey));
  const metas = await rewardMetas(store, stage.datasets);
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
