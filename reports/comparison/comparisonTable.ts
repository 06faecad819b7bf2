import type { Comparison, ComparedFigure } from '../../shared/figures/comparison.ts';
import { aligned, signed, withInterval } from '../pages/format.ts';

/** Whether the interval leaves no difference out, as a mark for readers who skim. */
export const isClear = ({ low, high }: Pick<ComparedFigure, 'low' | 'high'>): boolean => low > 0 || high < 0;

/** How the sides were brought together, in a sentence. */
export function pairing({ a, b, seeds }: Comparison): string {
  if (a.laps.length === 1 && b.laps.length === 1) return 'Paired by held-out problem.';
  return seeds.length > 0
    ? `Pooled over seeds ${seeds.join(', ')}, paired by seed and by held-out problem.`
    : `Pooled; paired by held-out problem, not by seed: a has seeds ${a.seeds.join(', ')}, b ${b.seeds.join(', ')}.`;
}

/** A figure of both sides, after its name. */
export const sidesOf = (figure: ComparedFigure): string[] => [
  `${figure.name}${figure.paired ? '' : ' (not paired)'}`,
  withInterval(figure.a),
  withInterval(figure.b),
];

/** Differences b − a with 95 % intervals, as lines for a terminal. */
export function comparisonTable(comparison: Comparison): string {
  const { a, b, figures, seeds, notCompared } = comparison;
  const overSeeds = seeds.length > 1;
  return [
    `a: ${a.laps.join(', ')}`,
    `b: ${b.laps.join(', ')}`,
    `${pairing(comparison)} T = 1; an interval counts ` +
      `problems${overSeeds ? ', in the last column seeds (Student)' : ''}. * the interval leaves 0 out`,
    '',
    ...aligned([
      ['', 'a', 'b', 'b − a', '', ...(overSeeds ? ['over seeds'] : [])],
      ...figures.map((figure) => [
        ...sidesOf(figure),
        signed(figure),
        isClear(figure) ? '*' : '',
        ...(overSeeds
          ? [figure.overSeeds ? `${signed(figure.overSeeds)}${isClear(figure.overSeeds) ? ' *' : ''}` : '–']
          : []),
      ]),
    ]),
    ...(notCompared.length > 0
      ? ['', ...notCompared.map(({ figure, reason }) => `not compared: ${figure}: ${reason}`)]
      : []),
  ].join('\n');
}
