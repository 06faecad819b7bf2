import type { CustomSeriesRenderItem } from 'echarts';
import type { LapReport } from '../../shared/figures/report.ts';
import { withInterval } from './format.ts';
import { figureAt, lapCurves, type Curve, type CurvePoint } from './lapCurves.ts';
import { html, type Markup } from './markup.ts';
import { wholeDrawing, wholePage } from './style.ts';
import { drawn, INK, quietAxis, shareAxis, smallTitle } from './svg.ts';
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
  const turns = [...new Set(reports.map(({ turn }) => turn))].sort((a, b) => a - b);
  const runs = curves[0]?.runs.map(({ run }) => run) ?? [];
  const table = (pointsOf: (curve: Curve) => readonly CurvePoint[]) => {
    const rows = curves
      .map((curve) => ({ name: curve.name, points: pointsOf(curve) }))
      .filter(({ points }) => points.some(({ figure }) => figure !== null));
    return plainTable(
      ['', 'base', ...turns.map((turn) => `lap ${turn}`)],
      rows.map(({ name, points }) => [name, figureAt(points, 0), ...turns.map((turn) => figureAt(points, turn))]),
    );
  };
  return html`${runs.map(
    (run, index) =>
      html`<h3>Run ${run}</h3>
        ${table((curve) => curve.runs[index]?.points ?? [])}`,
  )}
  ${
    runs.length > 1
      ? html`<h3>Mean over ${runs.length} runs</h3>
          ${table(({ mean }) => mean)}`
      : null
  }`;
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
  const last = Math.max(1, ...lines.flatMap(({ points }) => points.map(({ turn }) => turn)));
  const first = lines.some(({ points }) => points.some(({ turn }) => turn === 0)) ? 0 : 1;
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
    option: {
      title: smallTitle(name),
      grid: { left: 30, right: 16, top: 34, bottom: 24 },
      xAxis: {
        type: 'value',
        min: first - 0.3,
        max: last + 0.3,
        interval: 1,
        ...quietAxis,
        splitLine: { show: false },
        axisLabel: { show: false },
      },
      yAxis: shareAxis,
      series: [
        {
          type: 'custom',
          silent: true,
          renderItem: turnNames,
          data: Array.from({ length: last - first + 1 }, (_, index) => [first + index]),
        },
        ...(baseline.length === 0
          ? []
          : [
              {
                type: 'line' as const,
                silent: true,
                symbol: 'none',
                lineStyle: { color: INK.muted, width: 1.2, type: 'dashed' as const },
                data: acrossAll(baseline, first - 0.3, last + 0.3),
              },
            ]),
        ...lines.map(({ points, shift, bold }) => ({
          type: 'custom' as const,
          silent: true,
          renderItem: track(points, shift, bold),
          data: [[first, 0]],
        })),
      ],
    },
  });
}

/** A line from edge to edge. */
function acrossAll(points: Curve['baseline'], left: number, right: number): [number, number][] {
  return [
    [left, points[0]?.value ?? 0],
    ...points.map(({ turn, value }): [number, number] => [turn, value]),
    [right, points.at(-1)?.value ?? 0],
  ];
}

/** Under the axis, at whole laps only. */
const turnNames: CustomSeriesRenderItem = (_, api) => {
  const turn = api.value(0) as number;
  const [x, y] = api.coord([turn, 0]) as [number, number];
  return {
    type: 'text',
    style: {
      x,
      y: y + 7,
      text: turn === 0 ? 'base' : `lap ${turn}`,
      textAlign: 'center',
      fill: INK.muted,
      fontSize: 11,
    },
  };
};

/**
 * A run's dots with their intervals, and the line through them, all moved aside so that runs do not hide each other.
 */
function track(points: readonly CurvePoint[], shift: number, bold: boolean): CustomSeriesRenderItem {
  return (_, api) => {
    const placed = points.flatMap(({ turn, figure }) => {
      if (figure === null) return [];
      const at = (value: number) => (api.coord([turn, Math.max(0, Math.min(1, value))]) as [number, number])[1];
      return [
        {
          x: (api.coord([turn, 0]) as [number, number])[0] + shift,
          y: at(figure.value),
          low: at(figure.low),
          high: at(figure.high),
        },
      ];
    });
    const stroke = bold ? INK.after : INK.between;
    return {
      type: 'group',
      children: [
        {
          type: 'polyline',
          shape: { points: placed.map(({ x, y }) => [x, y]) },
          style: { stroke, fill: 'none', lineWidth: bold ? 2 : 1, opacity: bold ? 1 : 0.7 },
        },
        ...placed.map(({ x, low, high }) => ({
          type: 'line' as const,
          shape: { x1: x, y1: low, x2: x, y2: high },
          style: { stroke, lineWidth: bold ? 1.6 : 1, opacity: bold ? 0.7 : 0.5 },
        })),
        ...placed.map(({ x, y }) => ({
          type: 'circle' as const,
          shape: { cx: x, cy: y, r: bold ? 4 : 2.5 },
          style: { fill: stroke, stroke: INK.page, lineWidth: 1 },
        })),
      ],
    };
  };
}
