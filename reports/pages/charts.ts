import type { CustomSeriesRenderItem, EChartsOption } from 'echarts';
import type { Figure } from '../../shared/figures/figure.ts';
import type { LapReport, TrainingFigures } from '../../shared/figures/report.ts';
import { decimal, readable } from './format.ts';
import { html, type Markup } from './markup.ts';
import { cssColour, drawn, INK, quietAxis, shareAxis, smallTitle } from './svg.ts';

const WIDTH = 760;

/** Mean reward of each step, its running mean, and the share of groups that taught nothing. */
export function rewardCurve(training: TrainingFigures): Markup {
  const points = training.curve.map(({ step, reward }) => [step, reward]);
  const flat = training.curve.map(({ step, flatGroupShare }) => [step, flatGroupShare]);
  const running = training.curve.map(({ step }, index) => {
    const window = training.curve.slice(Math.max(0, index - 4), index + 1);
    return [step, window.reduce((sum, { reward }) => sum + reward, 0) / window.length];
  });
  return drawn({
    id: `reward-${training.name}`,
    width: 370,
    height: 190,
    description:
      `Reward per step of ${readable(training.name)}: ${decimal(training.firstReward)} at first, ` +
      `${decimal(training.lastReward)} at last.`,
    option: {
      title: smallTitle(readable(training.name)),
      grid: { left: 30, right: 12, top: 34, bottom: 24 },
      xAxis: {
        type: 'value',
        min: 'dataMin',
        max: 'dataMax',
        minInterval: 1,
        ...quietAxis,
        splitLine: { show: false },
      },
      yAxis: shareAxis,
      series: [
        {
          type: 'line',
          data: flat,
          symbol: 'none',
          lineStyle: { width: 0 },
          areaStyle: { color: INK.quiet, opacity: 0.35 },
          silent: true,
        },
        {
          type: 'line',
          data: points,
          symbol: 'none',
          lineStyle: { color: INK.after, width: 1, opacity: 0.45 },
          silent: true,
        },
        { type: 'line', data: running, symbol: 'none', lineStyle: { color: INK.after, width: 2.2 }, silent: true },
      ],
    },
  });
}

/** A row of figures, each model a dot with its interval. */
export interface DotRow {
  readonly name: string;
  readonly figures: readonly Figure[];
  /** What a constant answer gets, as a tick. */
  readonly baseline?: number | undefined;
}

const SHARES = { min: 0, max: 1, interval: 0.25, baseline: 'constant answer' };

/** Dots with their 95 % intervals; one row per figure, one colour per model. */
export function dots(
  id: string,
  description: string,
  models: readonly { readonly name: string; readonly colour: string }[],
  rows: readonly DotRow[],
  axis = SHARES,
): Markup {
  const names = rows.map(({ name }) => name);
  const spread = 13;
  const offset = (model: number) => (model - (models.length - 1) / 2) * spread;
  const whiskers =
    (model: number): CustomSeriesRenderItem =>
    (_, api) => {
      const row = api.value(0) as number;
      const [left, y] = api.coord([api.value(1), row]) as [number, number];
      const [right] = api.coord([api.value(3), row]) as [number, number];
      const [centre] = api.coord([api.value(2), row]) as [number, number];
      const at = y + offset(model);
      const stroke = models[model]?.colour ?? INK.text;
      return {
        type: 'group',
        children: [
          {
            type: 'line',
            shape: { x1: left, y1: at, x2: right, y2: at },
            style: { stroke, lineWidth: 1.6, opacity: 0.6 },
          },
          {
            type: 'circle',
            shape: { cx: centre, cy: at, r: 4.5 },
            style: { fill: stroke, stroke: INK.page, lineWidth: 1 },
          },
        ],
      };
    };
  const baselines: CustomSeriesRenderItem = (_, api) => {
    const [x, y] = api.coord([api.value(1), api.value(0)]) as [number, number];
    const reach = (models.length * spread) / 2 + 3;
    return {
      type: 'line',
      shape: { x1: x, y1: y - reach, x2: x, y2: y + reach },
      style: { stroke: INK.muted, lineWidth: 1.4, lineDash: [3, 3] },
    };
  };
  const hasBaseline = rows.some(({ baseline }) => baseline !== undefined);
  const chart = drawn({
    id,
    width: WIDTH,
    height: 36 + rows.length * (models.length * spread + 18),
    description,
    option: {
      grid: { left: 225, right: 24, top: 6, bottom: 24 },
      xAxis: { type: 'value', min: axis.min, max: axis.max, interval: axis.interval, ...quietAxis },
      yAxis: {
        type: 'category',
        data: names,
        inverse: true,
        ...quietAxis,
        splitLine: { show: false },
        axisLabel: { color: INK.text, fontSize: 12.5 },
      },
      series: [
        ...models.map(({ name, colour }, model) => ({
          type: 'custom' as const,
          name,
          itemStyle: { color: colour },
          silent: true,
          renderItem: whiskers(model),
          data: rows.flatMap(({ figures }, row) =>
            figures[model] ? [[row, figures[model].low, figures[model].value, figures[model].high]] : [],
          ),
        })),
        ...(hasBaseline
          ? [
              {
                type: 'custom' as const,
                name: axis.baseline,
                itemStyle: { color: INK.muted },
                silent: true,
                renderItem: baselines,
                data: rows.flatMap(({ baseline }, row) => (baseline === undefined ? [] : [[row, baseline]])),
              },
            ]
          : []),
      ],
    },
  });
  return html`${legend(hasBaseline ? [...models, { name: axis.baseline, colour: INK.muted }] : models)}${chart}`;
}

/** In the page's own type, which no drawing without fonts can measure. */
function legend(entries: readonly { readonly name: string; readonly colour: string }[]): Markup {
  return html`<div class="legend">
    ${entries.map(({ name, colour }) => html`<span><i style="background:${cssColour(colour)}"></i>${name}</span>`)}
  </div>`;
}

export interface Stack {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly number[];
}

/** Horizontal stacked bars. */
export function stacks(
  id: string,
  description: string,
  rows: readonly string[],
  parts: readonly Stack[],
  {
    label,
    max,
    axis = true,
  }: { readonly label: (value: number) => string; readonly max?: number; readonly axis?: boolean },
): Markup {
  const total = max ?? Math.max(...rows.map((_, row) => parts.reduce((sum, part) => sum + (part.values[row] ?? 0), 0)));
  const option: EChartsOption = {
    grid: { left: rows.some((row) => row !== '') ? 150 : 2, right: 24, top: 6, bottom: axis ? 24 : 6 },
    xAxis: {
      type: 'value',
      max: total,
      ...quietAxis,
      ...(axis ? {} : { splitLine: { show: false } }),
      axisLabel: { ...quietAxis.axisLabel, show: axis, formatter: label },
    },
    yAxis: {
      type: 'category',
      data: [...rows],
      inverse: true,
      ...quietAxis,
      splitLine: { show: false },
      axisLabel: { color: INK.text, fontSize: 12.5 },
    },
    series: parts.map((part) => ({
      type: 'bar',
      name: part.name,
      stack: 'all',
      barWidth: 20,
      silent: true,
      itemStyle: { color: part.colour, borderColor: INK.page, borderWidth: 1 },
      label: {
        show: true,
        color: part.colour === INK.quiet ? INK.text : INK.page,
        fontSize: 11,
        formatter: ({ value }: { value?: unknown }) => (Number(value) > total * 0.05 ? label(Number(value)) : ''),
      },
      data: [...part.values],
    })),
  };
  const height = 12 + (axis ? 22 : 4) + rows.length * 32;
  return html`${legend(parts)}${drawn({ id, width: WIDTH, height, description, option })}`;
}

/** True proof score along the difficulty bands, before, between and after. */
export function scoreByDifficulty(report: LapReport): Markup {
  const models = [
    { name: 'base', colour: INK.before },
    { name: 'after phase 2', colour: INK.between },
    { name: 'after phase 3', colour: INK.after },
  ];
  const rows = [
    {
      name: 'all',
      figures: [
        report.generator.trueScoreBefore,
        report.generator.trueScoreAfterPhase2,
        report.generator.trueScoreAfter,
      ],
    },
    ...report.generator.byDifficulty.map((band) => ({
      name: `difficulty ${band.difficulty}`,
      figures: [band.trueScoreBefore, band.trueScoreAfterPhase2, band.trueScoreAfter],
    })),
  ];
  return dots(
    'generator',
    'Mean true score of proofs, before and after training, over all held-out problems and by difficulty.',
    models,
    rows,
  );
}
