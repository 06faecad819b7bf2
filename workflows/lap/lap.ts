import { isCancellation, TemporalFailure, workflowInfo } from '@temporalio/workflow';
import type { OpenedLap } from '../../activities/laps/open.ts';
import type { Spending } from '../../shared/lap/amounts.ts';
import type { LapInput } from '../../shared/lap/lapInput.ts';
import { failureNotice } from '../../shared/lap/notices.ts';
import type { ArtifactRef } from '../../shared/records.ts';
import { faultyProblems, type Faulty } from './faultyProblems.ts';
import { firstVerifier } from './firstVerifier.ts';
import { formatCheck } from './formatCheck.ts';
import { heldOutEvaluation } from './heldOutEvaluation.ts';
import { trackProgress, type Progress } from './lapProgress.ts';
import { nextVerifier } from './nextVerifier.ts';
import { rewardAudits } from './audits.ts';
import { scaleVerification } from './scaleVerification.ts';
import { trackTrainings } from './trainings.ts';
import { canBeMended, inItsWords, rootFailure } from '../failure.ts';
import { announce } from '../notice.ts';
import { data } from '../proxies.ts';

export interface LapResult {
  /** `<run>/lap-NNNN`. */
  readonly lap: string;
  readonly manifest: ArtifactRef;
  readonly report: ArtifactRef;
  /** What it took, as far as budgets ask. */
  readonly used: Spending;
}

/**
 * One turn of the flywheel (paper 2.1 to 2.3, 3.1). `{}` runs the preset `rehearsal`; any field of the recipe can be
 * given; `from` goes on from a finished lap.
 */
export async function lap(input: LapInput = {}): Promise<LapResult> {
  const progress = trackProgress();
  const opened = await telling(open(input, progress));
  try {
    return await telling(turn(opened, progress), opened.lap);
  } catch (error) {
    throw canBeMended(error, opened.lap);
  }
}

/** People outside hear of a failure, not of a lap that somebody ended. */
async function telling<T>(work: Promise<T>, lap?: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { workflowId, firstExecutionRunId } = workflowInfo();
    if (error instanceof TemporalFailure && !isCancellation(error))
      await announce(failureNotice(lap ?? `${workflowId}/${firstExecutionRunId}`, rootFailure(error).type, lap));
    throw error;
  }
}

function open(input: LapInput, progress: Progress): Promise<OpenedLap> {
  return progress.phase(
    'open',
    () => inItsWords(data.openLap(input, workflowInfo().firstExecutionRunId)),
    ({ problems: { leftOut, alike } }) =>
      [
        ...(leftOut ? [`${leftOut.rows} problems left out: \`${leftOut.uri}\``] : []),
        ...(alike ? [`${alike.exact + alike.near} near-equal pairs: \`${alike.pairs.uri}\``] : []),
      ].join('; '),
  );
}

async function turn(opened: OpenedLap, progress: Progress): Promise<LapResult> {
  const { recipe, parent, donors } = opened;
  progress.opened(opened);
  const checks = recipe.formatCheck && !parent;
  const checked = checks && (await progress.child('formatCheck', formatCheck, { opened }, 'asks', ({ told }) => told));
  const heldOut = heldOutEvaluation(opened, progress.add);
  const faulty = faultyProblems(opened, progress.add);
  const trainings = trackTrainings(opened, progress, faulty);
  const audits = rewardAudits(opened, progress, trainings);
  const work = { opened, progress, trainings, faulty, heldOut };

  // 1: lap 1 builds a verifier; later laps consolidate what was learned, and train the verifier on the grown D_v.
  const built = parent === undefined ? await firstVerifier(work) : await nextVerifier(work, parent);
  const { verifier } = built;
  const metaJudge = built.metaVerifier && (recipe.rewards.metaJudge === 'verifier' ? verifier : built.metaVerifier);

  // 2: the generator, rewarded by the frozen verifier.
  const from = { problems: [opened.problems.train] };
  const generator = await trainings.train('generator', from, { verifier });
  await audits.after('generator');
  heldOut.generator('generator', generator);
  heldOut.selfVerification('generator', generator);

  // 3: self-verification: the generator is rewarded for its proof and for an honest analysis of it.
  const finalGenerator = await trainings.train('selfVerification', from, { verifier, metaVerifier: metaJudge });
  await audits.after('selfVerification');
  heldOut.selfVerification('selfVerification', finalGenerator);
  heldOut.judge(built);

  // 4: many verifications label new, harder proofs; experts see the contested ones; D_v grows.
  const scaled = await progress.child(
    'scaleVerification',
    scaleVerification,
    {
      opened: faulty.isClear() ? opened : await withoutFaulty(opened, faulty),
      generator: finalGenerator,
      verifier,
      ...(metaJudge && { metaVerifier: metaJudge }),
    },
    `${recipe.labelling.proofs} proofs to label`,
    ({ labels }) => `${labels.set.labels.auto} of ${labels.set.labels.total} labelled automatically`,
  );

  // What it can do at test time comes after: phase 4 asks the same servers, and people wait for what it asks them.
  heldOut.testTime({ generator: finalGenerator, verifier });

  const audited = await audits.finish();
  faulty.asked(...scaled.reviews, ...audited);
  const measured = await progress.phase('evaluation', () => heldOut.finish());
  faulty.asked(...measured.reviews);
  const takenOut = await faulty.look('found');
  const manifest = await data.writeManifest({
    lap: opened.lap,
    ...(donors && { mended: donors }),
    ...(parent && { parent: { lap: parent.lap, manifest: parent.manifest } }),
    turn: opened.turn,
    recipe,
    recipeSha256: opened.recipeSha256,
    plan: opened.plan.ref,
    prompts: opened.prompts,
    startedAt: progress.startedAt,
    endedAt: new Date().toISOString(),
    problems: { ...opened.problems, ...(takenOut && { faulty: takenOut }) },
    base: opened.base,
    proofScores: { ...built.proofScores, grown: scaled.grown },
    ...(built.analysisScores && {
      analysisScores: { ...built.analysisScores, ...(scaled.grownAnalyses && { grown: scaled.grownAnalyses }) },
    }),
    models: {
      generator: finalGenerator,
      verifier,
      ...(built.metaVerifier && { metaVerifier: built.metaVerifier }),
      ...(parent?.models.firstVerifier && { firstVerifier: parent.models.firstVerifier }),
    },
    ...(built.consolidation && { consolidation: built.consolidation }),
    stages: trainings.stages(),
    sets: [...(checked ? checked.sets : []), ...built.sets, ...scaled.sets, ...measured.sets],
    reviews: [...built.reviews, ...audited, ...scaled.reviews, ...measured.reviews],
    ...(built.late && { late: built.late }),
    labels: scaled.labels,
    evaluation: measured.evaluation,
    phases: progress.phases(),
  });
  const { used, warnings, taken, ...report } = await data.writeReport({ lap: opened.lap });
  progress.warn(warnings);
  progress.took(taken);
  return { lap: opened.lap, manifest, report, used };
}

/** The lap as phase 4 takes it up: new proofs are of sound problems, and no others are carried on. */
async function withoutFaulty(opened: OpenedLap, faulty: Faulty): Promise<OpenedLap> {
  const { parent, problems } = opened;
  const { carried } = parent?.labels ?? {};
  const [next = problems.next, sound] = await faulty.without(
    'next',
    carried ? [problems.next, carried] : [problems.next],
  );
  const labels = parent && { ...parent.labels, ...(sound && { carried: sound }) };
  return { ...opened, problems: { ...problems, next }, ...(parent && labels && { parent: { ...parent, labels } }) };
}
