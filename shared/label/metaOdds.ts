/**
 * The chance that further yes/no votes bring at least `needed` yeses in `left`, when the share of yeses is uncertain:
 * Beta(yes, no), so the number of yeses is beta-binomial.
 */
export function chanceOfAtLeast(needed: number, left: number, yes: number, no: number): number {
  if (needed <= 0) return 1;
  if (needed > left) return 0;
  // P(0 yeses), then P(i + 1) from P(i).
  let probability = 1;
  for (let index = 0; index < left; index += 1) probability *= (no + index) / (yes + no + index);
  let below = 0;
  for (let yeses = 0; yeses < needed; yeses += 1) {
    below += probability;
    probability *= ((left - yeses) * (yes + yeses)) / ((yeses + 1) * (no + left - yeses - 1));
  }
  return Math.max(0, 1 - below);
}
