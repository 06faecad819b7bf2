import type { Judge } from '../../shared/products/refinement.ts';
import type { CurvePoint, JudgedCurves, RefinementFigures } from '../../shared/products/refinementFigures.ts';
import { legend } from '../pages/charts.ts';
import { aligned, value, whole, withInterval } from '../pages/format.ts';
import { html, type Markup } from '../pages/markup.ts';
import { custom, drawn, INK, panel, track } from '../pages/svg.ts';
import { figure, figureTable } from '../pages/tables.ts';
import { axisNames } from './axisNames.ts';

/** Who judged, as people read it. */
const BY: Readonly<Record<Judge, string>> = {
  checker: 'by the checker',
  people: 'by people',
  verifier: "in the verifier's own eyes",
};

/**
 * pass@1 and best@k along the iterations, judge by judge (paper 3.3.2, figure 2).
 * @param id of its drawings, unique in the page.
 */
export function refinementSection(
  figures: RefinementFigures,
  { id = 'refinement', title = 'Sequential refinement' } = {},
): Markup {
  const { threads, iterations, problems, judges } = figures;
  return html`<h2>${title}</h2>
    <p>
      ${whole(problems)} problems, ${threads} threads each, at most ${iterations} iterations: a thread refines its proof
      by its own evaluation until it gives itself 1. <b>pass@1</b> after an iteration is the mean score of the proofs
      that the threads hold then; <b>best@k</b> the expected score of the best of k threads by self-score, over all
      choices of k of the ${threads}, equal ones by their mean. Intervals are 95 % and count problems, not threads.
    </p>
    ${judges.length === 0 ? html`<p class="quiet">${NOT_JUDGED}</p>` : judges.map((curves) => judgedBlock(figures, curves, id))}
    <h3>Threads that have given themselves 1</h3>
    ${figureTable(
      figures.claimed.map((_, index) => `iteration ${index + 1}`),
      [
        { name: 'share of all threads', figures: figures.claimed },
        ...judges.map(({ judge, falseClaims }) => ({
          name: `of them worth less than 1, ${BY[judge]}`,
          figures: [...figures.claimed.slice(1).map(() => null), falseClaims],
        })),
      ],
    )}`;
}

const NOT_JUDGED =
  'Nobody has said what these proofs are worth: no verdicts were asked for. proofs.jsonl beside the results is for ' +
  'people to grade (docs/products.md).';

function judgedBlock(figures: RefinementFigures, curves: JudgedCurves, id: string): Markup {
  const { judge, points } = curves;
  return html`<h3>Scores ${BY[judge]}</h3>
    ${figure(html`${legend(TRACKS(figures.threads))}${chart(figures, curves, id)}`, html`${noteOf(figures, curves)}`)}
    ${figureTable(
      ['pass@1', ...(points[0]?.best ?? []).slice(1).map(({ k }) => `best@${k}`)],
      points.map(({ iteration, problems, pass, best }) => ({
        name: `iteration ${iteration}${problems < figures.problems ? `, ${problems} of ${figures.problems} problems` : ''}`,
        figures: [pass, ...best.slice(1).map((each) => each.figure)],
      })),
    )}`;
}

/** What a reader has to know of a judge's figures. */
function noteOf(
  { capped }: RefinementFigures,
  { judge, proofs, undecided, lost, points, atMost }: JudgedCurves,
): string {
  const last = atMost?.at(-1);
  const [fewest, most] = [Math.min(...problemsIn(points)), Math.max(...problemsIn(points))];
  return [
    judge === 'verifier'
      ? `The majority of the verifier's analyses of each of ${whole(proofs)} distinct proofs: no truth.`
      : `${whole(proofs)} distinct proofs were scored.`,
    undecided > 0 && `${whole(undecided)} had no majority and count by their mean.`,
    lost > 0 &&
      `Of ${whole(lost)} too few verdicts could be read: they count as 0. Were they all worth 1, the last pass@1 would ` +
        `be ${value(last?.pass)} and best@${last?.best.at(-1)?.k} ${value(last?.best.at(-1)?.figure)}.`,
    judge === 'people' &&
      `An iteration counts the problems of which all proofs that are held then were graded: ` +
        (fewest === most
          ? `${whole(most)}.`
          : `from ${whole(fewest)} to ${whole(most)}, so that the points differ in it.`),
    capped > 0 && `${whole(capped)} problems that the caps ended are in no figure.`,
  ]
    .filter((part) => part !== false)
    .join(' ');
}

const problemsIn = (points: readonly CurvePoint[]): number[] => points.map(({ problems }) => problems);

const TRACKS = (threads: number) => [
  { name: 'pass@1', colour: INK.between },
  { name: `best@${threads} by self-score`, colour: INK.after },
];

function chart({ threads, iterations }: RefinementFigures, { judge, points }: JudgedCurves, id: string): Markup {
  const [pass, best] = TRACKS(threads);
  const said = points.map(
    ({ iteration, pass: one, best: all }) => `${iteration}: ${withInterval(one)}, ${withInterval(all.at(-1)?.figure)}`,
  );
  return drawn({
    id: `${id}-${judge}`,
    width: 760,
    height: 260,
    description: `pass@1 and best@${threads} by iteration, ${BY[judge]}. ${said.join('; ')}.`,
    option: panel(
      `Mean score after each iteration, ${BY[judge]}`,
      { min: 0.5, max: iterations + 0.5, axisLabel: { show: false } },
      16,
      [
        custom(
          axisNames,
          points.map(({ iteration }) => [iteration]),
        ),
        custom(
          track(
            points.map(({ iteration, pass: one }) => ({ at: iteration, figure: one })),
            { shift: -4, bold: true, colour: pass?.colour ?? INK.text },
          ),
          [[1, 0]],
        ),
        custom(
          track(
            points.map(({ iteration, best: all }) => ({ at: iteration, figure: all.at(-1)?.figure ?? null })),
            { shift: 4, bold: true, colour: best?.colour ?? INK.text },
          ),
          [[1, 0]],
        ),
      ],
    ),
  });
}

/** The same as lines for a terminal: a table for each judge. */
export function refinementLines(figures: RefinementFigures): string[] {
  const { threads, judges, claimed } = figures;
  if (judges.length === 0) return [NOT_JUDGED];
  return judges.flatMap((curves) => [
    `Mean score after each iteration, ${BY[curves.judge]}`,
    ...aligned([
      ['iteration', 'pass@1', `best@${threads}`, 'gave themselves 1'],
      ...curves.points.map(({ iteration, pass, best }, index) => [
        `${iteration}`,
        withInterval(pass),
        withInterval(best.at(-1)?.figure),
        value(claimed[index]),
      ]),
    ]),
    noteOf(figures, curves),
    '',
  ]);
}
