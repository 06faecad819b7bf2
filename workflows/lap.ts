import { ActivityFailure, ApplicationFailure, executeChild, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { LapActivities } from '../activities/lap/index.ts';
import type { OpenedLap } from '../activities/lap/open.ts';
import type { ReportActivities } from '../activities/report/index.ts';
import type { LapInput } from '../shared/lapInput.ts';
import type { StageRecord } from '../shared/manifest.ts';
import { jobKeyOf } from '../shared/names.ts';
import type { StageName } from '../shared/recipe.ts';
import type { ArtifactRef, CheckpointRef } from '../shared/records.ts';
import { coldStart } from './coldStart.ts';
import { heldOutEvaluation } from './heldOutEvaluation.ts';
import { trackProgress } from './lapProgress.ts';
import { scaleVerification } from './scaleVerification.ts';
import { scoreAnalyses } from './scoreAnalyses.ts';
import { trainStage } from './trainStage.ts';
import type { TrainStageInput } from './trainStage.ts';

// Reads and writes of the store: safe to repeat, for as long as a disk may be full or away; a killed worker is noticed by its missing heartbeats.
const data = proxyActivities<LapActivities & ReportActivities>({ startToCloseTimeout: '1 hour', heartbeatTimeout: '20 seconds' });

export interface LapResult {
  /** `<run>/lap-NNNN`. */
  readonly lap: string;
  readonly manifest: ArtifactRef;
  readonly report: ArtifactRef;
}

/** One turn of the flywheel (paper 2.1 to 2.3). `{}` runs the preset `rehearsal`; any field of the recipe can be given. */
export async function lap(input: LapInput = {}): Promise<LapResult> {
  const progress = trackProgress();
  const opened = await progress.phase('open', () => open(input));
  const { recipe, base } = opened;
  progress.opened(opened.lap, recipe.preset);
  const heldOut = heldOutEvaluation(opened);
  heldOut.verifier('base', base);
  heldOut.generator('base', base);

  const checkpoints: Partial<Record<StageName, CheckpointRef>> = {};
  const stages: StageRecord[] = [];
  async function train(stage: StageName, work: Pick<TrainStageInput, 'sources' | 'judges'>): Promise<CheckpointRef> {
    const { init } = recipe.stages[stage];
    const record = await progress.phase(
      stage,
      () =>
        executeChild(trainStage, {
          workflowId: jobKeyOf(opened.lap, stage),
          args: [{ opened, stage, init: initOf(init), ...work }],
          staticSummary: `${stage} from ${init}: GRPO, ${recipe.stages[stage].maxSteps} steps`,
        }),
      ({ reward, steps }) => `reward ${reward.first.toFixed(2)} → ${reward.last.toFixed(2)} in ${steps} steps`,
    );
    stages.push(record);
    checkpoints[stage] = record.checkpoint;
    return record.checkpoint;
  }
  const initOf = (init: 'base' | StageName): CheckpointRef => {
    const checkpoint = init === 'base' ? base : checkpoints[init];
    if (checkpoint === undefined) throw ApplicationFailure.nonRetryable(`Expected a stage to start from an earlier one, got ${init}`, 'InvalidLap');
    return checkpoint;
  };

  // 1A: proofs of a weak model, scored by experts: D_v.
  const cold = await progress.phase('coldStart', () => executeChild(coldStart, child(opened, 'cold-start', { opened })), (result) => `${result.proofScores.train.rows} scored proofs`);
  heldOut.expertsScored('proofs', cold.proofScores.validation);
  const proofScores = { task: 'verify', rows: cold.proofScores.train } as const;

  // 1B: verifier v1, rewarded for the format and the score.
  const verifierV1 = await train('verifierV1', { sources: [{ source: proofScores, weight: 1 }] });
  heldOut.verifier('verifierV1', verifierV1);

  // 1C: experts score v1's analyses: D_mv. The meta-verifier learns to.
  const meta = await progress.phase(
    'metaData',
    () => executeChild(scoreAnalyses, child(opened, 'meta-data', { opened, verifier: verifierV1, proofs: [cold.proofScores.train, cold.proofScores.validation] })),
    (result) => `${result.analysisScores.train.rows} scored analyses`,
  );
  heldOut.expertsScored('analyses', meta.analysisScores.validation);
  const analysisScores = { task: 'metaVerify', rows: meta.analysisScores.train } as const;
  heldOut.metaVerifier(recipe.stages.metaVerifier.init, initOf(recipe.stages.metaVerifier.init));
  const metaVerifier = await train('metaVerifier', { sources: [{ source: analysisScores, weight: 1 }] });
  heldOut.metaVerifier('metaVerifier', metaVerifier);

  // 1D: verifier v2 on both sets, its analyses gated by the frozen meta-verifier.
  const verifierV2 = await train('verifierV2', {
    sources: [
      { source: proofScores, weight: 1 - recipe.rewards.metaShare },
      { source: analysisScores, weight: recipe.rewards.metaShare },
    ],
    judges: { metaVerifier },
  });
  heldOut.verifier('verifierV2', verifierV2);
  heldOut.metaVerifier('verifierV2', verifierV2);
  const metaJudge = recipe.rewards.metaJudge === 'verifier' ? verifierV2 : metaVerifier;

  // 2: the generator, rewarded by the frozen verifier.
  const generator = await train('generator', { sources: [{ source: { task: 'prove', rows: opened.problems.train }, weight: 1 }], judges: { verifier: verifierV2 } });
  heldOut.generator('generator', generator);
  heldOut.selfVerification('generator', generator);

  // 3: self-verification: the generator is rewarded for its proof and for an honest analysis of it.
  const task = recipe.selfVerification === 'self-analysis' ? 'selfVerify' : 'selfRefine';
  const finalGenerator = await train('selfVerification', {
    sources: [{ source: { task, rows: opened.problems.train }, weight: 1 }],
    judges: { verifier: verifierV2, metaVerifier: metaJudge },
  });
  heldOut.selfVerification('selfVerification', finalGenerator);

  // 4: many verifications label new, harder proofs; experts see the contested ones; D_v grows.
  const scaled = await progress.phase(
    'scaleVerification',
    () => executeChild(scaleVerification, child(opened, 'label', { opened, generator: finalGenerator, verifier: verifierV2, metaVerifier: metaJudge })),
    ({ labels }) => `${labels.set.labels.auto} of ${labels.set.labels.total} labelled automatically`,
  );

  const measured = await progress.phase('evaluation', () => heldOut.finish());
  const manifest = await data.writeManifest({
    lap: opened.lap,
    recipe,
    recipeSha256: opened.recipeSha256,
    prompts: opened.prompts,
    startedAt: progress.startedAt,
    endedAt: new Date().toISOString(),
    problems: opened.problems,
    base,
    proofScores: { ...cold.proofScores, grown: scaled.grown },
    analysisScores: meta.analysisScores,
    stages,
    sets: [...cold.sets, ...meta.sets, ...scaled.sets, ...measured.sets],
    reviews: [cold.review, meta.review, ...scaled.reviews],
    labels: scaled.labels,
    evaluation: measured.evaluation,
    phases: progress.phases(),
  });
  const report = await data.writeReport({ lap: opened.lap });
  return { lap: opened.lap, manifest, report };
}

/** Opens the lap; a refused input fails the workflow with its own words, not with "Activity task failed". */
async function open(input: LapInput): Promise<OpenedLap> {
  try {
    return await data.openLap(input, workflowInfo().firstExecutionRunId);
  } catch (error) {
    if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) {
      throw ApplicationFailure.create({ message: error.cause.message, type: error.cause.type ?? 'InvalidLap', nonRetryable: true });
    }
    throw error;
  }
}

/** A phase's child workflow: a readable id, one argument. */
function child<Input>({ lap: id }: OpenedLap, name: string, input: Input) {
  return { workflowId: `${id}/${name}`, args: [input] as [Input] };
}
