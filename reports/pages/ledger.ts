import type { Amounts } from '../../shared/lap/amounts.ts';
import { hoursText, short } from '../../shared/cost/planText.ts';

/** The columns of a ledger, in text and page. */
export const LEDGER_COLUMNS: readonly {
  readonly name: keyof Amounts;
  readonly title: string;
  readonly text: (amount: number) => string;
}[] = [
  { name: 'calls', title: 'calls', text: short },
  { name: 'tokens', title: 'tokens', text: short },
  { name: 'trainingHours', title: 'training', text: hoursText },
  { name: 'inferenceHours', title: 'inference', text: hoursText },
  { name: 'gpuHours', title: 'GPU-hours', text: short },
  { name: 'verdicts', title: 'verdicts', text: short },
  { name: 'expertMinutes', title: 'expert minutes', text: short },
  { name: 'cost', title: 'cost', text: short },
];
