import { duration } from '../../reports/pages/format.ts';
import type { LapProgress } from '../../shared/lap/progress.ts';
import { timeLeft, type PhaseSeconds } from '../../shared/lap/timeLeft.ts';

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
