import type { DatasetRef } from '../../shared/records.ts';
import type { LabelSetInput } from '../../shared/sampling/sets.ts';
import type { InferenceWorld } from '../workflows/sets/inferenceWorld.ts';
import { MODEL } from '../activities/inference/world.ts';

const SAMPLING = { temperature: 1, topP: 1, maxTokens: 256 };

/** A label set of one verifier in both roles, with the early stop. */
export function labelInput(
  world: Pick<InferenceWorld, 'prompts'>,
  setId: string,
  proofs: DatasetRef,
  size: {
    readonly n: number;
    readonly m: number;
    readonly k: number;
    readonly shardRows: number;
    readonly window: number;
  },
): LabelSetInput {
  return {
    setId,
    proofs,
    verifier: MODEL,
    metaVerifier: { ...MODEL, role: 'metaVerifier' },
    prompts: world.prompts,
    policy: {
      analysesPerProof: size.n,
      metaAnalysesPerAnalysis: size.m,
      minValidAnalyses: size.k,
      confirmingMetaScore: 1,
    },
    waves: size.n >= 64 ? [8, 8, 16, 32] : [size.n],
    earlyStop: true,
    verdictAttempts: 3,
    sampling: { verify: SAMPLING, metaVerify: SAMPLING },
    seed: 1,
    engine: { engine: 'external', shardRows: size.shardRows, window: size.window, maxConcurrency: 512 },
  };
}
