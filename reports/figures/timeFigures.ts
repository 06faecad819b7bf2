import type { Counted } from '../../shared/lap/amounts.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import { ordersOf, reportedAs } from '../../shared/lap/phases.ts';
import { callsIn, NO_USAGE } from '../../shared/outcomes.ts';
import { coveredLength, type Interval } from '../../shared/statistics/measures.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { StageTimes } from '../../shared/figures/work.ts';
import type { UsedTraining } from './trainingFigures.ts';

/** One training or one set of calls that the manifest lists, placed in time. */
export interface Work extends Interval {
  readonly kind: 'training' | 'inference';
  readonly phase: string;
  readonly counted: Counted;
  /** Of the completion tokens of a set, those of the thinking. */
  readonly thinkingTokens?: number | undefined;
}

export function workOf(manifest: LapManifest, trainings: readonly UsedTraining[]): Work[] {
  return [
    // The queue is neither training nor a GPU's hour.
    ...trainings.map(({ name, startedAt, trainingSeconds, queuedSeconds = 0, used }): Work => ({
      kind: 'training',
      phase: name,
      ...placed(startedAt, trainingSeconds, queuedSeconds),
      counted: { ...used, trainingHours: trainingSeconds / 3600, queuedHours: queuedSeconds / 3600 },
    })),
    // What an earlier lap paid for is none of this one's work.
    ...manifest.sets.map(
      ({ phase, startedAt, wallSeconds, counts, usage, taken = { calls: 0, usage: NO_USAGE } }): Work => ({
        kind: 'inference',
        phase,
        ...placed(startedAt, wallSeconds),
        counted: {
          calls: callsIn(counts) - taken.calls,
          promptTokens: usage.promptTokens - taken.usage.promptTokens,
          completionTokens: usage.completionTokens - taken.usage.completionTokens,
        },
        thinkingTokens: usage.thinkingTokens && usage.thinkingTokens - (taken.usage.thinkingTokens ?? 0),
      }),
    ),
  ];
}

/** What each phase took, and how much of the lap was neither training nor inference. */
export function timeFigures(
  manifest: LapManifest,
  work: readonly Work[],
): Pick<LapReport, 'stages' | 'time' | 'wallSeconds'> {
  const lap: Interval = { start: seconds(manifest.startedAt), end: seconds(manifest.endedAt) };
  const wallSeconds = lap.end - lap.start;
  const busy = (kinds: readonly Work['kind'][]) =>
    coveredLength(work.filter(({ kind }) => kinds.includes(kind)).map((piece) => clip(piece, lap)));
  const queuedSeconds = work.reduce((sum, { counted }) => sum + (counted.queuedHours ?? 0), 0) * 3600;
  const neitherSeconds = Math.max(0, wallSeconds - busy(['training', 'inference']));
  return {
    wallSeconds,
    stages: wallsOf(manifest, work).map(({ phase, ...wall }): StageTimes => {
      const own = work.filter((piece) => piece.phase === phase);
      const of = (kind: Work['kind']) => coveredLength(own.filter((piece) => piece.kind === kind));
      const sum = (amount: (counted: Counted) => number) =>
        own.reduce((total, { counted }) => total + amount(counted), 0);
      return {
        name: reportedAs(manifest, phase),
        wallSeconds: round(wall.end - wall.start),
        trainingSeconds: round(of('training')),
        inferenceSeconds: round(of('inference')),
        calls: sum(({ calls = 0 }) => calls),
        tokens: sum(
          ({ promptTokens = 0, completionTokens = 0, trainingTokens = 0 }) =>
            promptTokens + completionTokens + trainingTokens,
        ),
        thinkingTokens: own.reduce((total, { thinkingTokens = 0 }) => total + thinkingTokens, 0),
      };
    }),
    time: {
      trainingSeconds: round(busy(['training'])),
      inferenceSeconds: round(busy(['inference'])),
      neitherSeconds: round(neitherSeconds),
      neitherShare: wallSeconds > 0 ? neitherSeconds / wallSeconds : 0,
      ...(queuedSeconds > 0 && { queuedSeconds: round(queuedSeconds) }),
    },
  };
}

const seconds = (iso: string): number => Date.parse(iso) / 1000;
const placed = (startedAt: string, length: number, after = 0): Interval => {
  const start = seconds(startedAt) + after;
  return { start, end: start + length };
};
const round = (value: number): number => Math.round(value * 10) / 10;
const clip = ({ start, end }: Interval, to: Interval): Interval => ({
  start: Math.max(start, to.start),
  end: Math.min(end, to.end),
});

/** The lap's phases in order, each from its begin to its end, or, without a record of these, over all of its work. */
function wallsOf(manifest: LapManifest, work: readonly Work[]): ({ readonly phase: string } & Interval)[] {
  const phases = [...ordersOf(manifest), ...work].map(({ phase }) => phase);
  return [...new Set([...phases, ...manifest.phases.map(({ name }) => name)])].flatMap((phase) => {
    const record = manifest.phases.find(({ name }) => name === phase);
    if (record !== undefined) return { phase, start: seconds(record.startedAt), end: seconds(record.endedAt) };
    const own = work.filter((piece) => piece.phase === phase);
    if (own.length === 0) return [];
    return { phase, start: Math.min(...own.map(({ start }) => start)), end: Math.max(...own.map(({ end }) => end)) };
  });
}
