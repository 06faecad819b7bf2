import { madeUri, type ArtifactStore } from '../../store/types.ts';
import type { ReviewEntry } from '../../../shared/review/reviews.ts';
import { loggedQuestion, prefixOf, uri } from '../../../shared/ids.ts';
import { ReviewLog } from '../log.ts';

/** A question that somebody has answered, with all that was ever said of it. */
export interface LoggedQuestion {
  readonly setId: string;
  readonly question: string;
  readonly entries: readonly ReviewEntry[];
}

/**
 * Logs read at once. Ours: a log is a small file, and waiting for one after the other would be most of the time.
 */
const AT_ONCE = 16;

/**
 * Every question that has a log, in the order of the store's names.
 * @param below a set, or all sets below a path. @default all
 */
export async function* loggedQuestions(store: ArtifactStore, below?: string): AsyncGenerator<LoggedQuestion> {
  const log = new ReviewLog(store);
  let ahead: Promise<LoggedQuestion>[] = [];
  const read = async (name: { readonly setId: string; readonly question: string }): Promise<LoggedQuestion> => ({
    ...name,
    entries: await log.history(name.setId, name.question),
  });
  for await (const name of logNames(store, below)) {
    ahead.push(read(name));
    if (ahead.length < AT_ONCE) continue;
    yield* await Promise.all(ahead);
    ahead = [];
  }
  yield* await Promise.all(ahead);
}

/** Those questions, unread. Results of sets lie beside their questions' logs, and say what they were made of. */
export async function* logNames(
  store: ArtifactStore,
  below?: string,
): AsyncGenerator<{ readonly setId: string; readonly question: string }> {
  const folder = below === undefined ? uri.reviews('') : prefixOf(uri.reviews(below.replace(/\/+$/, '')));
  let last: string | undefined;
  const made = madeUri('');
  for await (const name of store.list(folder)) {
    if (last !== undefined && name === `${last}${made}`) last = undefined;
    const known = last === undefined ? undefined : loggedQuestion(last);
    if (known !== undefined) yield known;
    last = name.endsWith('.jsonl') ? name : undefined;
  }
  const known = last === undefined ? undefined : loggedQuestion(last);
  if (known !== undefined) yield known;
}
