import type { Command } from 'commander';
import { aligned, readable } from '../../reports/pages/format.ts';
import { overBudget } from '../../shared/lap/amounts.ts';
import { refusalOfPlan, type LapPlan, type Planned } from '../../shared/cost/plan.ts';
import { hoursText, short } from '../../shared/cost/planText.ts';
import type { Basis } from '../../shared/cost/rates.ts';
import { diskOf } from '../../shared/cost/disk.ts';
import { refusalText } from '../../shared/lap/limits.ts';
import { trainingLayout } from '../../shared/lap/layout.ts';
import { limitsHere } from '../../activities/laps/refusals.ts';
import { configuredChoices, configuredServing } from '../../workers/configured.ts';
import { store } from '../../workers/store.ts';
import { derivedLines } from './derivedView.ts';
import { mendingLines } from './mendingLines.ts';
import { chosenLap, withLapChoices, type LapChoices } from './lapOptions.ts';
import { factLines, needLines, peopleOf } from './planFacts.ts';
import { trainingLines } from './trainingLines.ts';
import { EXIT } from '../usage.ts';

interface PlanOptions extends LapChoices {
  readonly json?: boolean;
}

export function registerPlan(program: Command): void {
  withLapChoices(program.command('plan'))
    .summary('what a lap would take')
    .description(
      'Reckons what a lap would take, phase by phase: model calls, tokens, hours, GPU-hours, ' +
        "minutes of experts and cost, people's weeks and the disk.\n" +
        "Reads the lap's problems, prompts and base, and asks servers that are named how much they hold; says which " +
        'rates are measured, in a finished lap of the same model or by `flywheel doctor --recipe`, and which are ' +
        'assumed.\n' +
        'Needs no server. Ends with 1 where such a lap would not start, and says all that is in its way.',
    )
    .option('--json', 'print one JSON object')
    .action(plan);
}

async function plan({ json, ...choices }: PlanOptions): Promise<void> {
  const lap = await chosenLap(choices);
  const { turn, recipe, from, plan: planned, facts, mends } = lap;
  const { refused, warnings } = await limitsHere(configuredChoices(configuredServing(store)), lap);
  const { budget } = recipe;
  const over = refusalOfPlan(planned, recipe);
  const why = [...refused.map(refusalText), ...(over === undefined ? [] : [over])];
  if (why.length > 0) process.exitCode = EXIT.failed;
  const disk = diskOf(lap, planned, facts);
  const { expertMinutes } = planned.total.expected;
  if (json) {
    const overrun = overBudget(planned.total.expected, budget);
    const mending = mends && { laps: mends.failed.donors, phases: mends.phases };
    const layout = trainingLayout(recipe, facts) ?? null;
    const known = {
      facts,
      layout,
      refused,
      warnings,
      disk: disk ?? null,
      people: peopleOf(recipe.experts, expertMinutes),
    };
    const asked = { from: from ?? null, budget: budget ?? null, overBudget: overrun ?? null, mending };
    console.log(JSON.stringify({ ...planned, ...asked, ...known }));
    return;
  }
  console.log(
    [
      `A ${planned.preset} lap${from === undefined ? '' : ` after ${from}`}, the ${ordinal(turn)} of its chain. At ` +
        'most: where nothing stops early.',
      '',
      ...table(planned),
      ...needLines(lap, expertMinutes, disk, facts),
      ...trainingLines(lap, facts),
      '',
      ...factLines(lap, facts),
      ...sizesIn(planned),
      ...basisLines(planned.basis),
      ...(mends === undefined ? [] : ['', ...mendingLines(mends), 'The figures above are of the whole lap.']),
      ...listed('worth knowing', warnings),
      ...listed('This lap would not start', why),
    ].join('\n'),
  );
}

/** One beside its title, several below. */
function listed(title: string, lines: readonly string[]): string[] {
  const [first] = lines;
  if (first === undefined) return [];
  return lines.length === 1 ? ['', `${title}. ${first}`] : ['', `${title}:`, ...indented(lines)];
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
