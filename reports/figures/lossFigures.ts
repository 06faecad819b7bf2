import {
  countedIn,
  isFirstAttempt,
  losesMore,
  lossOf,
  lossShare,
  meanVerdict,
  NO_VERDICTS_BY_TASK,
  VERDICT_TASKS,
  type LossFigures,
  type LostVerdicts,
  type VerdictsByTask,
} from '../../shared/figures/losses.ts';
import { labelBounds, type LabelBounds } from '../../shared/figures/labelBounds.ts';
import { meanReward, NO_REWARDS, withReward } from '../../shared/figures/rewardBounds.ts';
import { uri } from '../../shared/ids.ts';
import type { LapManifest, StageRecord } from '../../shared/lap/manifest.ts';
import { labelPolicy } from '../../shared/lap/phases.ts';
import { maxLossShareOf } from '../../shared/recipe/usual.ts';
import type { RewardSpec } from '../../shared/reward/protocol.ts';
import { judgeSeed } from '../../shared/reward/rewards.ts';
import type { LabelRow } from '../../shared/sampling/sets.ts';
import type { AnalysisEvidence } from '../../shared/label/autoLabel.ts';
import type { SealedLine } from '../../activities/ledger/sealedLedger.ts';
import { evidenceOf, readShard, shardFiles } from '../../activities/sets/inspect.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import type { Measuring } from './notes.ts';
import { rewardLines } from '../../activities/training/rewardLines.ts';

/** Verdicts lost at the first attempt, of every set that asked for some and of every training with judges. */
export async function lossFigures({ store, manifest }: Measuring): Promise<LossFigures> {
  const maxLossShare = maxLossShareOf(manifest.recipe);
  const verdicts: LostVerdicts[] = [];
  for (const { setId, task } of manifest.sets)
    if (task === undefined || VERDICT_TASKS.some((each) => each === task))
      verdicts.push(...(await lostIn(store, manifest, setId)));
  const rewards: LossFigures['rewards'][number][] = [];
  for (const stage of manifest.stages) {
    if (!(await store.exists(uri.judgeLedger(stage.jobKey)))) continue;
    const asked = await lostIn(store, manifest, stage.jobKey);
    verdicts.push(...asked);
    if (asked.length > 0) rewards.push(...(await rewardsOf(store, stage)));
  }
  const warnings = verdicts
    .filter((counts) => losesMore(counts, maxLossShare / 2))
    .map(({ place, judge, task, share, asked }) => ({
      about: place,
      text:
        `${judge}, asked to ${task}, lost ${percent(share)} of ${asked} verdicts at the first attempt; ` +
        `${percent(maxLossShare)} are allowed`,
    }));
  return { maxLossShare, verdicts, rewards, labels: await labelBoundsOf(store, manifest), warnings };
}

const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;

/** By judge and task, in the order in which they first answered. */
async function lostIn(store: ArtifactStore, manifest: LapManifest, place: string): Promise<LostVerdicts[]> {
  const byModel = new Map<string, VerdictsByTask>();
  for await (const outcome of linesOf(store, place))
    byModel.set(outcome.model, countedIn(byModel.get(outcome.model) ?? NO_VERDICTS_BY_TASK, outcome));
  return [...byModel].flatMap(([model, verdicts]) =>
    VERDICT_TASKS.filter((task) => verdicts[task].asked > 0).map((task) => ({
      place,
      task,
      model,
      judge: nameOf(manifest, model),
      ...verdicts[task],
      share: lossShare(verdicts[task]),
      mean: meanVerdict(verdicts[task]),
    })),
  );
}

/** What is a part of a set, or all that a job's judges said. */
async function* linesOf(store: ArtifactStore, place: string): AsyncGenerator<SealedLine> {
  for (const shard of await shardFiles(store, place))
    for await (const line of readShard(store, shard)) if (line.unused !== true) yield line;
}

/** The first that it was: a training that taught nothing leaves the model that it began from. */
function nameOf({ stages, consolidation, base }: LapManifest, model: string): string {
  if (model === base.sha256) return 'base';
  const stage = stages.find(({ checkpoint }) => checkpoint.sha256 === model);
  if (stage !== undefined) return stage.name;
  if (model === consolidation?.checkpoint.sha256) return 'consolidation';
  return 'parent';
}

async function rewardsOf(store: ArtifactStore, { name, jobKey }: StageRecord): Promise<LossFigures['rewards']> {
  const spec = await store.readJson<RewardSpec>(uri.rewardSpec(jobKey));
  const lost = new Set<string>();
  const call = (row: string, task: string, seed: number): string => `${row}/${task}/${seed}`;
  for await (const outcome of linesOf(store, jobKey)) {
    const isLost = outcome.kind !== 'failed' && lossOf(outcome) !== undefined;
    if (isLost && isFirstAttempt(outcome)) lost.add(call(outcome.row, outcome.task, outcome.seed));
  }
  let sums = NO_REWARDS;
  for await (const { task, answer, verdicts, responseSha256 } of rewardLines(store, jobKey)) {
    const wasLost = (need: 'proof' | 'meta', place: number): boolean => {
      const asked = need === 'proof' ? 'verify' : 'metaVerify';
      return lost.size > 0 && lost.has(call(answer.itemId, asked, judgeSeed(spec, responseSha256, asked, place, 0)));
    };
    sums = withReward(sums, { task, answer, verdicts, lost: wasLost }, spec);
  }
  const mean = meanReward(sums);
  return mean === null ? [] : [{ stage: name, samples: sums.scored + sums.unscorable, ...mean }];
}

async function labelBoundsOf(store: ArtifactStore, { labels, recipe, models }: LapManifest): Promise<LabelBounds> {
  const { setId, decisions } = labels.set;
  const unresolved = new Set<string>();
  for await (const { proofId, decision } of store.readJsonl<LabelRow>(decisions))
    if (decision.kind === 'unresolved') unresolved.add(proofId);
  const firstOnly = (line: SealedLine): boolean => isFirstAttempt(line) && line.unused !== true;
  const proofs: [string, AnalysisEvidence[]][] = [];
  for (const shard of await shardFiles(store, setId)) proofs.push(...(await evidenceOf(store, shard, firstOnly)));
  return labelBounds(labelPolicy(recipe, models.metaVerifier !== undefined), proofs, (id) => !unresolved.has(id));
}
