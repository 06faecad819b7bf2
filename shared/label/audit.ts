import type { ArtifactRef } from '../records.ts';
import type { ProofScore } from '../scores.ts';

/**
 * What people's blind sample of automatic labels says of each label, and what follows from it (ours: paper 2.3 lets
 * automatic labels replace experts, and gives no check).
 */

/** A share of right ones with its 95 % interval, problems as clusters. */
interface AuditedShare {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

/**
 * `below`: less precise than asked for, for certain. `notYetShown`: too few were audited to tell. `notAudited`: nobody
 * has scored one.
 */
export type AuditVerdict = 'shown' | 'notYetShown' | 'below' | 'notAudited';

/** One label of a lap, and people's blind sample of it. */
export interface LabelAudit {
  readonly score: ProofScore;
  /** Automatic labels of this score. */
  readonly labels: number;
  /** Who audited them. */
  readonly by: 'people' | 'the program';
  /** Those that people gave as well, of those that they scored; null where they scored none. */
  readonly precision: AuditedShare | null;
  /** Recipe: `audit.minPrecision`. */
  readonly goal: number;
  readonly verdict: AuditVerdict;
  /** A lead's word of it, and where that is kept; absent where the lap did not wait for one. */
  readonly said?: ArtifactRef & { readonly use: boolean };
}

/** By both ends of the interval: what is astride of the goal is neither shown nor refused. */
export function auditVerdict(precision: Pick<AuditedShare, 'low' | 'high'> | null, goal: number): AuditVerdict {
  if (precision === null) return 'notAudited';
  if (precision.high < goal) return 'below';
  return precision.low >= goal ? 'shown' : 'notYetShown';
}

/** Whether nothing is trained on the rest of such a label, which nobody audited, until a lead says so. */
export const isHeldBack = ({ verdict, said, labels, precision }: LabelAudit): boolean =>
  verdict === 'below' && said?.use !== true && (precision?.n ?? 0) < labels;

/** What a lead is asked about, by the name of its label. */
export const labelName = (score: ProofScore): string => `label ${score}`;

/** One label in words. */
export function auditText({ score, labels, by, precision, goal, verdict, said }: LabelAudit, lap: string): string {
  if (precision === null) return `label ${score}: none of ${labels} was audited, so that nothing is shown of it`;
  const { value, low, high, n } = precision;
  const release = `\`flywheel labels release ${lap} --score ${score} --by YOU\``;
  const held = said ? 'held back, as a lead said' : `held back until a lead says otherwise: ${release}`;
  const rest = n < labels ? held : 'all of them were audited, and have that score';
  const comes = {
    shown: `shown to be right in ${goal} of them`,
    notYetShown: `not yet shown to be right in ${goal} of them; used`,
    below: `less than the ${goal} asked for, for certain; ${said?.use === true ? 'used, as a lead said' : rest}`,
    notAudited: '',
  };
  return (
    `label ${score}: ${by} gave ${two(value)} (${two(low)}–${two(high)}) of ${n} audited proofs the same score, ` +
    comes[verdict]
  );
}

/** What a lap that waits for a lead says of it. */
export const waitsFor = (audit: LabelAudit, lap: string): string =>
  `${auditText(audit, lap)} uses it, and \`flywheel labels hold ${lap} --score ${audit.score} --by YOU\` does ` +
  'without; the lap waits';

const two = (share: number): string => share.toFixed(2);
