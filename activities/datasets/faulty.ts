import type { Domain } from '../../shared/domain.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { sameAs } from '../../shared/problems/sameAs.ts';
import type { DatasetRef, Problem } from '../../shared/records.ts';
import { standingOf, type FaultyProblem, type LateQuestion } from '../../shared/review/late.ts';
import type { ReviewRow, ReviewSetResult } from '../../shared/review/reviews.ts';
import { reviewIdOf, uri, type Place } from '../../shared/ids.ts';
import { ReviewLog } from '../reviews/log.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { withoutProblems } from './withoutProblems.ts';

interface FindInput {
  readonly at: Place;
  /** Of what part of the lap: names the dataset. */
  readonly name: string;
  /** Problems that are known to be faulty. */
  readonly known?: DatasetRef | undefined;
  /** Sets with questions that were flagged, or may have been since. */
  readonly reviews: readonly Pick<ReviewSetResult, 'setId' | 'subject' | 'results'>[];
  /** Questions of earlier laps, as they stood when this one began. */
  readonly standing?: DatasetRef | undefined;
}

/**
 * The problems that people found faulty, in questions that are over and in such that the lap has not waited for. The
 * known ones where there is none beside.
 */
export async function findFaulty(store: ArtifactStore, input: FindInput): Promise<DatasetRef | undefined> {
  const { at, name, known, reviews, standing } = input;
  const faulty = new Map(known && (await store.rowsById<FaultyProblem>(known)));
  const before = faulty.size;
  for (const { setId, subject, reasons } of (await flaggedIn(store, input)).values()) {
    for await (const { id, problem } of store.readJsonl<{ id: string; problem: Problem }>(subject)) {
      const reason = reasons.get(id);
      if (reason === undefined || faulty.has(problem.id)) continue;
      const { statement } = problem;
      faulty.set(problem.id, { id: problem.id, statement, reason, question: reviewIdOf(setId, id) });
    }
  }
  if (faulty.size === before) return known;
  const from = { known, standing, results: reviews.map(({ results }) => results) };
  return store.writeJsonl(uri.dataset(at, name), faulty.values(), madeBy('findFaulty', from));
}

interface Flagged {
  readonly setId: string;
  readonly subject: DatasetRef;
  /** By the question's id. */
  readonly reasons: Map<string, string>;
}

/** The flagged questions of each set; of those that were open, as their logs have them by now. */
async function flaggedIn(store: ArtifactStore, { reviews, standing }: FindInput): Promise<Map<string, Flagged>> {
  const log = new ReviewLog(store);
  const flagged = new Map<string, Flagged>();
  const look = async (question: Pick<LateQuestion, 'setId' | 'subject' | 'id' | 'result'>): Promise<void> => {
    const { setId, subject, id, result } = question;
    const now = result && result.kind !== 'open' ? result : standingOf(await log.read(setId, id)).result;
    if (now?.kind !== 'flagged') return;
    const set = flagged.get(setId) ?? { setId, subject, reasons: new Map<string, string>() };
    flagged.set(setId, set);
    set.reasons.set(id, now.reason);
  };
  for (const { setId, subject, results } of reviews)
    for await (const row of store.readJsonl<ReviewRow>(results)) if (subject) await look({ ...row, setId, subject });
  if (standing) for await (const question of store.readJsonl<LateQuestion>(standing)) await look(question);
  return flagged;
}

export interface WithoutFaultyInput {
  readonly at: Place;
  readonly name: string;
  readonly parts: readonly DatasetRef[];
  readonly faulty: DatasetRef;
  /** By whose rule two statements are one problem. */
  readonly domain: Pick<Recipe['domain'], 'name' | 'settings'>;
}

/**
 * Datasets without their rows of faulty problems, and of such that are near-equal to one: problems, proofs or analyses.
 * One that has none of these stays what it is.
 */
export async function withoutFaulty(
  store: ArtifactStore,
  rule: Pick<Domain, 'sameProblem' | 'alike'>,
  { at, name, parts, faulty, domain }: WithoutFaultyInput,
): Promise<DatasetRef[]> {
  const problems = await store.readRows<FaultyProblem>(faulty);
  const ids = new Set(problems.map(({ id }) => id));
  const statements = problems.map(({ statement }) => statement);
  const isOne = sameAs(rule, statements, domain.settings);
  const isOut = ({ id, statement }: Problem): boolean => ids.has(id) || isOne(statement);
  const sound: DatasetRef[] = [];
  for (const [index, part] of parts.entries()) {
    const to = uri.dataset(at, `${name}-${index + 1}`);
    sound.push(await withoutProblems(store, part, { to, isOut, because: { faulty } }));
  }
  return sound;
}
