import type { Recipe } from '../recipe/recipe.ts';
import { KEPT_FOR_AUDIT } from '../reward/rewards.ts';
import { LEAST_HUMAN_SCORES } from '../statistics/figure.ts';
import { wilsonAt } from '../statistics/wilson.ts';

/** How many proofs of a label have to be audited until its interval is on one side of what is asked for. */

/** Ours: a label is shown when it errs half as often as it may, and refused when it errs twice as often. */
const SHOWN_AT = 0.5;
const REFUSED_AT = 2;
/** No team audits so many. */
const MOST = 1_000_000;

export interface AuditSizes {
  /** Where every audited one is right: fewer show nothing. */
  readonly atLeast: number;
  readonly toShow: { readonly precision: number; readonly audits: number };
  readonly toRefuse: { readonly precision: number; readonly audits: number };
}

/** @param goal recipe: `audit.minPrecision`. */
export function auditSizes(goal: number): AuditSizes {
  const [good, bad] = [SHOWN_AT, REFUSED_AT].map((times) => Math.max(0, 1 - (1 - goal) * times)) as [number, number];
  return {
    atLeast: smallest((n) => wilsonAt(1, n).low >= goal),
    toShow: { precision: good, audits: smallest((n) => wilsonAt(good, n).low >= goal) },
    toRefuse: { precision: bad, audits: smallest((n) => wilsonAt(bad, n).high < goal) },
  };
}

/** The first number for which it holds; it holds for all above. */
function smallest(holds: (n: number) => boolean): number {
  let [low, high] = [0, 1];
  while (high < MOST && !holds(high)) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** What a plan says of it. @param audits of each label, as they are expected. */
export function auditSizeText(goal: number, audits: number): string {
  const { atLeast, toShow, toRefuse } = auditSizes(goal);
  return (
    `audits: about ${audits} of each label. To show that ${goal} of a label are right takes ${atLeast} where all ` +
    `audited are, ${toShow.audits} where ${percent(toShow.precision)} are; to show that fewer are, ` +
    `${toRefuse.audits} where ${percent(toRefuse.precision)} are`
  );
}

/** What a plan warns of: audits that can show nothing. */
export function auditWarnings({ audit, labelling: { auditShare }, stages }: Recipe, audits = 0): string[] {
  if (audit === undefined) return [];
  const { minPrecision: goal, rewardedProofs = 0 } = audit;
  const { atLeast } = auditSizes(goal);
  const few =
    `labelling.auditShare ${auditShare}: about ${audits} audits of each label can show none to be right in ` +
    `audit.minPrecision ${goal}, which takes ${atLeast} even where all audited are; they can show that one is wrong`;
  const none = `labelling.auditShare 0: no label is audited, so that audit.minPrecision ${goal} decides nothing`;
  const { saturationWindow, promptsPerStep, groupSize } = stages.generator;
  const seen = Math.min(rewardedProofs, Math.floor((saturationWindow * promptsPerStep * groupSize) / KEPT_FOR_AUDIT));
  return [
    ...(auditShare === 0 ? [none] : audits < atLeast ? [few] : []),
    ...(rewardedProofs > 0 && seen < LEAST_HUMAN_SCORES
      ? [
          `audit.rewardedProofs ${rewardedProofs}: people score about ${seen} of the last steps of a stage, and an ` +
            `estimate takes ${LEAST_HUMAN_SCORES}`,
        ]
      : []),
  ];
}

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;
