import { createRequire } from 'node:module';
import type * as ECharts from 'echarts';
import type { EChartsOption } from 'echarts';
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

export interface Drawing {
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
  nameTextStyle: { color: INK.muted, fontSize: 11 },
};

/** The axis of shares, from 0 to 1; only the halves are named. */
export const shareAxis = {
  type: 'value' as const,
  min: 0,
  max: 1,
  interval: 0.25,
  ...quietAxis,
  axisLabel: { ...quietAxis.axisLabel, formatter: (tick: number) => (tick % 0.5 === 0 ? String(tick) : '') },
};

/** What a small chart is about, above it. */
export const smallTitle = (text: string) => ({
  text,
  left: 0,
  top: 0,
  textStyle: { color: INK.text, fontSize: 13, fontWeight: 600 as const },
});
