import { autoLabel } from './autoLabel.ts';
import { syntheticPopulation } from './population.ts';
import { replayLabel } from './replay.ts';
import type { AutoLabelPolicy } from '../sampling/sets.ts';

const SIMULATED_PROOFS = 150;

/** Means of a proof. */
export interface SimulatedCalls {
  readonly analyses: number;
  readonly metaAnalyses: number;
  readonly contestedShare: number;
}

/** Calls and contested share of a policy, simulated on a synthetic population (`population.ts`). */
export function simulatedCalls(
  policy: AutoLabelPolicy,
  { earlyStop, waves }: { readonly earlyStop: boolean; readonly waves: readonly number[] },
): SimulatedCalls {
  let [analyses, calls, contested] = [0, 0, 0];
  for (const proof of syntheticPopulation({ ...policy, proofs: SIMULATED_PROOFS, seed: 1 })) {
    const evidence = proof.analyses.map(({ score, metaScores }) => ({
      score: score ?? undefined,
      metaScores: metaScores.map((vote) => vote ?? undefined),
    }));
    if (autoLabel(policy, evidence).kind !== 'labelled') contested += 1;
    if (earlyStop) {
      const replay = replayLabel(policy, waves, evidence);
      analyses += replay.waves.reduce((sum, wave) => sum + wave.analyses, 0);
      calls += replay.calls;
    } else {
      analyses += evidence.length;
      calls += evidence.reduce((sum, { metaScores }) => sum + 1 + metaScores.length, 0);
    }
  }
  return {
    analyses: analyses / SIMULATED_PROOFS,
    metaAnalyses: (calls - analyses) / SIMULATED_PROOFS,
    contestedShare: contested / SIMULATED_PROOFS,
  };
}
