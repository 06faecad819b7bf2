import { randomFrom } from '../seeds.ts';
import type { ProofScore, QualityScore } from '../scores.ts';

/** What n analyses of a proof and m meta-analyses of each that reports an issue would say, all of them. */
export interface ProofOutcomes {
  readonly analyses: readonly AnalysisOutcome[];
  /** What the proof is worth, where that is known. */
  readonly truth?: ProofScore;
}

/** `null`: no verdict, however often it is asked. */
interface AnalysisOutcome {
  readonly score: ProofScore | null;
  /** Empty where the analysis reports no issue. */
  readonly metaScores: readonly (QualityScore | null)[];
}

/**
 * A synthetic population, for benchmarks of the label rule: 35 % sound proofs, 20 % with minor flaws, 45 % with fatal
 * ones. Verifier and meta-verifier err at rates drawn per proof, so that votes about one proof are correlated. Ours;
 * all numbers are in docs/method.md, "A population to try rules on".
 */
export function* syntheticPopulation(options: {
  readonly proofs: number;
  readonly analysesPerProof: number;
  readonly metaAnalysesPerAnalysis: number;
  readonly seed: number;
}): Generator<ProofOutcomes> {
  const random = randomFrom(options.seed);
  for (let proof = 0; proof < options.proofs; proof += 1)
    yield proofOutcomes(options.analysesPerProof, options.metaAnalysesPerAnalysis, random);
}

type Random = () => number;

/** How verifier and meta-verifier err about one proof: chances, drawn once for it. */
export interface ProofRates {
  readonly truth: ProofScore;
  /** That an analysis reports an issue; that it then scores 0; that the issue is real. */
  readonly reports: number;
  readonly zero: number;
  readonly real: number;
  /** That a meta-analysis confirms a real issue, and an unreal one. */
  readonly confirmsReal: number;
  readonly confirmsUnreal: number;
}

export function drawProof(random: Random): ProofRates {
  const kind = random();
  const sound = kind < 0.35;
  const fatal = kind >= 0.55;
  const falseAlarmRate = beta(1, 9, random);
  const detectionRate = beta(4, 2, random);
  return {
    truth: sound ? 1 : fatal ? 0 : 0.5,
    reports: sound ? falseAlarmRate : detectionRate,
    zero: sound ? 0.5 : fatal ? 0.9 : 0.1,
    real: sound ? 0 : 0.9,
    confirmsReal: beta(8, 2, random),
    confirmsUnreal: beta(2, 8, random),
  };
}

function proofOutcomes(n: number, m: number, random: Random): ProofOutcomes {
  const { truth, reports, zero, real, confirmsReal, confirmsUnreal } = drawProof(random);
  const analyses: AnalysisOutcome[] = [];
  for (let analysis = 0; analysis < n; analysis += 1) {
    if (random() >= reports) {
      analyses.push({ score: 1, metaScores: [] });
      continue;
    }
    const score = random() < zero ? 0 : 0.5;
    const confirms = real > 0 && random() < real ? confirmsReal : confirmsUnreal;
    const metaScores: QualityScore[] = [];
    for (let meta = 0; meta < m; meta += 1) metaScores.push(random() < confirms ? 1 : 0);
    analyses.push({ score, metaScores });
  }
  return { analyses, truth };
}

/** Beta for whole parameters: the a-th smallest of a + b − 1 uniform numbers. */
function beta(a: number, b: number, random: Random): number {
  const draws = Array.from({ length: a + b - 1 }, random).sort((x, y) => x - y);
  return draws[a - 1] as number;
}
