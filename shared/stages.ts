/** The trainings by GRPO, in the order of lap 1. */
export const STAGE_NAMES = ['verifierV1', 'metaVerifier', 'verifierV2', 'generator', 'selfVerification'] as const;
export type StageName = (typeof STAGE_NAMES)[number];
/** Every training of a lap; from lap 2 on it begins with a consolidation by rejection fine-tuning (paper 3.1). */
export type TrainingName = StageName | 'consolidation';
/** Where a stage starts: the SFT base, or the result of an earlier training of the same lap. */
export type InitName = 'base' | TrainingName;
