import type { OpenedLap } from '../../../activities/laps/open.ts';
import type { CheckpointRef } from '../../../shared/records.ts';
import type { ReviewSetInput, ReviewSetResult } from '../../../shared/review/reviews.ts';
import type { SampleSetInput, SetResult } from '../../../shared/sampling/sets.ts';
import { heldOutEvaluation } from '../../../workflows/lap/heldOutEvaluation.ts';

export { measureHeldOut } from './measureHeldOut.ts';

/** Measures a later lap's generators, as a lap does, and has them judged by its verifier. */
export async function judgeHeldOut(
  opened: OpenedLap,
  judges: { readonly verifier: CheckpointRef; readonly metaVerifier?: CheckpointRef },
) {
  const told: string[] = [];
  const heldOut = heldOutEvaluation(opened, (found) => told.push(...found));
  heldOut.generator('generator', opened.base);
  heldOut.selfVerification('selfVerification', opened.base);
  heldOut.judge(judges);
  return { ...(await heldOut.finish()), told };
}

/** FAKE: a set that has ended; who is asked about what is what is tested. */
export async function sampleSet({ setId, rows, model, samplesPerRow, task }: SampleSetInput): Promise<SetResult> {
  const asked = 'checkpoint' in model ? `${samplesPerRow} × ${task} of ${rows.uri} by ${model.checkpoint.uri}` : '';
  const none = { answered: 0, unparseable: 0, truncated: 0, failed: 0 };
  const usage = { promptTokens: 0, completionTokens: 0 };
  return { setId, shards: 1, rows: 1, counts: none, usage, requests: 0, inferenceSeconds: 0, warning: asked };
}

/** FAKE: people who answered at once. */
export async function reviewSet({ setId, kind, subject }: ReviewSetInput): Promise<ReviewSetResult> {
  const counts = { scored: subject.rows, flagged: 0, expired: 0, verdicts: subject.rows };
  return { setId, kind, subject, results: subject, ...counts };
}
