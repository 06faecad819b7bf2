import type { TrainingName } from './lap/recipe.ts';

/** How stages are called in paths: job keys, workflow ids, folders. */
const SLUGS: Record<TrainingName, string> = {
  consolidation: 'consolidation',
  verifierV1: 'verifier-v1',
  metaVerifier: 'meta-verifier',
  verifierV2: 'verifier-v2',
  generator: 'generator',
  selfVerification: 'self-verification',
};

/** The review set in which experts audit a lap's automatic labels. */
export function auditSetOf(lap: string): string {
  return `${lap}/label/audit`;
}

/** `<run>/lap-0001/verifier-v1`: the training's identity, its folder and its workflow id. */
export function jobKeyOf(lap: string, stage: TrainingName): string {
  return `${lap}/${SLUGS[stage]}`;
}

/** Part of the ids of the proofs that phase 4 of a lap writes: no two laps give a proof the same id. */
export function seriesOfLap(turn: number): string {
  return `lap${turn}`;
}
