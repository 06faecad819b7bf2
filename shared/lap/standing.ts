import type { Amounts } from './amounts.ts';
import type { LapProgress } from './progress.ts';

/** What a lap can wait for. */
export const WAITS_FOR = ['people', 'servers', 'queue'] as const;
export type WaitsFor = (typeof WAITS_FOR)[number];

/** How a lap stands, in figures: what somebody sees who watches many. */
export interface LapStanding {
  /** `<run>/lap-NNNN`; before it has a name, its workflow's id. */
  readonly lap: string;
  readonly run: string;
  readonly preset: string;
  /** Of its workflow: `running`, `completed`, `failed`, … */
  readonly status: string;
  /** Undefined once it has ended, and while it does not say. */
  readonly progress?: LapProgress | undefined;
  /** Seconds until its end; `atLeast` where some of its phases nobody has measured. */
  readonly left?: { readonly seconds: number; readonly atLeast: boolean } | undefined;
  readonly spent?: Amounts | undefined;
  readonly planned?: Amounts | undefined;
  /** When anything of it last moved, in milliseconds since 1970. */
  readonly movedAt: number;
  readonly startedAt: number;
  readonly endedAt?: number | undefined;
  /** What people outside were told of it: events of `shared/lap/notices.ts`. */
  readonly notices: readonly string[];
}

/** Servers are busy for a moment all the time; it counts as waiting once it lasts. Ours: as the terminal says it. */
const OUTAGE_MS = 30_000;

/** For how long a lap has waited for what, in seconds; nothing where it works. */
export function waits(progress: LapProgress, nowMs: number): Readonly<Partial<Record<WaitsFor, number>>> {
  const since = (iso: string) => Math.max(0, (nowMs - Date.parse(iso)) / 1000);
  const { waitingForExperts = 0, waitingForServers, queuedSince, phaseStartedAt, startedAt } = progress;
  const outage = waitingForServers === undefined ? 0 : since(waitingForServers.since);
  return {
    ...(waitingForExperts > 0 && { people: since(phaseStartedAt ?? startedAt) }),
    ...(outage * 1000 > OUTAGE_MS && { servers: outage }),
    ...(queuedSince !== undefined && { queue: since(queuedSince) }),
  };
}

/** Changes with whatever a lap does: what does not change for long stands still. */
export function motionOf(progress: LapProgress | undefined, spent: Amounts | undefined): string {
  const { phase, step, callsDone, waitingForExperts } = progress ?? {};
  return JSON.stringify([phase, step, callsDone, waitingForExperts, spent?.calls, spent?.tokens]);
}
