import type { CustomSeriesRenderItem } from 'echarts';
import { meanOf } from '../../shared/statistics/measures.ts';
import type { TrainingFigures } from '../../shared/figures/work.ts';
import { decimal, readable, sum } from './format.ts';
import { html, type Markup } from './markup.ts';
import { cssColour, custom, disc, drawn, INK, line, nameAxis, panel, placeOf, quietAxis, stroke } from './svg.ts';
import type { FigureRow } from './tables.ts';

const WIDTH = 760;

/** Mean reward of each step, its running mean, and the share of groups that taught nothing. */
export function rewardCurve({ name, curve, firstReward, lastReward }: TrainingFigures): Markup {
  const running = curve.map(({ step }, index) => {
    const window = curve.slice(Math.max(0, index - 4), index + 1);
    return [step, meanOf(window.map(({ reward }) => reward))];
  });
  return drawn({
    id: `reward-${name}`,
    width: 370,
    height: 190,
    description:
      `Reward per step of ${readable(name)}: ${decimal(firstReward)} at first, ` + `${decimal(lastReward)} at last.`,
    option: panel(readable(name), { min: 'dataMin', max: 'dataMax', minInterval: 1 }, 12, [
      line(
        curve.map(({ step, flatGroupShare }) => [step, flatGroupShare]),
        { width: 0 },
        { areaStyle: { color: INK.quiet, opacity: 0.35 } },
      ),
      line(
        curve.map(({ step, reward }) => [step, reward]),
        { color: INK.after, width: 1, opacity: 0.45 },
      ),
      line(running, { color: INK.after, width: 2.2 }),
    ]),
  });
}

/** What a colour stands for. */
interface Entry {
  readonly name: string;
  readonly colour: string;
}

const SHARES = { min: 0, max: 1, interval: 0.25, constant: 'constant answer' };

/** Dots with their 95 % intervals; one row per figure, one colour per model. */
export function dots(
  id: string,
  description: string,
  models: readonly Entry[],
  rows: readonly FigureRow[],
  { constant, ...axis } = SHARES,
): Markup {
  const spread = 13;
  const whiskers =
    (model: number): CustomSeriesRenderItem =>
    (_, api) => {
      const [row, low, value, high] = [0, 1, 2, 3].map((dimension) => Number(api.value(dimension))) as [
        number,
        number,
        number,
        number,
      ];
      const [left, y] = placeOf(api, low, row);
      const at = y + (model - (models.length - 1) / 2) * spread;
      const colour = models[model]?.colour ?? INK.text;
      return {
        type: 'group',
        children: [
          stroke(left, at, placeOf(api, high, row)[0], at, { stroke: colour, lineWidth: 1.6, opacity: 0.6 }),
          disc(placeOf(api, value, row)[0], at, 4.5, colour),
        ],
      };
    };
  const ticks: CustomSeriesRenderItem = (_, api) => {
    const [x, y] = placeOf(api, Number(api.value(1)), Number(api.value(0)));
    const reach = (models.length * spread) / 2 + 3;
    return stroke(x, y - reach, x, y + reach, { stroke: INK.muted, lineWidth: 1.4, lineDash: [3, 3] });
  };
  const constants = rows.flatMap((row, index) => (row.constant === undefined ? [] : [[index, row.constant]]));
  const chart = drawn({
    id,
    width: WIDTH,
    height: 36 + rows.length * (models.length * spread + 18),
    description,
    option: {
      grid: { left: 225, right: 24, top: 6, bottom: 24 },
      xAxis: { type: 'value', ...axis, ...quietAxis },
      yAxis: nameAxis(rows.map(({ name }) => name)),
      series: [
        ...models.map((_, model) =>
          custom(
            whiskers(model),
            rows.flatMap(({ figures: { [model]: of } }, row) => (of ? [[row, of.low, of.value, of.high]] : [])),
          ),
        ),
        ...(constants.length > 0 ? [custom(ticks, constants)] : []),
      ],
    },
  });
  const shown = constants.length > 0 ? [...models, { name: constant, colour: INK.muted }] : models;
  return html`${legend(shown)}${chart}`;
}

/** In the page's own type, which no drawing without fonts can measure. */
export function legend(entries: readonly Entry[]): Markup {
  return html`<div class="legend">
    ${entries.map(({ name, colour }) => html`<span><i style="background:${cssColour(colour)}"></i>${name}</span>`)}
  </div>`;
}

interface Stack extends Entry {
  /** By row. */
  readonly values: readonly number[];
}

/** Horizontal stacked bars; rows without names have no axis either. */
export function stacks(
  id: string,
  description: string,
  rows: readonly string[],
  parts: readonly Stack[],
  label: (value: number) => string,
): Markup {
  const named = rows.some((row) => row !== '');
  const total = Math.max(...rows.map((_, row) => sum(parts.map(({ values }) => values[row] ?? 0))));
  const chart = drawn({
    id,
    width: WIDTH,
    height: 12 + (named ? 22 : 4) + rows.length * 32,
    description,
    option: {
      grid: { left: named ? 150 : 2, right: 24, top: 6, bottom: named ? 24 : 6 },
      xAxis: {
        type: 'value',
        max: total,
        ...quietAxis,
        ...(named ? {} : { splitLine: { show: false } }),
        axisLabel: { ...quietAxis.axisLabel, show: named, formatter: label },
      },
      yAxis: nameAxis(rows),
      series: parts.map(({ colour, values }) => ({
        type: 'bar',
        stack: 'all',
        barWidth: 20,
        silent: true,
        itemStyle: { color: colour, borderColor: INK.page, borderWidth: 1 },
        label: {
          show: true,
          color: colour === INK.quiet ? INK.text : INK.page,
          fontSize: 11,
          formatter: ({ value }: { value?: unknown }) => (Number(value) > total * 0.05 ? label(Number(value)) : ''),
        },
        data: [...values],
      })),
    },
  });
  return html`${legend(parts)}${chart}`;
}
