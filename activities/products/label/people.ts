import { uri, type Place } from '../../../shared/ids.ts';
import { isCapped } from '../../../shared/label/decided.ts';
import { questionsOf, type AskedQuestions, type PeoplesWord } from '../../../shared/products/labels.ts';
import type { DatasetRef, ProofRow } from '../../../shared/records.ts';
import { standingOf } from '../../../shared/review/late.ts';
import type { ReviewEntry } from '../../../shared/review/reviews.ts';
import { ReviewLog } from '../../reviews/log.ts';
import { labelsById } from '../../sets/outcomes.ts';
import { madeBy } from '../../store/made.ts';
import type { ArtifactStore } from '../../store/types.ts';

/** What people are asked about a `label`'s proofs, and what they said. */

/** The review sets of a `label`, the oldest first: `products/label/<name>/asked.json`. */
type Asked = readonly Omit<AskedQuestions, 'open'>[];

const askedIn = async (store: ArtifactStore, place: Place): Promise<Asked> =>
  (await store.findJson<Asked>(uri.products(place, 'asked.json'))) ?? [];

/**
 * Lays out a question for every proof without an automatic label that nobody was asked about before, those that are
 * hard to verify first. What the caps left is not asked: models can answer it.
 * @returns all review sets, with how many of their questions have no result.
 */
export async function askPeople(
  store: ArtifactStore,
  { place, proofs, decisions }: { place: Place; proofs: DatasetRef; decisions: DatasetRef },
): Promise<AskedQuestions[]> {
  const before = await askedIn(store, place);
  const known = new Set<string>();
  for (const { subject } of before) for (const { id } of await store.readRows<ProofRow>(subject)) known.add(id);
  const labels = await labelsById(store, decisions);
  const rows: ProofRow[] = [];
  for await (const proof of store.readJsonl<ProofRow>(proofs)) {
    const label = labels.get(proof.id);
    if (label === undefined || label.decision.kind === 'labelled' || isCapped(label.decision)) continue;
    if (!known.has(proof.id)) rows.push(proof);
  }
  const hardFirst = ({ id }: ProofRow): number => (labels.get(id)?.hardToVerify ? 0 : 1);
  rows.sort((a, b) => hardFirst(a) - hardFirst(b));
  const all =
    rows.length === 0 ? before : [...before, await newQuestions(store, place, before.length, rows, decisions)];
  if (rows.length > 0) await store.writeJson(uri.products(place, 'asked.json'), all);
  const log = new ReviewLog(store);
  return Promise.all(
    all.map(async (set) => {
      let open = 0;
      for (const { id } of await store.readRows<ProofRow>(set.subject))
        if (standingOf(await log.read(set.setId, id)).result === undefined) open += 1;
      return { ...set, open };
    }),
  );
}

async function newQuestions(
  store: ArtifactStore,
  place: Place,
  round: number,
  rows: readonly ProofRow[],
  decisions: DatasetRef,
): Promise<Asked[number]> {
  const name = `contested${round === 0 ? '' : `-${round + 1}`}`;
  const subject = await store.writeJsonl(uri.dataset(place, name), rows, madeBy('askPeople', { decisions }));
  return { setId: questionsOf(place, round), subject };
}

/** What people have said of proofs so far, by the proof's id. */
export async function peoplesWords(store: ArtifactStore, place: Place): Promise<Map<string, PeoplesWord>> {
  const log = new ReviewLog(store);
  const words = new Map<string, PeoplesWord>();
  for (const { setId, subject } of await askedIn(store, place))
    for (const { id } of await store.readRows<ProofRow>(subject)) {
      const entries = await log.read(setId, id);
      const result = standingOf(entries).result ?? { kind: 'open' as const };
      words.set(id, { setId, result, scores: scoresIn(entries) });
    }
  return words;
}

/** A person's last score stands for them: a lead's is the last. */
const scoresIn = (entries: readonly ReviewEntry[]) =>
  entries.flatMap((entry) => (entry.kind === 'verdict' || entry.kind === 'adjudication' ? [entry.verdict.score] : []));
