import { MockActivityEnvironment } from '@temporalio/testing';
import { findFaulty } from '../../../activities/datasets/faulty.ts';
import { collectLate } from '../../../activities/datasets/late.ts';
import { growProofScores, recordProofScores } from '../../../activities/datasets/proofs.ts';
import { createReviewActivities } from '../../../activities/reviews/activities.ts';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import { placeOf } from '../../../shared/ids.ts';
import type { DatasetRef, ProofRow, ScoredProof } from '../../../shared/records.ts';
import type { FaultyProblem, LateQuestion } from '../../../shared/review/late.ts';
import type { Move } from '../../../shared/review/reviewState.ts';
import * as rules from '../../../shared/review/reviewState.ts';
import type {
  ReviewEntry,
  ReviewPolicy,
  ReviewRow,
  ReviewSetInput,
  ReviewSetResult,
  ReviewState,
} from '../../../shared/review/reviews.ts';
import type { Score } from '../../../shared/scores.ts';
import table from '../../shared/people.json' with { type: 'json' };
import { newStore, proofRow } from '../../reports/figures/lapFixture.ts';

/** What people said by the deadline, and what a lap and the one after it make of it: the table of cases. */
const LAP = 'main/lap-0001';
const SET = `${LAP}/label/experts`;
const POLICY = { leaseMinutes: 30, deadlineHours: 1, ...table.policy } as ReviewPolicy;
const NOW = Date.parse('2026-03-01T00:00:00.000Z');
const PEOPLE = ['ada', 'emmy', 'kurt'];

/** A question's log after these verdicts and flags, and its deadline. */
function saidOf({ verdicts, flags = 0 }: { readonly verdicts: readonly number[]; readonly flags?: number }) {
  let state: ReviewState = rules.openReview(POLICY);
  const entries: ReviewEntry[] = [];
  const make = (move: Move<unknown>): void => {
    if (move.kind === 'refused') throw new Error(move.reason);
    ({ state } = move);
    if (move.entry) entries.push(move.entry);
  };
  for (const [index, score] of verdicts.entries()) {
    const annotator = PEOPLE[index] ?? '';
    make(rules.submitVerdict(state, { annotator, source: 'expert', score: score as Score, verdictId: annotator }, NOW));
  }
  for (const annotator of PEOPLE.slice(verdicts.length, verdicts.length + flags))
    make(rules.flagProblem(state, { annotator, reason: 'n is not said' }, NOW));
  state = rules.passDeadline(state, POLICY);
  const result = rules.resultOf(state);
  if (result) entries.push({ kind: 'result', id: 'result', at: new Date(NOW).toISOString(), result });
  return entries;
}

/** The table's questions, asked by a lap that then goes on, and by the one after it. */
async function lapsOf() {
  const store = await newStore();
  const rows = table.questions.map(({ id }, index): ProofRow => ({ ...proofRow(index, 1), id }));
  const subject = await store.writeJsonl('datasets/contested.jsonl', rows);
  const log = new ReviewLog(store);
  for (const question of table.questions) await log.append(SET, question.id, saidOf(question));
  const asked = {
    setId: SET,
    kind: 'scoreContestedProof',
    lap: LAP,
    subject,
    domain: 'proofs',
    experts: 'people',
  } as const;
  const nobody = () => Promise.reject(new Error('no program answers'));
  const activities = createReviewActivities({ store, desk: nobody, expertOf: () => undefined });
  const review = (await new MockActivityEnvironment().run((set: ReviewSetInput) => activities.collectReviews(set), {
    ...asked,
    ...POLICY,
  })) as ReviewSetResult;
  const none = await store.writeJsonl('datasets/none.jsonl', []);
  const { train } = await recordProofScores(store, { lap: LAP, subject, results: review.results, validation: none });
  const { carried, grown } = await growProofScores(store, {
    lap: LAP,
    proofs: subject,
    decisions: await store.writeJsonl(
      'labels/labels.jsonl',
      rows.map(({ id }) => ({ proofId: id, decision: { kind: 'contested', reason: 'no k' } })),
    ),
    experts: [review.results],
    carry: true,
  });
  const late = await collectLate(store, {
    lap: 'main/lap-0002',
    parent: await store.writeJson(`laps/${LAP}/manifest.json`, { reviews: [review] }),
    problems: { validation: none, heldOut: none },
    seats: POLICY.seats,
    experts: 'people',
    asks: true,
  });
  const faulty = await findFaulty(store, { at: placeOf(LAP, 'faulty'), name: 'found', reviews: [review] });
  const idsIn = async (ref: DatasetRef) => (await store.readRows<ScoredProof>(ref)).map(({ id }) => id);
  return {
    results: new Map((await store.readRows<ReviewRow>(review.results)).map(({ id, result }) => [id, result.kind])),
    trained: [...(await idsIn(train)), ...(await idsIn(grown))],
    carried,
    next: new Map((await store.readRows<LateQuestion>(late.record.standing)).map((one) => [one.id, one])),
    faulty: faulty ? (await store.readRows<FaultyProblem>(faulty)).map(({ question }) => question) : [],
    verdictsOf: async (id: string) => (await log.read(SET, id)).filter(({ kind }) => kind === 'verdict').length,
  };
}

test.each(table.questions)('$id, at the deadline: $atDeadline', async ({ id, verdicts, flags = 0, atDeadline }) => {
  const laps = await lapsOf();
  const isScored = atDeadline.startsWith('scored');
  const isOut = atDeadline.startsWith('problem taken out');
  expect(laps.results.get(id)).toBe(isScored ? 'scored' : isOut ? 'flagged' : 'open');
  // What is scored trains, and nothing else; what is open goes on with all that was said, and is not labelled anew.
  expect(laps.trained.includes(id)).toBe(isScored);
  expect(laps.carried).toBeUndefined();
  expect(laps.next.get(id)?.answers).toBe(isScored || isOut ? undefined : verdicts.length + flags);
  expect(laps.faulty.includes(`${SET}/${id}`)).toBe(isOut);
  // Nothing that a person gave is lost.
  expect(await laps.verdictsOf(id)).toBe(verdicts.length);
});
