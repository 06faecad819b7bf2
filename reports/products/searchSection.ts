import type { SearchFigures } from '../../shared/products/searchFigures.ts';
import { legend } from '../pages/charts.ts';
import { aligned, value, whole, withInterval } from '../pages/format.ts';
import { html, type Markup } from '../pages/markup.ts';
import { custom, drawn, INK, panel, track } from '../pages/svg.ts';
import { figure, figureTable } from '../pages/tables.ts';
import { axisNames } from './axisNames.ts';

/**
 * Success of a search by round (paper 3.3.3): in the verifier's own eyes, and in truth where a checker knows it.
 * @param id of its drawing, unique in the page.
 */
export function searchSection(figures: SearchFigures, { id = 'search', title = 'Search' } = {}): Markup {
  const { search, problems, points, oneShot, unfinished } = figures;
  const { proofs, analyses, refined, shown, rounds } = search;
  return html`<h2>${title}</h2>
    <p>
      ${whole(problems)} problems: a pool of ${proofs} proofs, ${analyses} analyses of each; then in each of at most
      ${rounds} rounds the ${refined} best by mean score are refined with ${shown} of their analyses, until a proof
      passes all ${analyses}. A search that has ended keeps what it has. Intervals are 95 % and count problems.
      ${unfinished > 0 ? `${whole(unfinished)} problems whose search ended early are in no figure.` : null}
      ${
        oneShot
          ? `One proof without search is worth ${withInterval(oneShot)}, by the checker.`
          : 'No checker knows what the proofs are worth: what the verifier says of them is no truth.'
      }
    </p>
    ${figure(html`${legend(tracksOf(figures))}${chart(figures, id)}`, html`Round 0 is the pool before any refinement.`)}
    ${figureTable(
      columnsOf(figures).map(({ title }) => title),
      points.map((point) => ({
        name: `round ${point.round}, ${point.searched} of ${problems} problems`,
        figures: columnsOf(figures).map(({ of }) => point[of]),
      })),
    )}`;
}

const COLUMNS = [
  { title: "passed, in the verifier's own eyes", short: 'passed', of: 'passed', colour: INK.between },
  { title: 'mean score of the best proof, by the verifier', short: 'best by mean', of: 'bestMean', colour: undefined },
  { title: 'true score of the best proof', short: 'its true score', of: 'bestTruth', colour: undefined },
  { title: 'best proof is right', short: 'right', of: 'right', colour: INK.after },
  { title: 'a right proof is in the pool', short: 'in the pool', of: 'found', colour: INK.good },
  {
    title: 'passed and not right, of those that passed',
    short: 'passed falsely',
    of: 'falselyPassed',
    colour: INK.bad,
  },
] as const;

/** Those of which there is a figure. */
const columnsOf = ({ points }: SearchFigures) => COLUMNS.filter(({ of }) => points.some((point) => point[of] !== null));

const tracksOf = (figures: SearchFigures) =>
  columnsOf(figures).flatMap(({ title, of, colour }) => (colour === undefined ? [] : [{ name: title, of, colour }]));

function chart(figures: SearchFigures, id: string): Markup {
  const { points, search } = figures;
  const tracks = tracksOf(figures);
  const said = points.map(
    (point) => `${point.round}: ${tracks.map(({ of }) => withInterval(point[of] ?? undefined)).join(', ')}`,
  );
  return drawn({
    id,
    width: 760,
    height: 260,
    description: `Search by round: ${tracks.map(({ name }) => name).join('; ')}. ${said.join('; ')}.`,
    option: panel(
      'Share of the problems, after each round',
      { min: -0.5, max: search.rounds + 0.5, axisLabel: { show: false } },
      16,
      [
        custom(
          axisNames,
          points.map(({ round }) => [round]),
        ),
        ...tracks.map(({ of, colour }, index) =>
          custom(
            track(
              points.map((point) => ({ at: point.round, figure: point[of] })),
              { shift: 5 * (index - (tracks.length - 1) / 2), bold: of === 'right' || of === 'passed', colour },
            ),
            [[0, 0]],
          ),
        ),
      ],
    ),
  });
}

/** The same as lines for a terminal. */
export function searchLines(figures: SearchFigures): string[] {
  const columns = columnsOf(figures);
  return [
    ...aligned([
      ['round', 'searched', ...columns.map(({ short }) => short)],
      ...figures.points.map((point) => [
        String(point.round),
        String(point.searched),
        ...columns.map(({ of }) => (of === 'right' || of === 'passed' ? withInterval(point[of]) : value(point[of]))),
      ]),
    ]),
    ...(figures.oneShot ? [`One proof without search: true score ${withInterval(figures.oneShot)}`] : []),
  ];
}
