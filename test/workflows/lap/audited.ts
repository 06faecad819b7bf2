import { executeChild, proxyActivities } from '@temporalio/workflow';
import type { OpenedLap } from '../../../activities/laps/open.ts';
import { placeOf } from '../../../shared/ids.ts';
import type { LabelAudits } from '../../../activities/datasets/audit.ts';
import type { LabelSetInput, LabelSetResult, SampleSetInput, SetResult } from '../../../shared/sampling/sets.ts';
import type { StageRecord } from '../../../shared/lap/manifest.ts';
import { auditedLabels, rewardAudits } from '../../../workflows/lap/audits.ts';
import { trackProgress } from '../../../workflows/lap/lapProgress.ts';
import { place } from '../../../workflows/lap/place.ts';
import type { Trainings } from '../../../workflows/lap/trainings.ts';

export { scaleVerification } from '../../../workflows/lap/scaleVerification.ts';
export { notice } from '../../../workflows/notice.ts';
export { expertReview } from '../../../workflows/reviews/expertReview.ts';
export { reviewSet } from '../../../workflows/reviews/reviewSet.ts';

const fakes = proxyActivities<{
  writeProofs(set: SampleSetInput): Promise<SetResult>;
  labelAll(set: LabelSetInput): Promise<LabelSetResult>;
}>({ startToCloseTimeout: '1 minute' });

/** FAKE: a generator that writes the same proof of everything. */
export const sampleSet = (input: SampleSetInput): Promise<SetResult> => fakes.writeProofs(input);

/** FAKE: a verifier that gives every proof the same label. */
export const labelSet = (input: LabelSetInput): Promise<LabelSetResult> => fakes.labelAll(input);

type Asked = Parameters<typeof auditedLabels>[0];

/** The end of phase 4: what audits decide about labels. */
export async function labelPart(opened: OpenedLap, asked: Asked): Promise<LabelAudits> {
  const at = place(opened, 'scaleVerification');
  return auditedLabels(asked, at.tell);
}

/** A lap of that part alone. */
export async function lapOfLabels(opened: OpenedLap, asked: Asked): Promise<LabelAudits['labels']> {
  const { labels } = await trackProgress().phase('scaleVerification', () =>
    executeChild(labelPart, { workflowId: placeOf(opened.lap, 'scaleVerification'), args: [opened, asked] }),
  );
  return labels;
}

/** A lap that has just trained its generator. */
export async function lapOfStage(opened: OpenedLap, stage: StageRecord): Promise<string[]> {
  const trainings = { stages: () => [stage] } as unknown as Trainings;
  const audits = rewardAudits(opened, trackProgress(), trainings);
  await audits.after('generator');
  return (await audits.finish()).map(({ setId, scored }) => `${setId}: ${scored}`);
}
