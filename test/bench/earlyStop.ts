import { autoLabel, type AnalysisEvidence } from '../../shared/label/autoLabel.ts';
import { replayLabel } from '../../shared/label/replay.ts';
import type { ProofOutcomes } from '../../shared/label/population.ts';
import type { LabelRule } from '../../shared/sampling/sets.ts';
import type { Bench } from './bench.ts';
import { populationOf } from './population.ts';

const SEEDS = [1, 2, 3, 4, 5];
const PROOFS = 6_000;
/** The recipe's waves for these n; the last size repeats. */
const WAVES: Readonly<Record<number, readonly number[]>> = { 16: [2, 2, 2, 2, 3, 5], 64: [6, 12, 24, 24] };

/** Calls of the early stop by those of the full n×m×k rule, labels compared proof by proof. */
export function earlyStop({
  n,
  m,
  k,
  goal,
  rule = 'lowest',
}: {
  readonly n: number;
  readonly m: number;
  readonly k: number;
  readonly goal: number;
  readonly rule?: LabelRule;
}): Bench {
  return {
    name: `early-stop-${rule === 'lowest' ? '' : `${rule}-`}${n}-${m}-${k}`,
    about:
      `calls ÷ the full rule's at n=${n}, m=${m}, k=${k}; 1 unless every label is the full rule's within 16 ` +
      'rounds',
    goal: `<= ${goal}`,
    met: (value) => value <= goal,
    takes: ['population'],
    async run({ population }) {
      const policy = {
        analysesPerProof: n,
        metaAnalysesPerAnalysis: m,
        minValidAnalyses: k,
        confirmingMetaScore: 1,
        rule,
      } as const;
      const waves = WAVES[n] ?? [4];
      const ratios: number[] = [];
      let [proofs, equal, maxRounds, rounds, calls, fullCalls] = [0, 0, 0, 0, 0, 0];
      const labels: Record<string, number> = {};
      for (const seed of population === undefined ? SEEDS : [0]) {
        const before = { calls, fullCalls };
        for await (const outcomes of populationOf(population, { n, m, proofs: PROOFS, seed })) {
          const evidence = evidenceOf(outcomes);
          const replay = replayLabel(policy, waves, evidence);
          const label = autoLabel(policy, evidence);
          proofs += 1;
          calls += replay.calls;
          fullCalls += n + evidence.reduce((sum, { metaScores }) => sum + metaScores.length, 0);
          rounds += replay.waves.length;
          maxRounds = Math.max(maxRounds, replay.waves.length);
          if (JSON.stringify(label) === JSON.stringify(replay.decision)) equal += 1;
          const name = label.kind === 'labelled' ? String(label.score) : label.kind;
          labels[name] = (labels[name] ?? 0) + 1;
        }
        ratios.push((calls - before.calls) / (fullCalls - before.fullCalls));
      }
      if (proofs === 0) throw new Error(`Expected proofs in ${population}, found none`);
      const ratio = ratios.reduce((sum, one) => sum + one, 0) / ratios.length;
      return {
        value: equal === proofs && maxRounds <= 16 ? ratio : 1,
        detail: {
          population: population ?? `synthetic, ${SEEDS.length} seeds × ${PROOFS} proofs`,
          waves,
          ratios,
          proofs,
          labelsEqual: equal,
          labels,
          dependentRoundsMax: maxRounds,
          dependentRoundsMean: rounds / proofs,
          callsPerProof: calls / proofs,
          fullRulePerProof: fullCalls / proofs,
        },
      };
    },
  };
}

function evidenceOf({ analyses }: ProofOutcomes): AnalysisEvidence[] {
  return analyses.map(({ score, metaScores }) => ({
    score: score ?? undefined,
    metaScores: metaScores.map((vote) => vote ?? undefined),
  }));
}
