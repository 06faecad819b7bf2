import { PHASES, type PhaseName } from '../../shared/lap/phases.ts';
import type { Bounded } from '../../shared/figures/losses.ts';
import type { Figure, Measured } from '../../shared/statistics/figure.ts';

/** `0.93`, or a dash where nothing was measured. */
export const value = (figure?: Figure): string => decimal(figure?.value);

/** `0.90–0.95`. */
export const interval = (figure?: Figure): string => (figure ? `${decimal(figure.low)}–${decimal(figure.high)}` : '');

/** `0.90–0.95`, of a mean with every lost verdict at 0, and at 1. */
export const bounds = (mean: Bounded | null): string => (mean ? `${decimal(mean.low)}–${decimal(mean.high)}` : '–');

/** `0.93 (0.90–0.95)`. */
export const withInterval = (figure?: Figure): string => (figure ? `${value(figure)} (${interval(figure)})` : '–');

/** `+0.05 (−0.01 to +0.11)`: a difference. */
export const signed = ({ value: difference, low, high }: Omit<Measured, 'n'>): string =>
  `${plusMinus(difference)} (${plusMinus(low)} to ${plusMinus(high)})`;

export const plusMinus = (number: number): string => `${number < -0.005 ? '−' : '+'}${Math.abs(number).toFixed(2)}`;

/** `+0.38`, between two figures. */
export function change(before?: Figure, after?: Figure): string {
  if (!before || !after) return '';
  const difference = after.value - before.value;
  return `${difference < 0 ? '−' : '+'}${decimal(Math.abs(difference))}`;
}

export const decimal = (number?: number | null): string => number?.toFixed(2).replace(/^-0\.00$/, '0.00') ?? '–';

export const percent = (share?: number | null): string =>
  typeof share === 'number' ? `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %` : '–';

export const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0);

export const whole = (number: number): string => Math.round(number).toLocaleString('en');

/** `43 s`, `9 min 05 s`, `3 h 20 min`. */
export function duration(totalSeconds: number): string {
  const seconds = Math.max(0, Math.round(totalSeconds));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')} min`;
}

/** The title of a phase, such as `verifier v1` of `verifierV1`; any other name as it is. */
export const readable = (name: string): string =>
  Object.hasOwn(PHASES, name) ? PHASES[name as PhaseName].title : name;

/** Columns as wide as their widest cell; the first to the left, the others to the right. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
