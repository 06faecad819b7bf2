import { Context } from '@temporalio/activity';

const BEAT_MS = 2_000;

/**
 * Heartbeats while the work lasts, so that a killed worker is noticed within its heartbeat timeout and not at the end
 * of the activity's time.
 */
export async function beating<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}

type Activities = Readonly<Record<string, (...input: never[]) => Promise<unknown>>>;

/** The same activities, each with heartbeats. For those that report no progress of their own. */
export function allBeating<T extends Activities>(activities: T): T {
  const wrapped = Object.entries(activities).map(([name, activity]) => [
    name,
    (...input: never[]) => beating(() => activity(...input)),
  ]);
  return Object.fromEntries(wrapped) as T;
}
