import { possibleLabels, tallyOf, type AnalysisEvidence } from '../label/autoLabel.ts';
import type { AutoLabelPolicy } from '../sampling/sets.ts';

/** Proofs that the rule gives a label, if only first attempts count: a lost verdict may be anything. */
export interface LabelBounds {
  readonly proofs: number;
  /** Those whose label rests on verdicts that were asked again: some value of what was lost would change it. */
  readonly mayDiffer: number;
  /** Proofs with that label whatever the lost verdicts were, and those that some value of them would give it. */
  readonly byLabel: Readonly<Record<PossibleLabel, { readonly least: number; readonly most: number }>>;
}

const POSSIBLE = { '0': 'zero', '0.5': 'half', '1': 'one', contested: 'contested' } as const;
type PossibleLabel = keyof typeof POSSIBLE;
const LABELS = Object.keys(POSSIBLE) as PossibleLabel[];

/**
 * @param proofs each proof's evidence by first attempts alone: undefined where the verdict was lost.
 * @param isSettled whether a proof has a label, contested included, by all attempts.
 */
export function labelBounds(
  policy: AutoLabelPolicy,
  proofs: Iterable<readonly [id: string, evidence: readonly AnalysisEvidence[]]>,
  isSettled: (id: string) => boolean,
): LabelBounds {
  let [total, mayDiffer] = [0, 0];
  const byLabel = { '0': bound(), '0.5': bound(), '1': bound(), contested: bound() };
  for (const [id, evidence] of proofs) {
    const possible = possibleLabels(tallyOf(policy, evidence), policy);
    const labels = LABELS.filter((label) => possible[POSSIBLE[label]]);
    total += 1;
    if (labels.length > 1 && isSettled(id)) mayDiffer += 1;
    for (const label of labels) {
      byLabel[label].most += 1;
      if (labels.length === 1) byLabel[label].least += 1;
    }
  }
  return { proofs: total, mayDiffer, byLabel };
}

const bound = () => ({ least: 0, most: 0 });
