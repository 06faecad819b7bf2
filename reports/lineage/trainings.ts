import type { LapManifest } from '../../shared/lap/manifest.ts';
import { placeOf, uri } from '../../shared/ids.ts';
import type { CheckpointRef, DatasetRef } from '../../shared/records.ts';
import type { InitName, StageName } from '../../shared/stages.ts';
import type { RewardSpec } from '../../shared/reward/protocol.ts';
import { BrokenLink, expectLink } from './chain.ts';
import type { LineageNode } from '../../shared/figures/lineage.ts';
import type { From, Walk } from './walk.ts';

/** A training of a lap, consolidation included, as its manifest tells of it. */
export interface ManifestTraining {
  readonly lap: string;
  readonly jobKey: string;
  readonly stage: StageName | 'consolidation';
  readonly checkpoint: CheckpointRef;
  readonly datasets: readonly DatasetRef[];
  readonly facts: Readonly<Record<string, unknown>>;
}

export function trainingsOf(manifest: LapManifest): ManifestTraining[] {
  const { lap, consolidation, stages } = manifest;
  const grpo = stages.map(
    ({ name, jobKey, checkpoint, datasets, steps, stopReason, reward, attempts, startedAt }): ManifestTraining => ({
      lap,
      jobKey,
      stage: name,
      checkpoint,
      datasets,
      facts: { steps, stopReason, reward, attempts, startedAt },
    }),
  );
  if (consolidation === undefined) return grpo;
  const { jobKey, checkpoint, dataset, steps, attempts, startedAt, skills } = consolidation;
  return [
    {
      lap,
      jobKey,
      stage: 'consolidation',
      checkpoint,
      datasets: [dataset],
      facts: { steps, attempts, startedAt, skills },
    },
    ...grpo,
  ];
}

/** Where a training of this lap started, by its recipe. @throws BrokenLink where the manifest has no such model. */
function initOf(manifest: LapManifest, stage: ManifestTraining['stage']): CheckpointRef {
  if (stage === 'consolidation' && manifest.consolidation) return manifest.consolidation.init;
  const init: InitName = stage === 'consolidation' ? 'base' : manifest.recipe.stages[stage].init;
  const checkpoint =
    init === 'base' ? manifest.base : trainingsOf(manifest).find((training) => training.stage === init)?.checkpoint;
  if (checkpoint === undefined)
    throw new BrokenLink(
      `Broken link: expected ${manifest.lap} to have trained ${init}, from which ` +
        `${placeOf(manifest.lap, stage)} started, got none in its manifest`,
    );
  return checkpoint;
}

/**
 * What is read of `jobs/<jobKey>/`: no digest guards these files, so they are compared with the manifest, which one
 * does.
 */
interface JobFiles {
  readonly training: {
    readonly initCheckpoint: CheckpointRef;
    readonly datasets: readonly { readonly ref: DatasetRef }[];
    readonly rewardSpecSha256?: string;
  };
  readonly result: { readonly checkpoint?: { readonly sha256: string } };
}

/** A training: where it started, what it read, who gave its rewards. */
export async function describeTraining(walk: Walk, jobKey: string): Promise<Omit<LineageNode, 'id'>> {
  const { store } = walk;
  const link = walk.chain.find(({ manifest }) => trainingsOf(manifest).some((training) => training.jobKey === jobKey));
  const training = link && trainingsOf(link.manifest).find((each) => each.jobKey === jobKey);
  if (link === undefined || training === undefined)
    throw new BrokenLink(`Broken link: expected a manifest of the chain to tell of training ${jobKey}, got none`);
  const init = initOf(link.manifest, training.stage);
  const verified: string[] = [];
  const job = await readJob(walk, jobKey);
  if (job !== undefined) {
    expectLink(
      `initCheckpoint in ${uri.jobs(jobKey, 'training.json')}`,
      init.sha256,
      job.training.initCheckpoint.sha256,
    );
    expectLink(
      `the checkpoint in ${uri.jobs(jobKey, 'result.json')}`,
      training.checkpoint.sha256,
      job.result.checkpoint?.sha256,
    );
    expectLink(
      `the datasets in ${uri.jobs(jobKey, 'training.json')}`,
      digests(training.datasets),
      digests(job.training.datasets.map(({ ref }) => ref)),
    );
    verified.push('init, datasets and result: job files agree with the manifest');
  }
  const from: From[] = [await walk.checkpoint('started from', init)];
  for (const ref of training.datasets) from.push(await walk.dataset('trained on', ref));
  const specUri = uri.rewardSpec(jobKey);
  const judges: Record<string, string> = {};
  if (await store.exists(specUri)) {
    if (job?.training.rewardSpecSha256 !== undefined) {
      expectLink(`the sha256 of ${specUri}`, job.training.rewardSpecSha256, (await store.refOf(specUri)).sha256);
      verified.push('reward spec: sha256');
    }
    for (const [role, model] of Object.entries((await store.readJson<RewardSpec>(specUri)).judges)) {
      if (model === undefined) continue;
      judges[role] = model.checkpoint.sha256;
      from.push(await walk.checkpoint(`rewarded by ${role}`, model.checkpoint));
    }
  }
  return {
    kind: 'training',
    lap: link.manifest.lap,
    facts: { stage: training.stage, checkpoint: training.checkpoint.sha256, ...training.facts, judges },
    verified,
    from,
  };
}

/** Undefined where a store keeps no job folders. */
async function readJob({ store }: Walk, jobKey: string): Promise<JobFiles | undefined> {
  const [training, result] = [uri.jobs(jobKey, 'training.json'), uri.jobs(jobKey, 'result.json')];
  if (!(await store.exists(training)) || !(await store.exists(result))) return undefined;
  return { training: await store.readJson(training), result: await store.readJson(result) };
}

const digests = (refs: readonly DatasetRef[]): string => refs.map(({ sha256 }) => sha256).join(' ');
