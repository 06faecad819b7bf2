import { byHand, partOfLap } from './byHand.ts';
import * as consolidating from './lap/consolidate.ts';
import * as checking from './lap/formatCheck.ts';
import * as starting from './lap/coldStart.ts';
import * as late from './lap/lateScores.ts';
import * as scaling from './lap/scaleVerification.ts';
import * as scoring from './lap/scoreAnalyses.ts';
import * as training from './lap/trainStage.ts';
import { labelSet } from './sets/labelSet.ts';
import { sampleSet } from './sets/sampleSet.ts';

export { flywheel } from './lap/flywheel.ts';
export { lap } from './lap/lap.ts';
export { expertReview } from './reviews/expertReview.ts';
export { reviewSet } from './reviews/reviewSet.ts';

export const consolidate = partOfLap(consolidating.consolidate);
export const formatCheck = partOfLap(checking.formatCheck);
export const coldStart = partOfLap(starting.coldStart);
export const lateScores = partOfLap(late.lateScores);
export const scoreAnalyses = partOfLap(scoring.scoreAnalyses);
export const trainStage = partOfLap(training.trainStage);
export const scaleVerification = partOfLap(scaling.scaleVerification);
byHand(labelSet);
byHand(sampleSet);
export { labelSet, sampleSet };
