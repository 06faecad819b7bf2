import type { CustomSeriesRenderItem } from 'echarts';
import type { LapReport } from '../../shared/figures/report.ts';
import { withInterval } from './format.ts';
import { curveBlocks, figureAt, lapCurves, lapName, turnsOf, type Curve } from './lapCurves.ts';
import { html, type Markup } from './markup.ts';
import { wholeDrawing, wholePage } from './style.ts';
import { custom, drawn, INK, line, panel, placeOf, track } from './svg.ts';
import { plainTable } from './tables.ts';

/** The curves of several laps as one page, for people and for a README. Equal reports give equal bytes. */
export function curvePage(reports: readonly LapReport[]): string {
  const curves = lapCurves(reports);
  const several = curves.some(({ mean }) => mean.length > 0);
  const presets = [...new Set(reports.map(({ preset }) => preset))].join(', ');
  return wholePage(
    'Laps · curves',
    html`<h1>Lap by lap</h1>
      <p class="quiet">
        ${reports.length} laps, preset ${presets}. Truth:
        ${[...new Set(reports.map(({ truthBy }) => truthBy))].join(', ')}. Base: the model before any training. T = 1,
        on held-out problems, with 95 % intervals that count problems. ${several ? SEVERAL : ''} Dashed: the best
        constant answer.
      </p>
      <div class="pair">
        ${curves.map((curve, index) => html`<figure>${curveChart(`curve-${index}`, curve)}</figure>`)}
      </div>
      <h2>The figures</h2>
      ${curves.length === 0 ? html`<p>Nothing was measured.</p>` : figures(reports, curves)}`,
  );
}

const SEVERAL =
  'Pale: each run. Bold: the mean over runs, with an interval by Student over runs: what another seed may bring.';

/** The same plots as one drawing. */
export function curveDrawing(reports: readonly LapReport[]): string {
  const curves = lapCurves(reports);
  return wholeDrawing(
    `Figures lap by lap: ${curves.map(({ name }) => name).join(', ')}.`,
    curves.map((curve, index) => curveChart(`curve-${index}`, curve)),
    { ...PANEL, columns: 3 },
  );
}

const PANEL = { width: 370, height: 200 };

function figures(reports: readonly LapReport[], curves: readonly Curve[]): Markup {
  const turns = [0, ...turnsOf(reports)];
  const blocks = curveBlocks(reports, curves);
  return html`${blocks.map(
    ({ run, rows }) =>
      html`<h3>${run ? `Run ${run.run}` : `Mean over ${blocks.length - 1} runs`}</h3>
        ${plainTable(
          ['', ...turns.map(lapName)],
          rows.map(({ name, points }) => [name, ...turns.map((turn) => figureAt(points, turn))]),
        )}`,
  )}`;
}

function curveChart(id: string, { name, runs, mean, baseline }: Curve): Markup {
  const lines = [
    ...runs.map(({ points }, index) => ({
      points,
      shift: (index - (runs.length - 1) / 2) * 7,
      bold: mean.length === 0,
    })),
    ...(mean.length > 0 ? [{ points: mean, shift: 0, bold: true }] : []),
  ];
  const turns = lines.flatMap(({ points }) => points.map(({ turn }) => turn));
  const last = Math.max(1, ...turns);
  const first = turns.includes(0) ? 0 : 1;
  const [min, max] = [first - 0.3, last + 0.3];
  const said = runs
    .map(
      ({ run, points }) =>
        `${run}: ${points.map(({ turn, figure }) => `lap ${turn} ${withInterval(figure)}`).join(', ')}`,
    )
    .join('; ');
  return drawn({
    id,
    ...PANEL,
    description: `${name}, by lap. ${said}.`,
    option: panel(name, { min, max, interval: 1, axisLabel: { show: false } }, 16, [
      custom(
        turnNames,
        Array.from({ length: last - first + 1 }, (_, index) => [first + index]),
      ),
      ...(baseline.length === 0
        ? []
        : [line(acrossAll(baseline, min, max), { color: INK.muted, width: 1.2, type: 'dashed' })]),
      ...lines.map(({ points, shift, bold }) =>
        custom(
          track(
            points.map(({ turn, figure }) => ({ at: turn, figure })),
            { shift, bold, colour: bold ? INK.after : INK.between },
          ),
          [[first, 0]],
        ),
      ),
    ]),
  });
}

/** A line from edge to edge. */
function acrossAll(points: Curve['baseline'], left: number, right: number): number[][] {
  return [
    [left, points[0]?.value ?? 0],
    ...points.map(({ turn, value }) => [turn, value]),
    [right, points.at(-1)?.value ?? 0],
  ];
}

/** Under the axis, at whole laps only. */
const turnNames: CustomSeriesRenderItem = (_, api) => {
  const turn = Number(api.value(0));
  const [x, y] = placeOf(api, turn, 0);
  return {
    type: 'text',
    style: { x, y: y + 7, text: lapName(turn), textAlign: 'center', fill: INK.muted, fontSize: 11 },
  };
};
