/** Normal quantile of a two-sided 95 % interval. */
export const Z = 1.959964;

/** Wilson's 95 % score interval of a proportion at n observations; n need not be whole. */
export function wilsonAt(value: number, n: number): { readonly low: number; readonly high: number } {
  const z2 = Z ** 2 / n;
  const centre = (value + z2 / 2) / (1 + z2);
  const half = Math.sqrt(value * (1 - value) * z2 + z2 ** 2 / 4) / (1 + z2);
  return { low: Math.max(0, Math.min(value, centre - half)), high: Math.min(1, Math.max(value, centre + half)) };
}
