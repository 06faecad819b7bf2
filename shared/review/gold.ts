import type { ProofRow, ScoredProof } from '../records.ts';
import type { ProofScore } from '../scores.ts';
import { seedOf, shuffled } from '../seeds.ts';
import { balancedSample } from '../selection.ts';

/** A question whose answer is known: beside the questions of its set, where nobody who answers looks. */
export interface GoldRow {
  /** Of the question. */
  readonly id: string;
  readonly score: ProofScore;
  /** The row that was brought, and who graded it. */
  readonly of: string;
  readonly grader?: string;
}

export interface MixedQuestions {
  readonly rows: readonly ProofRow[];
  readonly gold: readonly GoldRow[];
}

/**
 * Questions with some of known answers among them, at places that the seed chooses. Nothing tells these from the
 * others: the row is another question's but for its problem's statement and topic and its proof, and its id is that of
 * one more sample of the other's.
 * @param share of all questions then. Where there is less gold, all of it.
 * @param taken ids that proofs have, asked about or not.
 */
export function mixGold(
  questions: readonly ProofRow[],
  known: readonly ScoredProof[],
  { share, seed, taken }: { readonly share: number; readonly seed: number; readonly taken: Iterable<string> },
): MixedQuestions {
  const asked = new Set(questions.map(contentOf));
  const fresh = known.filter((row) => !asked.has(contentOf(row)));
  const count = Math.max(1, Math.round((questions.length * share) / (1 - share)));
  const chosen =
    questions.length === 0 ? [] : balancedSample(fresh, count, ({ score }) => String(score), seedOf(seed, 'gold'));
  const ids = new Set([...taken, ...questions.map(({ id }) => id)]);
  const topics = new Set(questions.map(({ problem }) => problem.topic));
  const likes = shuffled(questions, seedOf(seed, 'gold', 'like'));
  const gold: GoldRow[] = [];
  const mixed = chosen.map((row, index): ProofRow => {
    const like = likes[index % likes.length] as ProofRow;
    const id = oneMore(like.id, ids);
    ids.add(id);
    gold.push({ id, score: row.score, of: row.id, ...(row.grader !== undefined && { grader: row.grader }) });
    const { statement, topic } = row.problem;
    // An id of its own: a flag of this problem is none of another's.
    const problem = { ...like.problem, id: row.id, statement, ...(topics.has(topic) && { topic }) };
    return { ...like, id, problem, proof: row.proof };
  });
  const places = Array.from({ length: questions.length + mixed.length }, (_, place) => place);
  const ofGold = new Set(shuffled(places, seedOf(seed, 'gold', 'places')).slice(0, mixed.length));
  const [others, golden] = [questions.values(), mixed.values()];
  const rows = places.map((place) => (ofGold.has(place) ? golden : others).next().value as ProofRow);
  return { rows, gold };
}

const contentOf = ({ problem, proof }: ProofRow): string => JSON.stringify([problem.statement, proof]);

/** The id of a further sample: its last number is the first that nobody has. */
function oneMore(id: string, taken: ReadonlySet<string>): string {
  const start = id.replace(/\d+$/, '');
  for (let sample = 0; ; sample += 1) if (!taken.has(`${start}${sample}`)) return `${start}${sample}`;
}
