import { duration } from '../../reports/pages/format.ts';
import type { LapProgress } from '../../shared/lap/progress.ts';

/** Seconds a phase takes, by name. */
export type PhaseSeconds = Readonly<Record<string, number>>;

/** Share of the present phase that is done: by steps, by calls, or undefined where neither is known. */
function shareDone({ step, steps, callsDone, callsPlanned }: LapProgress): number | undefined {
  if (step !== undefined && steps) return Math.min(1, step / steps);
  if (callsDone !== undefined && callsPlanned) return Math.min(1, callsDone / callsPlanned);
  return undefined;
}

/**
 * Seconds until the lap's end, by how long its phases are expected to take; undefined where the phase is not among
 * them.
 */
export function secondsLeft(progress: LapProgress, expected: PhaseSeconds, nowMs: number): number | undefined {
  const names = Object.keys(expected);
  const at = names.indexOf(progress.phase);
  const here = expected[progress.phase];
  if (at < 0 || here === undefined) return undefined;
  const elapsed = progress.phaseStartedAt === undefined ? 0 : (nowMs - Date.parse(progress.phaseStartedAt)) / 1000;
  const done = shareDone(progress) ?? Math.min(0.9, elapsed / Math.max(1, here));
  return here * (1 - done) + names.slice(at + 1).reduce((sum, name) => sum + (expected[name] ?? 0), 0);
}

/** One line: lap, phase, step of steps, calls done of planned, reward, elapsed, ETA. What is not known is left out. */
export function progressLine(progress: LapProgress, expected: PhaseSeconds, nowMs: number): string {
  const { lap, phase, phaseIndex, phases, step, steps, queuedSince } = progress;
  const { callsDone, callsPlanned, reward, flatGroupShare, waitingForExperts } = progress;
  const left = secondsLeft(progress, expected, nowMs);
  return [
    lap ?? 'new lap',
    `${phaseIndex}/${phases} ${phase}`,
    steps === undefined ? '' : `step ${step ?? 0} of ${steps}`,
    queuedSince === undefined ? '' : `${duration((nowMs - Date.parse(queuedSince)) / 1000)} in the queue`,
    callsPlanned === undefined ? '' : `calls ${callsDone ?? 0} of ${callsPlanned}`,
    reward === undefined ? '' : `reward ${reward.toFixed(3)}${flatGroupShare === 1 ? ', no group with spread' : ''}`,
    waitingForExperts ? `${questions(waitingForExperts)} for people` : '',
    outageText(progress, nowMs),
    `${duration((nowMs - Date.parse(progress.startedAt)) / 1000)} elapsed`,
    left === undefined ? '' : `about ${duration(left)} left`,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Servers are busy for a moment all the time; only what lasts is worth a word. */
const OUTAGE_MS = 30_000;

/** What is worth a word of servers that are waited for. */
export function outageText({ waitingForServers: waiting }: LapProgress, nowMs: number): string {
  if (waiting === undefined || nowMs - Date.parse(waiting.since) < OUTAGE_MS) return '';
  return `waiting for servers since ${waiting.since.slice(0, 16).replace('T', ' ')} UTC, last: ${waiting.last}`;
}

/** What waits for people, and what to type. */
export function waitingText(count: number, link: string | undefined): string {
  return (
    `${questions(count)} for people. Answer on another terminal: npx flywheel review --as <your ` +
    `id>${link === undefined ? '' : `\nor in the Web UI (Send a Signal: submitAnnotation): ${link}`}`
  );
}

const questions = (count: number): string => (count === 1 ? '1 question waits' : `${count} questions wait`);
