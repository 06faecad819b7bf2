import { duration } from '../../reports/pages/format.ts';
import type { LapProgress } from '../../shared/lap/progress.ts';

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

/** One line: lap, phase, step of steps, calls done of planned, reward, elapsed, ETA. What is not known is left out. */
export function progressLine(progress: LapProgress, expected: PhaseSeconds, nowMs: number): string {
  const { lap, phase, phaseIndex, phases, step, steps, queuedSince, clusterSays } = progress;
  const { callsDone, callsPlanned, reward, flatGroupShare, waitingForExperts } = progress;
  const left = timeLeft(progress, expected, nowMs);
  return [
    lap ?? 'new lap',
    `${phaseIndex}/${phases} ${phase}`,
    steps === undefined ? '' : `step ${step ?? 0} of ${steps}`,
    queuedSince === undefined ? '' : `${duration((nowMs - Date.parse(queuedSince)) / 1000)} in the queue`,
    clusterSays === undefined ? '' : `the cluster says: ${clusterSays}`,
    callsPlanned === undefined ? '' : `calls ${callsDone ?? 0} of ${callsPlanned}`,
    reward === undefined ? '' : `reward ${reward.toFixed(3)}${flatGroupShare === 1 ? ', no group with spread' : ''}`,
    waitingForExperts ? `${questions(waitingForExperts)} for people` : '',
    outageText(progress, nowMs),
    `${duration((nowMs - Date.parse(progress.startedAt)) / 1000)} elapsed`,
    left === undefined ? '' : `${left.atLeast ? 'at least' : 'about'} ${duration(left.seconds)} left`,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Servers are busy for a moment all the time; only what lasts is worth a word. */
const OUTAGE_MS = 30_000;

/** What is worth a word of servers that are waited for. */
export function outageText(
  { waitingForServers: waiting }: Pick<LapProgress, 'waitingForServers'>,
  nowMs: number,
): string {
  if (waiting === undefined || nowMs - Date.parse(waiting.since) < OUTAGE_MS) return '';
  return `waiting for servers since ${waiting.since.slice(0, 16).replace('T', ' ')} UTC, last: ${waiting.last}`;
}

/** What waits for people, where they answer, and what to type. */
export function waitingText(count: number, desk: string, link: string | undefined): string {
  return (
    `${questions(count)} for people. Answer at the annotation desk: ${desk}\n` +
    'or on another terminal: npx flywheel review --as <your ' +
    `id>${link === undefined ? '' : `\nor in the Web UI (Send a Signal: submitAnnotation): ${link}`}`
  );
}

const questions = (count: number): string => (count === 1 ? '1 question waits' : `${count} questions wait`);
