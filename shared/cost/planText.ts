import type { PlanHeadline } from '../lap/progress.ts';

/** `1,234 calls, 56 k tokens, 2.5 h, 30 min of experts`: what is nothing is left out. */
export function planText(headline: PlanHeadline | undefined): string {
  if (headline === undefined) return '';
  const { calls, tokens, hours, cost, expertMinutes } = headline;
  return [
    calls > 0 ? `${short(calls)} calls` : '',
    tokens > 0 ? `${short(tokens)} tokens` : '',
    hours > 0 ? hoursText(hours) : '',
    cost > 0 ? `cost ${short(cost)}` : '',
    expertMinutes > 0 ? `${short(expertMinutes)} min of experts` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** Three digits and a unit: `842`, `12.3 k`, `4.57 M`, `205 G`. */
export function short(amount: number): string {
  const units = ['', ' k', ' M', ' G', ' T'];
  let [value, unit] = [amount, 0];
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${Number(value.toPrecision(3))}${units[unit]}`;
}

/** `12 s`, `5.5 min`, `48 h`. */
export function hoursText(hours: number): string {
  if (hours === 0) return '0';
  const seconds = hours * 3600;
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Number((seconds / 60).toPrecision(2))} min` : `${short(hours)} h`;
}
