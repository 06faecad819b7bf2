import type { OpenedLap } from '../../../activities/laps/open.ts';
import { heldOutEvaluation } from '../../../workflows/lap/heldOutEvaluation.ts';

/** Measures a verifier as a meta-verifier, and no model else. */
export async function measureHeldOut(opened: OpenedLap) {
  const heldOut = heldOutEvaluation(opened);
  heldOut.metaVerifier('verifierV2', opened.base);
  return heldOut.finish();
}
