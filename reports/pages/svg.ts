import { createRequire } from 'node:module';
import type * as ECharts from 'echarts';
import type { CustomSeriesRenderItem, CustomSeriesRenderItemAPI, EChartsOption, SeriesOption } from 'echarts';
import type { Figure } from '../../shared/statistics/figure.ts';
import { rawMarkup, type Markup } from './markup.ts';

/**
 * Colours of a chart, by what they mean. A chart is drawn with these stand-ins, which then become the page's CSS
 * variables, so that one drawing serves light, dark and paper.
 */
export const INK = {
  text: '#010203',
  muted: '#010204',
  line: '#010205',
  page: '#010206',
  before: '#010207',
  between: '#010208',
  after: '#010209',
  good: '#01020a',
  bad: '#01020b',
  quiet: '#01020c',
} as const;

/** The page's variable for a stand-in colour. */
export const cssColour = (ink: string): string =>
  `var(--${Object.entries(INK).find(([, colour]) => colour === ink)?.[0] ?? 'text'})`;

/**
 * Loaded when the first chart is drawn: a worker that starts should not wait for it. The one-file build loads three
 * times faster.
 */
const echarts = (): typeof ECharts => createRequire(import.meta.url)('echarts') as typeof ECharts;

interface Drawing {
  /** Unique in the page. */
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** What a reader who cannot see it should hear. */
  readonly description: string;
  readonly option: EChartsOption;
}

/** Draws a chart as SVG, without a DOM. Equal drawings give equal text. */
export function drawn({ id, width, height, description, option }: Drawing): Markup {
  const chart = echarts().init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: 'inherit', color: INK.text, fontSize: 12 },
      ...option,
    });
    let svg = chart.renderToSVGString();
    for (const colour of Object.values(INK)) {
      const blue = Number.parseInt(colour.slice(5), 16);
      svg = svg.replaceAll(colour, cssColour(colour)).replaceAll(`rgb(1,2,${blue})`, cssColour(colour));
    }
    return rawMarkup(
      svg
        .replace(/zr\d+-/g, `${id}-`)
        // Hooks for a browser's events, numbered through the process's life: nothing here answers events.
        .replace(/<style ?>.*?<\/style>/gs, '')
        .replace(/ (ecmeta_\w+|class)="[^"]*"/g, '')
        .replace(
          /^<svg width="\d+" height="\d+"/,
          `<svg class="chart" style="max-width:${width}px" role="img" aria-label="${attribute(description)}"`,
        ),
    );
  } finally {
    chart.dispose();
  }
}

const attribute = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/** An axis as all charts have it: hairlines, quiet numbers, no frame. */
export const quietAxis = {
  axisLine: { show: false },
  axisTick: { show: false },
  axisLabel: { color: INK.muted, fontSize: 11 },
  splitLine: { lineStyle: { color: INK.line, width: 1 } },
};

/** The axis of names, from the top down. */
export const nameAxis = (names: readonly string[]) => ({
  type: 'category' as const,
  data: [...names],
  inverse: true,
  ...quietAxis,
  splitLine: { show: false },
  axisLabel: { color: INK.text, fontSize: 12.5 },
});

/** Shares from 0 to 1 along steps or laps, under a title of its own; only the halves are named. */
export const panel = (title: string, xAxis: object, right: number, series: SeriesOption[]): EChartsOption => ({
  title: { text: title, left: 0, top: 0, textStyle: { color: INK.text, fontSize: 13, fontWeight: 600 } },
  grid: { left: 30, right, top: 34, bottom: 24 },
  xAxis: { type: 'value', ...quietAxis, splitLine: { show: false }, ...xAxis },
  yAxis: {
    type: 'value',
    min: 0,
    max: 1,
    interval: 0.25,
    ...quietAxis,
    axisLabel: { ...quietAxis.axisLabel, formatter: (tick: number) => (tick % 0.5 === 0 ? String(tick) : '') },
  },
  series,
});

/** A line without marks. */
export const line = (data: readonly (readonly (number | null)[])[], lineStyle: object, more?: object) => ({
  type: 'line' as const,
  silent: true,
  symbol: 'none',
  data: data.map((point) => [...point]),
  lineStyle,
  ...more,
});

/** What is drawn by hand, once for each of the data. */
export const custom = (renderItem: CustomSeriesRenderItem, data: readonly (readonly number[])[]) => ({
  type: 'custom' as const,
  silent: true,
  renderItem,
  data: data.map((item) => [...item]),
});

/** Where a value of each axis lies in the drawing. */
export const placeOf = (api: CustomSeriesRenderItemAPI, x: number, y: number) => api.coord([x, y]) as [number, number];

export const stroke = (x1: number, y1: number, x2: number, y2: number, style: object) => ({
  type: 'line' as const,
  shape: { x1, y1, x2, y2 },
  style,
});

export const disc = (cx: number, cy: number, r: number, fill: string) => ({
  type: 'circle' as const,
  shape: { cx, cy, r },
  style: { fill, stroke: INK.page, lineWidth: 1 },
});

/**
 * Dots of shares with their intervals, and the line through them, all moved aside so that tracks do not hide each
 * other.
 */
export function track(
  points: readonly { readonly at: number; readonly figure: Figure }[],
  { shift, bold, colour }: { readonly shift: number; readonly bold: boolean; readonly colour: string },
): CustomSeriesRenderItem {
  return (_, api) => {
    const placed = points.flatMap(({ at: place, figure }) => {
      if (figure === null) return [];
      const at = (value: number) => placeOf(api, place, Math.max(0, Math.min(1, value)))[1];
      const { value, low, high } = figure;
      return [{ x: placeOf(api, place, 0)[0] + shift, y: at(value), low: at(low), high: at(high) }];
    });
    return {
      type: 'group',
      children: [
        {
          type: 'polyline',
          shape: { points: placed.map(({ x, y }) => [x, y]) },
          style: { stroke: colour, fill: 'none', lineWidth: bold ? 2 : 1, opacity: bold ? 1 : 0.7 },
        },
        ...placed.map(({ x, low, high }) =>
          stroke(x, low, x, high, { stroke: colour, lineWidth: bold ? 1.6 : 1, opacity: bold ? 0.7 : 0.5 }),
        ),
        ...placed.map(({ x, y }) => disc(x, y, bold ? 4 : 2.5, colour)),
      ],
    };
  };
}
