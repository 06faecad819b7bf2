import { BLIND_KINDS } from '../review/reviews.ts';
import type { LapShape } from './orders.ts';
import { ordersOf, PHASES } from './phases.ts';

/**
 * Why a lap whose labels are all automatic (paper 2.3's last iterations) cannot be: phases in which somebody has to
 * score, audits and evaluations aside. Empty where it can.
 */
export function scoresMissing(lap: LapShape): string[] {
  if (lap.recipe.annotation !== 'automatic') return [];
  const asking = ordersOf(lap).filter(({ orders }) =>
    orders.some((order) => order.kind === 'review' && !BLIND_KINDS.includes(order.question)),
  );
  if (asking.length === 0) return [];
  const phases = asking.map(({ phase }) => PHASES[phase].title).join(' and ');
  return [
    `annotation: expected "unaided" or "assisted" where somebody has to score (${phases}), got "automatic": that is ` +
      'for later laps (from), or for scores that are given (given.proofs, given.analyses)',
  ];
}
