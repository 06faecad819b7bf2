import { Context } from '@temporalio/activity';

interface Beats {
  /** Milliseconds to the next heartbeat, by those since the first moment. @default 2 s, and 6 s after a minute */
  readonly everyMs?: (elapsedMs: number) => number;
  /** @default the heartbeat of the activity that this is called in */
  readonly heartbeat?: (details: unknown) => void;
}

/** Each is a Temporal Action; a worker is missed after 20 s without one. Ours. */
const usual = (elapsedMs: number): number => (elapsedMs < 60_000 ? 2_000 : 6_000);

/**
 * Heartbeats while the work lasts, so that a killed worker is noticed within its heartbeat timeout and not at the end
 * of the activity's time. What the work tells goes out at once, and is repeated, whatever takes long.
 */
export async function beating<T>(
  work: (beat: (details: unknown) => void) => Promise<T>,
  { everyMs = usual, heartbeat = ofActivity() }: Beats = {},
): Promise<T> {
  const began = Date.now();
  let last: unknown;
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    timer = setTimeout(
      () => {
        heartbeat(last);
        next();
      },
      everyMs(Date.now() - began),
    );
  };
  next();
  try {
    return await work((details) => heartbeat((last = details)));
  } finally {
    clearTimeout(timer);
  }
}

function ofActivity(): (details: unknown) => void {
  const context = Context.current();
  return (details) => context.heartbeat(details);
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
