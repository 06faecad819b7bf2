import type { Presence } from '../types.ts';
import type { SlurmJob } from './types.ts';

const WAITING = ['PENDING', 'REQUEUED', 'REQUEUE_FED', 'REQUEUE_HOLD', 'RESV_DEL_HOLD', 'SPECIAL_EXIT'];

type Why = Extract<Presence, { kind: 'gone' }>['why'];

/** States after which no process of the job is there, but those of a node that was lost. */
const ENDED: Readonly<Record<string, Why>> = {
  COMPLETED: undefined,
  FAILED: undefined,
  CANCELLED: undefined,
  TIMEOUT: 'timedOut',
  DEADLINE: 'timedOut',
  PREEMPTED: 'preempted',
  NODE_FAIL: 'nodeLost',
  BOOT_FAIL: 'nodeLost',
  OUT_OF_MEMORY: 'outOfMemory',
};

/** How a job stands. What we do not know, such as COMPLETING and states of later versions, is alive. */
export function presenceOf({ state, reason, startedAt, submittedAt }: SlurmJob, nowMs = Date.now()): Presence {
  const told = reason === '' || reason === 'None' ? undefined : reason;
  if (WAITING.includes(state)) return { kind: 'queued', ...(told !== undefined && { words: told }) };
  const since = startedAt === undefined ? undefined : new Date(startedAt).toISOString();
  if (!(state in ENDED)) {
    const from = since ?? new Date(submittedAt ?? nowMs).toISOString();
    return { kind: 'alive', since: from, ...(state !== 'RUNNING' && { words: state }) };
  }
  const why = ENDED[state];
  return {
    kind: 'gone',
    ...(why && { why }),
    ...(since !== undefined && { since }),
    words: told === undefined ? state : `${state} (${told})`,
  };
}

/** Held by its submitter, and by nobody since. */
export const isHeld = ({ state, reason }: SlurmJob): boolean => state === 'PENDING' && reason === 'JobHeldUser';

/** The one of several jobs of an attempt that counts: the first, and so the same whoever looks. */
export function firstOf(jobs: readonly SlurmJob[]): SlurmJob | undefined {
  return [...jobs].sort((one, other) => Number(one.id) - Number(other.id))[0];
}
