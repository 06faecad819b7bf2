import { metricsLines } from '../../activities/training/metrics.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { COURSE } from '../../shared/figures/work.ts';
import { placeOf, uri } from '../../shared/ids.ts';
import type { LapProgress } from '../../shared/lap/progress.ts';
import { STAGE_NAMES } from '../../shared/stages.ts';
import type { MetricsLine } from '../../shared/training/job.ts';
import { METRIC_WORDS } from '../../shared/training/watches.ts';

const DRAWN = ['reward', 'flatGroupShare', ...COURSE] as const;
const WORDS = { ...METRIC_WORDS, reward: 'reward' };
const LEVELS = '▁▂▃▄▅▆▇█';
/** Characters of a curve: as many steps, or means of several, from the first to the last. */
const WIDE = 32;

/** The training that is under way in a lap, a line a metric with its curve; nothing where none is. */
export async function courseLines(store: ArtifactStore, { lap, phase }: LapProgress): Promise<string[]> {
  const stage = STAGE_NAMES.find((name) => name === phase);
  if (lap === undefined || stage === undefined) return [];
  const metrics = uri.jobs(placeOf(lap, stage), 'metrics.jsonl');
  return (await store.exists(metrics)) ? curves(await metricsLines(store, metrics)) : [];
}

/** `entropy  ▇▆▅▃▂  0.91 → 0.22`, of what there is. */
export function curves(lines: readonly MetricsLine[]): string[] {
  return DRAWN.flatMap((metric) => {
    const values = lines.flatMap((line) => line[metric] ?? []);
    const [first, last] = [values[0], values.at(-1)];
    if (values.length < 2 || first === undefined || last === undefined || values.every((value) => value === 0))
      return [];
    return [`${WORDS[metric].padEnd(30)} ${sparkline(values)}  ${short(first)} → ${short(last)}`];
  });
}

function sparkline(values: readonly number[]): string {
  const size = Math.max(1, Math.ceil(values.length / WIDE));
  const means = Array.from({ length: Math.ceil(values.length / size) }, (_, index) => {
    const some = values.slice(index * size, (index + 1) * size);
    return some.reduce((sum, value) => sum + value, 0) / some.length;
  });
  const [low, high] = [Math.min(...means), Math.max(...means)];
  const level = (value: number): number => (high === low ? 3 : Math.round(((value - low) / (high - low)) * 7));
  return means.map((value) => LEVELS[level(value)]).join('');
}

const short = (value: number): string => String(Number(value.toPrecision(3)));
