/** What a person has said of an attempt: that it is dead, though nobody can see that. Kept in its job's folder. */
export interface SaidLost {
  /** ISO time. */
  readonly at: string;
  /** Who said so. */
  readonly by: string;
  /** How the attempt stood then, in words. */
  readonly saw: string;
}

/**
 * How an attempt looks to those who ask its cluster. `lostSince`: of one that is alive by the cluster's records, ISO
 * time since which its node has not been heard of. `away`: the cluster gives no answer.
 */
export type Standing =
  | { readonly kind: 'queued' | 'gone'; readonly words?: string | undefined }
  | { readonly kind: 'alive'; readonly lostSince?: string | undefined; readonly words?: string | undefined }
  | { readonly kind: 'away'; readonly words: string };

/** What has written within this time lives. Ours: a trainer logs a line a step, and looks at its turn every 5 s. */
export const SIGN_OF_LIFE_MS = 120_000;

/** Whether nobody can see that an attempt lives: then a person's word decides. */
export function isUnseen(standing: Standing): boolean {
  return standing.kind === 'away' || (standing.kind === 'alive' && standing.lostSince !== undefined);
}

/**
 * Why a person may not say of an attempt that it is dead; undefined where they may.
 * @param signs newest signs of life in the job's folder: the file and when it changed, in milliseconds since the epoch.
 */
export function refusalToSayLost(
  standing: Standing,
  sign: { readonly file: string; readonly changedAt: number } | undefined,
  nowMs: number,
): string | undefined {
  const { kind, words } = standing;
  const says = words === undefined ? '' : ` (${words})`;
  if (kind === 'queued') return `it waits in its cluster's queue${says}: nothing of it is lost`;
  if (kind === 'gone') return `it has ended${says}: the next attempt needs nobody's word`;
  if (!isUnseen(standing))
    return `its cluster sees it run${says}. Where its node is off, say so to the cluster, or end it there`;
  const silentMs = nowMs - (sign?.changedAt ?? 0);
  if (sign && silentMs < SIGN_OF_LIFE_MS)
    return `it lives: it wrote ${sign.file} ${Math.max(0, Math.round(silentMs / 1000))} s ago`;
  return undefined;
}
