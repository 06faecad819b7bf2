import type { ComparedFigure, Comparison } from '../../shared/figures/comparison.ts';
import { dots } from '../pages/charts.ts';
import { plusMinus, signed } from '../pages/format.ts';
import { html } from '../pages/markup.ts';
import { wholePage } from '../pages/style.ts';
import { INK } from '../pages/svg.ts';
import { figure, list, plainTable } from '../pages/tables.ts';
import { isClear, pairing, sidesOf } from './comparisonTable.ts';

/** The comparison as one page. Equal comparisons give equal bytes. */
export function comparisonPage(comparison: Comparison): string {
  const { a, b, figures, seeds, notCompared } = comparison;
  const overSeeds = seeds.length > 1;
  const reach = Math.min(
    1,
    Math.ceil(
      4 *
        Math.max(
          0.25,
          ...figures.flatMap(({ low, high, overSeeds: over }) => [-low, high, ...(over ? [-over.low, over.high] : [])]),
        ),
    ) / 4,
  );
  const clip = (value: number) => Math.max(-reach, Math.min(reach, value));
  const clipped = ({ value, low, high }: Pick<ComparedFigure, 'value' | 'low' | 'high'>) => ({
    value: clip(value),
    low: clip(low),
    high: clip(high),
    n: 0,
  });
  const models = [
    { name: 'b − a, interval over problems', colour: INK.after },
    ...(overSeeds ? [{ name: 'mean over seeds, interval over seeds', colour: INK.between }] : []),
  ];
  return wholePage(
    `${b.laps[0]} against ${a.laps[0]}`,
    html`<h1>${b.laps.join(', ')} <span class="quiet">against</span> ${a.laps.join(', ')}</h1>
      <p class="quiet">
        b is ${b.laps.join(', ')}; a is ${a.laps.join(', ')}. ${pairing(comparison)} T = 1, 95 % intervals, held-out
        problems ${comparison.heldOut.slice(0, 16)}….
      </p>
      <h2>Differences</h2>
      ${figure(
        dots(
          'differences',
          'Differences b − a with 95 % intervals.',
          models,
          figures.map((of) => ({
            name: of.name,
            figures: [clipped(of), of.overSeeds && clipped(of.overSeeds)],
            constant: 0,
          })),
          { min: -reach, max: reach, interval: reach / 2, constant: 'no difference' },
        ),
        html`Right of the dashed line b is higher. An interval over problems says how well these models were measured;
        one over seeds, what another seed may bring.`,
      )}
      <h2>Both sides</h2>
      <figure>
        ${dots(
          'sides',
          'Figures of both sides with 95 % intervals.',
          [
            { name: 'a', colour: INK.before },
            { name: 'b', colour: INK.after },
          ],
          figures.map(({ name, a: of, b: to }) => ({ name, figures: [of, to] })),
        )}
      </figure>
      ${plainTable(
        ['', 'a', 'b', 'b − a', ...(overSeeds ? [`over seeds ${seeds.join(', ')}`, 'by seed'] : [])],
        figures.map((of) => [
          ...sidesOf(of),
          `${signed(of)}${isClear(of) ? ' *' : ''}`,
          ...(overSeeds
            ? [of.overSeeds ? signed(of.overSeeds) : '–', of.bySeed.map(({ value }) => plusMinus(value)).join(' ')]
            : []),
        ]),
      )}
      <p class="quiet">
        * the interval leaves 0 out. Differences by Newcombe's square-and-add method from each side's clustered Wilson
        interval.
      </p>
      ${
        notCompared.length === 0
          ? null
          : html`<h3>Not compared</h3>
              ${list(notCompared.map((of) => html`${of.figure}: ${of.reason}`))}`
      }`,
  );
}
