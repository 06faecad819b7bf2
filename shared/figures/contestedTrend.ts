import type { Difference } from '../statistics/differences.ts';
import type { Figure } from '../statistics/figure.ts';

/**
 * Fewer contested proofs than a lap before are good news where the labels hold up, and bad where the verifier has
 * learned to agree with everything. Contested proofs alone do not tell the one from the other.
 */
export interface ContestedTrend {
  /** Share of contested proofs: b of this lap, a of the one before. */
  readonly contested: Difference;
  readonly means: 'mastery' | 'saturation' | 'notKnown';
  /** Why, in words, with who judged. */
  readonly why: string;
}

export interface Audits {
  /** Who scored the labelled proofs: people, or the checker's name. */
  readonly by: string;
  /** Labels that are right, of all and of those that say 1; null where nobody scored one. */
  readonly precision: Figure;
  readonly precisionOf1: Figure;
  /** In the lap before. */
  readonly precisionBefore: Figure;
  /** What is asked of labels. */
  readonly goal: number;
}

/** Undefined where the contested share has not fallen for certain. */
export function contestedTrend(contested: Difference | null, audits: Audits): ContestedTrend | undefined {
  if (contested === null || contested.high >= 0) return undefined;
  return { contested, ...meaningOf(audits) };
}

function meaningOf({
  by,
  precision,
  precisionOf1,
  precisionBefore,
  goal,
}: Audits): Pick<ContestedTrend, 'means' | 'why'> {
  if (precision === null)
    return { means: 'notKnown', why: 'nobody has scored labelled proofs: labelling.auditShare asks people to' };
  if (precisionOf1 !== null && precisionOf1.high < goal)
    return { means: 'saturation', why: `${by} gave 1 to ${words(precisionOf1)} of the proofs that are labelled 1` };
  if (precision.high < goal)
    return { means: 'saturation', why: `by ${by}, ${words(precision)} of the labels are right, less than ${goal}` };
  if (precisionBefore !== null && precision.high < precisionBefore.low)
    return {
      means: 'saturation',
      why: `by ${by}, ${words(precision)} of the labels are right, ${words(precisionBefore)} in the lap before`,
    };
  if (precision.low >= goal) return { means: 'mastery', why: `by ${by}, ${words(precision)} of the labels are right` };
  return {
    means: 'notKnown',
    why: `by ${by}, ${words(precision)} of the labels are right: too few were looked at to show ${goal}`,
  };
}

const words = ({ value, low, high, n }: NonNullable<Figure>): string =>
  `${value.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)}) of ${Math.round(n)}`;
