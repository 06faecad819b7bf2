import { isUnseen, refusalToSayLost, type SaidLost, type Standing } from '../../shared/training/lost.ts';
import type { Cluster, Presence, SubmittedJob } from '../clusters/types.ts';
import type { LostMarks } from './lostMarks.ts';

interface Whose {
  readonly marks: LostMarks;
  readonly cluster: Pick<Cluster, 'name' | 'state'>;
}

/**
 * How an attempt stands: by its cluster, and where that cannot see it, by a person's word that it is dead. A word that
 * turns out to be wrong before anybody has acted on it is taken back; afterwards the fence ends what comes back.
 */
export async function presenceOf(job: SubmittedJob, { marks, cluster }: Whose): Promise<Presence> {
  const said = await marks.find(job.attempt);
  if (said === undefined) return cluster.state(job);
  const { presence, standing } = await standingOf(job, cluster);
  if (presence?.kind === 'gone') return presence;
  if (!isUnseen(standing)) {
    await marks.takeBack(job.attempt);
    return presence as Presence; // it was seen
  }
  const since = presence?.kind === 'alive' ? { since: presence.since } : {};
  return { kind: 'gone', why: 'nodeLost', words: wordsOf(said), ...since };
}

function wordsOf({ at, by, saw }: SaidLost): string {
  return `${by} said at ${at} that it is dead (${saw})`;
}

/** An attempt of which a person says that it is dead. */
export type ToldLost =
  | { readonly kind: 'said' | 'saidBefore'; readonly said: SaidLost }
  | { readonly kind: 'refused'; readonly why: string };

/**
 * Takes down that an attempt is dead, so that the next one may begin: by a person's word alone, and only where nobody
 * can see that it lives.
 */
export async function sayLost(job: SubmittedJob, by: string, { marks, cluster }: Whose): Promise<ToldLost> {
  const before = await marks.find(job.attempt);
  if (before) return { kind: 'saidBefore', said: before };
  const { standing } = await standingOf(job, cluster);
  const why = refusalToSayLost(standing, await marks.lastSign(job), Date.now());
  if (why !== undefined) return { kind: 'refused', why };
  const said = { at: new Date().toISOString(), by, saw: standing.words ?? `${cluster.name} cannot see it` };
  await marks.write(job.attempt, said);
  return { kind: 'said', said };
}

async function standingOf(
  job: SubmittedJob,
  cluster: Whose['cluster'],
): Promise<{ readonly presence?: Presence; readonly standing: Standing }> {
  try {
    const presence = await cluster.state(job);
    return { presence, standing: presence };
  } catch (error) {
    return { standing: { kind: 'away', words: `${cluster.name} gives no answer: ${(error as Error).message}` } };
  }
}
