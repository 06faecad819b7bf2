import { settledBy, tallyOf, type AnalysisEvidence, type Tally } from '../label/autoLabel.ts';
import { gridPolicies } from '../label/precision.ts';
import type { AutoLabelPolicy } from '../sampling/sets.ts';
import { byScore, type Figure } from '../statistics/figure.ts';
import type { OfProblem } from '../statistics/measures.ts';
import type { Score } from '../scores.ts';
import type { GridRow, TruthScale } from './evaluation.ts';
import { classOf, figureOf } from './evaluationFigures.ts';

/** A proof whose true score is known, with all that was stored of its analyses and meta-analyses. */
export interface ProofEvidence extends OfProblem {
  readonly truth: Score;
  readonly evidence: readonly AnalysisEvidence[];
}

/** What each policy of the grid would label, from one set of stored outcomes: no call is made. */
export const labelGrid = (proofs: readonly ProofEvidence[], asked: AutoLabelPolicy, scale: TruthScale): GridRow[] =>
  [...labelGridParts(proofs, asked, scale)].flat();

/** The same part by part, each of one n and m: of many proofs a part takes a second. */
export function* labelGridParts(
  proofs: readonly ProofEvidence[],
  asked: AutoLabelPolicy,
  scale: TruthScale,
): Generator<GridRow[]> {
  for (const policies of gridPolicies(asked)) {
    const [first = asked] = policies;
    // Counted by n and m, once for all rules and k.
    const tallied = proofs.map(({ evidence, ...proof }) => ({ ...proof, tally: tallyOf(first, evidence) }));
    yield policies.map((policy) => rowOf(policy, tallied, scale));
  }
}

function rowOf(
  policy: AutoLabelPolicy,
  proofs: readonly (Omit<ProofEvidence, 'evidence'> & { readonly tally: Tally })[],
  scale: TruthScale,
): GridRow {
  const decided = proofs.map(({ tally, ...proof }) => ({ ...proof, decision: settledBy(policy, tally) }));
  const labelled = decided.flatMap(({ decision, ...proof }) =>
    decision?.kind === 'labelled' ? [{ ...proof, label: decision.score }] : [],
  );
  const right = (of: typeof labelled): Figure => figureOf(of, ({ label, truth }) => +(classOf(label, scale) === truth));
  const { analysesPerProof: n, metaAnalysesPerAnalysis: m, minValidAnalyses: k, rule = 'lowest' } = policy;
  return {
    rule,
    n,
    m,
    k,
    precision: right(labelled),
    byLabel: byScore((score) => right(labelled.filter(({ label }) => label === score))),
    contested: figureOf(decided, ({ decision }) => +(decision?.kind === 'contested')),
    unresolved: figureOf(decided, ({ decision }) => +(decision === undefined)),
  };
}
