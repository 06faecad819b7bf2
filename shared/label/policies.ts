import type { AutoLabelPolicy, LabelRule } from '../sampling/sets.ts';

/** All that an automatic label depends on, but for the models and the seed. */
export interface Labelling extends Omit<AutoLabelPolicy, 'minValidAnalyses' | 'rule'> {
  /** @default lowest */
  readonly rule?: LabelRule | undefined;
  /** k: a number, or where it is below 1 a share of n (`witnessesOf`). */
  readonly minValidAnalyses: number;
  /** Analyses asked for in each wave; the last size repeats until n is reached. */
  readonly waves: number[];
  /** Asks for no more than decides the label. */
  readonly earlyStop: boolean;
  /** Times a missing verdict is asked for. */
  readonly verdictAttempts: number;
}

/** n, m, k and the rule by name: what recipes of these names label by. n, m and k are not in the paper. */
export const LABELLING = {
  paper: {
    analysesPerProof: 64, // released search code: 64 verifications
    metaAnalysesPerAnalysis: 16, // ours
    minValidAnalyses: 1 / 8, // ours: at k = 4 half of the minor flaws would be labelled 0
    confirmingMetaScore: 1,
    waves: [6, 12, 24, 24],
    earlyStop: true,
    verdictAttempts: 3,
  },
  team: {
    analysesPerProof: 16, // ours: of the published 64 as many as an endpoint shared with trainings answers in time
    metaAnalysesPerAnalysis: 8,
    minValidAnalyses: 3,
    rule: 'cumulative', // ours: of many analyses of a minor flaw one nearly always says 0
    confirmingMetaScore: 1,
    waves: [2, 2, 2, 2, 3, 5],
    earlyStop: true,
    verdictAttempts: 3,
  },
  rehearsal: {
    analysesPerProof: 8,
    metaAnalysesPerAnalysis: 4,
    minValidAnalyses: 2,
    // ours: by the meta rubric some claimed issue is real then; this small a meta-verifier seldom dares to say 1
    confirmingMetaScore: 0.5,
    waves: [4, 4],
    earlyStop: true,
    verdictAttempts: 3,
  },
} satisfies Record<string, Labelling>;
export type LabellingName = keyof typeof LABELLING;

/** k of n: a share is rounded up, and one that is whole stays whole (1/3 of 9 is 3 in floating point, too). */
export const witnessesOf = (k: number, n: number): number => (k < 1 ? Math.max(1, Math.ceil(k * n - 1e-9)) : k);

/** The rule's parameters, k as a number. */
export function policyOf({
  analysesPerProof,
  metaAnalysesPerAnalysis,
  minValidAnalyses,
  confirmingMetaScore,
  rule,
}: Pick<Labelling, keyof AutoLabelPolicy>): AutoLabelPolicy {
  return {
    analysesPerProof,
    metaAnalysesPerAnalysis,
    minValidAnalyses: witnessesOf(minValidAnalyses, analysesPerProof),
    confirmingMetaScore,
    ...(rule && { rule }),
  };
}
