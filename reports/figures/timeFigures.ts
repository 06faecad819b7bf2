import type { LapManifest, PhaseRecord } from '../../shared/lap/manifest.ts';
import { coveredLength } from '../../shared/figures/measures.ts';
import type { Interval } from '../../shared/figures/measures.ts';
import type { LapReport, StageTimes } from '../../shared/figures/report.ts';
import { setsOf } from './ledgerFigures.ts';
import { NO_USE } from './trainingFigures.ts';
import type { TrainingUse } from './trainingFigures.ts';

/** One training or one set of calls, placed in time. */
interface Piece extends Interval {
  readonly kind: 'training' | 'inference';
  readonly phase: string;
  readonly calls: number;
  readonly tokens: number;
}

/** What each phase took, and how much of the lap was neither training nor inference. */
export function timeFigures(
  manifest: LapManifest,
  used: ReadonlyMap<string, TrainingUse>,
): Pick<LapReport, 'stages' | 'time' | 'wallSeconds'> {
  const pieces = piecesOf(manifest, used);
  const lap: Interval = { start: seconds(manifest.startedAt), end: seconds(manifest.endedAt) };
  const wallSeconds = lap.end - lap.start;
  const busy = (kinds: readonly Piece['kind'][]) =>
    coveredLength(pieces.filter(({ kind }) => kinds.includes(kind)).map((piece) => clip(piece, lap)));
  const neitherSeconds = Math.max(0, wallSeconds - busy(['training', 'inference']));
  return {
    wallSeconds,
    stages: phasesOf(manifest, pieces).map(({ name, ...wall }): StageTimes => {
      const own = pieces.filter(({ phase }) => phase === name);
      const of = (kind: Piece['kind']) => coveredLength(own.filter((piece) => piece.kind === kind));
      return {
        name,
        wallSeconds: round(wall.end - wall.start),
        trainingSeconds: round(of('training')),
        inferenceSeconds: round(of('inference')),
        calls: own.reduce((sum, piece) => sum + piece.calls, 0),
        tokens: own.reduce((sum, piece) => sum + piece.tokens, 0),
      };
    }),
    time: {
      trainingSeconds: round(busy(['training'])),
      inferenceSeconds: round(busy(['inference'])),
      neitherSeconds: round(neitherSeconds),
      neitherShare: wallSeconds > 0 ? neitherSeconds / wallSeconds : 0,
    },
  };
}

const seconds = (iso: string): number => Date.parse(iso) / 1000;
const round = (value: number): number => Math.round(value * 10) / 10;
const clip = ({ start, end }: Interval, to: Interval): Interval => ({
  start: Math.max(start, to.start),
  end: Math.min(end, to.end),
});

/** A piece without a start of its own is laid behind its phase's earlier ones. */
function piecesOf(manifest: LapManifest, used: ReadonlyMap<string, TrainingUse>): Piece[] {
  const laidUntil = new Map<string, number>();
  const place = (phase: string, startedAt: string | undefined, length: number): Interval => {
    const from =
      startedAt === undefined ? (laidUntil.get(phase) ?? seconds(phaseStart(manifest, phase))) : seconds(startedAt);
    laidUntil.set(phase, from + length);
    return { start: from, end: from + length };
  };
  const trainings = manifest.stages.map((stage): Piece => {
    const { calls, tokens } = used.get(stage.jobKey) ?? NO_USE;
    return {
      kind: 'training',
      phase: stage.name,
      ...place(stage.name, stage.startedAt, stage.trainingSeconds),
      calls,
      tokens,
    };
  });
  if (manifest.consolidation !== undefined) {
    const { jobKey, startedAt, trainingSeconds } = manifest.consolidation;
    const { calls, tokens } = used.get(jobKey) ?? NO_USE;
    trainings.push({
      kind: 'training',
      phase: 'consolidation',
      ...place('consolidation', startedAt, trainingSeconds),
      calls,
      tokens,
    });
  }
  return [
    ...trainings,
    ...setsOf(manifest).map((set): Piece => ({
      kind: 'inference',
      phase: set.phase,
      ...place(set.phase, set.startedAt, set.wallSeconds),
      calls: Object.values(set.counts).reduce((sum, count) => sum + count, 0),
      tokens: set.usage.promptTokens + set.usage.completionTokens,
    })),
  ];
}

function phaseStart(manifest: LapManifest, name: string): string {
  return manifest.phases.find((phase) => phase.name === name)?.startedAt ?? manifest.startedAt;
}

/** The lap's phases in order, and what belongs to none of them under its own name. */
function phasesOf(manifest: LapManifest, pieces: readonly Piece[]): ({ name: string } & Interval)[] {
  const named = manifest.phases.map((phase: PhaseRecord) => ({
    name: phase.name,
    start: seconds(phase.startedAt),
    end: seconds(phase.endedAt),
  }));
  const others = [...new Set(pieces.map(({ phase }) => phase))].filter(
    (name) => !named.some((phase) => phase.name === name),
  );
  return [
    ...named,
    ...others.map((name) => {
      const own = pieces.filter(({ phase }) => phase === name);
      return { name, start: Math.min(...own.map(({ start }) => start)), end: Math.max(...own.map(({ end }) => end)) };
    }),
  ];
}
