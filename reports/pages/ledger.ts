import type { Amounts } from '../../shared/lap/amounts.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { hoursText, short } from '../../shared/cost/planText.ts';
import { decimal, readable } from './format.ts';

const COLUMNS: readonly {
  readonly name: keyof Amounts;
  readonly title: string;
  readonly text: (amount: number) => string;
  /** Whether a plan reckons with it. @default true */
  readonly planned?: false;
}[] = [
  { name: 'calls', title: 'calls', text: short },
  { name: 'tokens', title: 'tokens', text: short },
  { name: 'trainingHours', title: 'training', text: hoursText },
  { name: 'queuedHours', title: 'in the queue', text: hoursText, planned: false },
  { name: 'inferenceHours', title: 'inference', text: hoursText },
  { name: 'gpuHours', title: 'GPU-hours', text: short },
  { name: 'verdicts', title: 'verdicts', text: short },
  { name: 'expertMinutes', title: 'expert minutes', text: short },
  { name: 'cost', title: 'cost', text: short },
];

/** The ledger as text: used / planned, phase by phase. What a lap neither planned nor used has no column. */
export function ledgerCells({ ledger, ledgerTotal }: Pick<LapReport, 'ledger' | 'ledgerTotal'>) {
  const shown = COLUMNS.filter(({ name }) => ledgerTotal.used[name] > 0 || (ledgerTotal.planned?.[name] ?? 0) > 0);
  const cells = ({ used, planned }: typeof ledgerTotal): string[] =>
    shown.map(({ name, text, planned: isPlanned = true }) =>
      planned && isPlanned ? `${text(used[name])} / ${text(planned[name])}` : text(used[name]),
    );
  return {
    titles: shown.map(({ title }) => title),
    phases: ledger.map(({ phase, ...row }) => [readable(phase), ...cells(row)]),
    all: ['all', ...cells(ledgerTotal)],
    ratios: shown.map(({ name }) => decimal(ledgerTotal.ratio?.[name])),
  };
}
