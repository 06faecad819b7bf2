import type { CourseMetric, TrainingFigures } from '../../shared/figures/work.ts';
import { COURSE } from '../../shared/figures/work.ts';
import { METRIC_WORDS, watchText } from '../../shared/training/watches.ts';
import { legend } from './charts.ts';
import { readable } from './format.ts';
import { html, type Markup } from './markup.ts';
import { drawn, INK, line, quietAxis } from './svg.ts';
import { list } from './tables.ts';

/** One for each stage, in order. */
const COLOURS = [INK.before, INK.between, INK.after, INK.good, INK.bad];

/**
 * What the optimizer did, metric by metric, all stages in one drawing: entropy that falls to nothing, clipping, growing
 * lengths or gradients come before a reward shows it. Nothing where no engine says it.
 */
export function courseSection(trainings: readonly TrainingFigures[]): Markup | null {
  const shown = trainings.map((training, index) => ({
    ...training,
    colour: COLOURS[index % COLOURS.length] as string,
  }));
  const drawn = COURSE.filter((metric) => shown.some(({ course = [] }) => course.some((step) => step[metric])));
  const watched = shown.flatMap(({ name, watches = [] }) =>
    watches.map((watch) => html`${readable(name)}: ${watchText(watch)}`),
  );
  if (drawn.length === 0 && watched.length === 0) return null;
  return html`<h3>Step by step</h3>
    ${legend(shown.map(({ name, colour }) => ({ name: readable(name), colour })))}
    <div class="pair">${drawn.map((metric) => html`<figure>${courseChart(metric, shown)}</figure>`)}</div>
    ${watched.length === 0 ? null : html`<p>Watched, with the bounds dashed:</p>`}
    ${watched.length === 0 ? null : list(watched)}`;
}

function courseChart(metric: CourseMetric, trainings: readonly (TrainingFigures & { readonly colour: string })[]) {
  const title = METRIC_WORDS[metric];
  const lines = trainings.flatMap(({ course = [], colour, watches = [] }) => {
    const points = course.map((step) => [step.step, step[metric] ?? null]);
    const [first = 1, last = 1] = [course[0]?.step, course.at(-1)?.step];
    const bounds = watches
      .filter((watch) => watch.metric === metric)
      .flatMap(({ above, below }) => [above, below])
      .filter((bound): bound is number => bound !== undefined);
    return [
      line(points, { color: colour, width: 1.8 }),
      ...bounds.map((bound) =>
        line(
          [
            [first, bound],
            [last, bound],
          ],
          { color: colour, width: 1, type: 'dashed' },
        ),
      ),
    ];
  });
  return drawn({
    id: `course-${metric}`,
    width: 370,
    height: 170,
    description: `Per step and stage: ${title}.`,
    option: {
      title: { text: title, left: 0, top: 0, textStyle: { color: INK.text, fontSize: 13, fontWeight: 600 } },
      grid: { left: 46, right: 12, top: 34, bottom: 24 },
      xAxis: {
        type: 'value',
        ...quietAxis,
        splitLine: { show: false },
        min: 'dataMin',
        max: 'dataMax',
        minInterval: 1,
      },
      yAxis: { type: 'value', scale: true, splitNumber: 3, ...quietAxis },
      series: lines,
    },
  });
}
