import type { Command } from 'commander';
import { aligned, readable } from '../../reports/pages/format.ts';
import { overBudget } from '../../shared/lap/amounts.ts';
import { refusalOfPlan, type LapPlan, type Planned } from '../../shared/cost/plan.ts';
import { hoursText, short } from '../../shared/cost/planText.ts';
import type { Basis } from '../../shared/cost/rates.ts';
import { derivedLines } from './derivedView.ts';
import { mendingLines } from './mendingLines.ts';
import { chosenLap, withLapChoices, type LapChoices } from './lapOptions.ts';
import { EXIT } from '../usage.ts';

interface PlanOptions extends LapChoices {
  readonly json?: boolean;
}

export function registerPlan(program: Command): void {
  withLapChoices(program.command('plan'))
    .summary('what a lap would take')
    .description(
      'Reckons what a lap would take, phase by phase: model calls, tokens, hours, GPU-hours, ' +
        'minutes of experts and cost.\n' +
        'From the recipe, and with --from by what that lap measured; says which figures are measured and which ' +
        'assumed.\n' +
        "Needs no server. Ends with 1 where the plan is over the recipe's budget: such a lap does not start.",
    )
    .option('--json', 'print one JSON object')
    .action(plan);
}

async function plan({ json, ...choices }: PlanOptions): Promise<void> {
  const { turn, recipe, from, plan: planned, mends } = await chosenLap(choices);
  const { budget } = recipe;
  const refusal = refusalOfPlan(planned, recipe);
  if (refusal !== undefined) process.exitCode = EXIT.failed;
  if (json) {
    const over = overBudget(planned.total.expected, budget);
    const mending = mends && { laps: mends.failed.donors, phases: mends.phases };
    console.log(
      JSON.stringify({ ...planned, from: from ?? null, budget: budget ?? null, overBudget: over ?? null, mending }),
    );
    return;
  }
  console.log(
    [
      `A ${planned.preset} lap${from === undefined ? '' : ` after ${from}`}, the ${ordinal(turn)} of its chain. At ` +
        'most: where nothing stops early.',
      '',
      ...table(planned),
      '',
      ...sizesIn(planned),
      ...basisLines(planned.basis),
      ...(mends === undefined ? [] : ['', ...mendingLines(mends), 'The figures above are of the whole lap.']),
      ...(refusal === undefined ? [] : ['', `This lap would not start. ${refusal}`]),
    ].join('\n'),
  );
}

function sizesIn({ derived = [] }: LapPlan): string[] {
  return derived.length === 0
    ? []
    : ['sizes that follow from what you bring (a given field stays):', ...indented(derivedLines(derived)), ''];
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

function table({ phases, total }: LapPlan): string[] {
  return aligned([
    ['phase', 'calls', 'at most', 'tokens', 'at most', 'training', 'inference', 'GPU-h', 'verdicts', 'min', 'cost'],
    ...phases.map((phase) => cellsOf(readable(phase.phase), phase)),
    cellsOf('all', total),
  ]);
}

function cellsOf(name: string, { expected, bound }: Planned): string[] {
  const { trainingHours, inferenceHours, gpuHours, verdicts, expertMinutes, cost } = expected;
  return [
    name,
    short(expected.calls),
    short(bound.calls),
    short(expected.tokens),
    short(bound.tokens),
    hoursText(trainingHours),
    hoursText(inferenceHours),
    ...[gpuHours, verdicts, expertMinutes, cost].map(short),
  ];
}

/** The figures by source, the measured ones first; equal ones together. */
function basisLines(basis: readonly Basis[]): string[] {
  const measuredFirst = [...basis].sort((a, b) => Number(b.measured) - Number(a.measured));
  return grouped(measuredFirst, ({ measured, source }) =>
    measured ? `measured in ${source}` : `assumed, ${source}`,
  ).flatMap(([source, ofSource]) => [
    `${source}:`,
    ...grouped(ofSource, ({ figure }) => figure).map(([figure, same]) => `  ${figure}: ${valuesText(same)}`),
  ]);
}

function valuesText(figures: readonly Basis[]): string {
  return grouped(figures, ({ value }) => short(value))
    .map(([value, same]) => `${value} (${same.map(({ of }) => of).join(', ')})`)
    .join(', ');
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups];
}

function ordinal(turn: number): string {
  return ['first', 'second', 'third'][turn - 1] ?? `${turn}th`;
}
