import type { LapProgress } from './progress.ts';

/** Seconds that a phase takes, by name, in the lap's order; undefined where nobody has measured it. */
export type PhaseSeconds = Readonly<Record<string, number | undefined>>;

/** Seconds until a lap's end. */
export interface TimeLeft {
  readonly seconds: number;
  /** Whether phases are not among them that nobody has measured. */
  readonly atLeast: boolean;
}

/**
 * What is left of the phase under way, by what was measured in it: a step's time, or the calls that are done; else by
 * how long it is known to take.
 */
function leftHere(progress: LapProgress, known: number | undefined, nowMs: number): TimeLeft {
  const { step = 0, steps, stepSeconds, callsDone = 0, callsPlanned, phaseStartedAt } = progress;
  const elapsed = phaseStartedAt === undefined ? 0 : Math.max(0, (nowMs - Date.parse(phaseStartedAt)) / 1000);
  if (steps !== undefined && step > 0)
    return { seconds: (steps - step) * (stepSeconds ?? elapsed / step), atLeast: false };
  // What takes longer than it ever did is never over before it is.
  const rest = known === undefined ? 0 : Math.max(known - elapsed, known * 0.1);
  const calls = steps === undefined && callsDone > 0 ? Math.max(0, (callsPlanned ?? 0) - callsDone) : 0;
  // A set may be one of several in its phase.
  return { seconds: Math.max(rest, calls * (elapsed / Math.max(1, callsDone))), atLeast: known === undefined };
}

/** By what is measured; undefined where nothing is. */
export function timeLeft(progress: LapProgress, expected: PhaseSeconds, nowMs: number): TimeLeft | undefined {
  const names = Object.keys(expected);
  const at = names.indexOf(progress.phase);
  const here = leftHere(progress, expected[progress.phase], nowMs);
  const later = at < 0 ? [undefined] : names.slice(at + 1).map((name) => expected[name]);
  const seconds = later.reduce<number>((sum, part) => sum + (part ?? 0), here.seconds);
  return seconds < 1 ? undefined : { seconds, atLeast: here.atLeast || later.includes(undefined) };
}
