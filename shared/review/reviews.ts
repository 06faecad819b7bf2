import type { DatasetRef, ScoreSource } from '../records.ts';
import type { Score } from '../scores.ts';
import type { RowRange } from '../ids.ts';
import type { JudgedAnalysis } from './judgedAnalyses.ts';

/**
 * What a person is asked. `scoreAnalysis` wants a qualityScore, the others a proofScore. What audits (of labels, of
 * rewards) and evaluations ask is blind; of it, an audited label's score alone may be trained on (recipe: `audit`).
 */
export const QUESTION_KINDS = [
  'scoreProof',
  'scoreContestedProof',
  'scoreAnalysis',
  'auditLabel',
  'auditReward',
  'evaluateProof',
] as const;
export type QuestionKind = (typeof QUESTION_KINDS)[number];
/** Audits and evaluations: they measure, so nobody sees a label or an analysis, and nothing is trained on them. */
export const BLIND_KINDS: readonly QuestionKind[] = ['auditLabel', 'auditReward', 'evaluateProof'];

/**
 * How people score in a lap (paper 2.3): by themselves; shown what the analyses report, after a first score of their
 * own; or not at all, where automatic labels have replaced them.
 */
export const ANNOTATIONS = ['unaided', 'assisted', 'automatic'] as const;

/** One question; one `expertReview` workflow, `<setId>/<id>`, asks it. */
export interface Question {
  /** The set that it belongs to, a path id such as `main/lap-0001/cold-start/experts`. */
  readonly setId: string;
  /** Id of the row that is asked about, unique in its set. */
  readonly id: string;
  readonly kind: QuestionKind;
  readonly lap: string;
  /**
   * The texts to be judged: rows with `id`, `problem`, `proof` and, for `scoreAnalysis`, `analysis`; with `analyses`,
   * where the question is assisted.
   */
  readonly subject: DatasetRef;
  /** Row of the subject dataset, counted from 0. */
  readonly row: number;
}

/** One person's answer. */
export interface Verdict {
  /** Opaque id of the person, or of the program that answers in their place. */
  readonly annotator: string;
  readonly source: Extract<ScoreSource, 'expert' | 'program'>;
  readonly score: Score;
  readonly comment?: string | undefined;
  /** Answers with the same id are the same answer. */
  readonly verdictId: string;
  /** With the analyses in view, after a first score without them. */
  readonly assisted?: true | undefined;
  /** Who gave it is not sure of it. It counts as any other. */
  readonly uncertain?: true | undefined;
  /** Lines of the proof that the comment is about, counted from 1. */
  readonly lines?: readonly number[] | undefined;
  /** What the issues of the analyses in view were found to be. */
  readonly analyses?: readonly JudgedAnalysis[] | undefined;
}

/** Why a seat is given back: somebody else is to answer; or the same person, but other questions first. */
export const GIVEN_BACK = ['outOfMyDepth', 'tooLong'] as const;

export interface GivenBack {
  readonly annotator: string;
  readonly reason: (typeof GIVEN_BACK)[number];
}

/** One person's word that the problem or its texts are faulty. */
export interface Flag {
  readonly annotator: string;
  readonly reason: string;
}

/** What a review came to. A deadline never invents a label. */
export type ReviewResult =
  | {
      readonly kind: 'scored';
      readonly score: Score;
      /** Where it was assisted: the score that all gave before they saw the analyses, if they agreed. */
      readonly firstScore?: Score | undefined;
      readonly source: Verdict['source'];
      /** People, or the program's seats, whose word it is; a lead is one of them. */
      readonly verdicts: number;
      readonly adjudicated: boolean;
    }
  /** `confirmed`: by a second person; absent where one flag ended the question, as in laps of earlier versions. */
  | { readonly kind: 'flagged'; readonly reason: string; readonly confirmed?: true }
  | { readonly kind: 'expired' }
  /**
   * The lap went on without it. Its question stays open, and a later result joins the next lap; `unasked`: its turn had
   * not come yet, and the next lap asks it.
   */
  | { readonly kind: 'open'; readonly unasked?: true };

/**
 * What becomes of a question that nobody answered in time: it is waited for; the lap goes on, and what is said later
 * joins the next one; or it is closed.
 */
export const DEADLINE_POLICIES = ['wait', 'carry', 'discard'] as const;
type DeadlinePolicy = (typeof DEADLINE_POLICIES)[number];

/** How a question is answered: by how many, for how long a seat is kept, until when, and then what. */
export interface ReviewPolicy {
  /** People who answer independently of each other; where they disagree, a lead adjudicates. */
  readonly seats: number;
  /** A claimed seat without an answer is free again after this. */
  readonly leaseMinutes: number;
  /** Counted from the moment that the question is asked. */
  readonly deadlineHours: number;
  readonly onDeadline: DeadlinePolicy;
  /** Who has given a score is shown the subject's `analyses`, and scores again. @default false */
  readonly assisted?: boolean | undefined;
}

export interface ExpertReviewInput {
  readonly question: Question;
  readonly policy: ReviewPolicy;
  /** What an earlier review of the same question left in the store: answers are not asked for twice. */
  readonly recorded?: readonly ReviewEntry[];
  /** Where the annotation desk shows it. @default nowhere */
  readonly page?: string | undefined;
  /** Set by the workflow itself when it continues as new. */
  readonly resumed?: { readonly state: ReviewState; readonly deadline: number };
}

/** Asks one question per row of `subject`, each in its own `expertReview`, and waits for them as the policy says. */
export interface ReviewSetInput extends ReviewPolicy, Pick<Question, 'setId' | 'kind' | 'lap' | 'subject'> {
  /** Whose program answers where people do not. */
  readonly domain: string;
  readonly experts: 'people' | 'program';
  /** Of quality scores. @default claims */
  readonly metaRubric?: 'claims' | 'claimsAndMisses';
  /** Questions that are open at once; people are asked the next ones as these close. @default all */
  readonly batch?: number | undefined;
  /** Share of the rows with whose results the set is content; what is open then stays open. @default 1 */
  readonly enough?: number | undefined;
  /** Laps, the newest first, whose people were asked the same already. @default none */
  readonly donors?: readonly string[] | undefined;
  /** Set by the workflow itself, which asks a large set in parts. @default all rows */
  readonly range?: RowRange;
}

export interface ReviewSetResult {
  readonly setId: string;
  /** What was asked, about what; absent in laps of earlier versions. */
  readonly kind?: QuestionKind;
  readonly subject?: DatasetRef;
  /** JSONL of `{id, result: ReviewResult}`, in the order of the subject's rows. */
  readonly results: DatasetRef;
  readonly scored: number;
  readonly flagged: number;
  readonly expired: number;
  /** Still open when the lap went on; of these, those that nobody was asked yet, and that have an answer. @default 0 */
  readonly open?: number;
  readonly unasked?: number;
  readonly halfAnswered?: number;
  readonly verdicts: number;
  /** Of the verdicts, those that were taken over from an earlier lap; absent where there were none. */
  readonly taken?: number;
}

/**
 * A line of a question's log `reviews/<setId>/<question id>.jsonl`: what was answered and what came of it, append-only.
 */
export type ReviewEntry = (
  | { readonly kind: 'verdict'; readonly seat: number; readonly verdict: Verdict }
  /** The same person's, with the analyses in view. */
  | { readonly kind: 'assisted'; readonly seat: number; readonly verdict: Verdict }
  | { readonly kind: 'adjudication'; readonly verdict: Verdict }
  | ({ readonly kind: 'flag' } & Flag)
  /** A claimed seat was given back, with a reason. */
  | ({ readonly kind: 'givenBack' } & GivenBack)
  /** Somebody took back what an earlier entry says: `of` is its id, and it counts for nothing. */
  | { readonly kind: 'withdrawn'; readonly annotator: string; readonly of: string }
  | { readonly kind: 'result'; readonly result: ReviewResult }
) & {
  readonly id: string;
  readonly at: string;
  /** Of a verdict: for how long its seat had been kept; absent where none was. */
  readonly seconds?: number | undefined;
  /** The question of an earlier lap that was answered so, where this one took it over. */
  readonly takenFrom?: string;
};

/** A place at the question for one person. */
export type Seat =
  | { readonly kind: 'free' }
  /** `until`, `since`: milliseconds since 1970; later than `until`, somebody else may take the seat. */
  | { readonly kind: 'claimed'; readonly annotator: string; readonly until: number; readonly since?: number }
  /** `assisted` follows, where analyses are shown. */
  | { readonly kind: 'answered'; readonly verdict: Verdict; readonly assisted?: Verdict };

/** A message that could not be used, and why. */
interface ReviewNote {
  readonly at: string;
  readonly message: string;
  readonly reason: string;
}

/** All that is known of a question; `shared/review/reviewState.ts` has the rules. */
export interface ReviewState {
  readonly seats: readonly Seat[];
  readonly adjudication?: Verdict;
  /** One a person; a second one takes the question out. @default none */
  readonly flags?: readonly Flag[] | undefined;
  /** Whose lease ended before somebody else took their seat: what they worked out is taken still. @default nobody */
  readonly lapsed?: readonly string[] | undefined;
  /** Seats more than the policy has, made for such work. @default 0 */
  readonly extra?: number | undefined;
  /** Who gave a seat back, and why. @default nobody */
  readonly givenBack?: readonly GivenBack[] | undefined;
  /** Ids of entries that were taken back. @default none */
  readonly withdrawn?: readonly string[] | undefined;
  /** As the policy says. */
  readonly assisted?: true | undefined;
  /** The deadline went by, and the policy is to carry: its lap has gone on. */
  readonly carried?: true | undefined;
  /** Nobody answered in time, and the policy is to discard. */
  readonly expired: boolean;
  /** The deadline went by, and the policy is to wait. */
  readonly escalated: boolean;
  /** The newest notes, and how many there were in all. */
  readonly notes: readonly ReviewNote[];
  readonly noted: number;
}

/**
 * The answer of the `progress` query. Scores are shown when all seats have answered: nobody judges with another's score
 * in view.
 */
export interface ReviewProgress extends Omit<
  ReviewState,
  'seats' | 'adjudication' | 'expired' | 'withdrawn' | 'lapsed' | 'extra'
> {
  readonly question: Question;
  /** What is wanted of whom, or what it came to, in a sentence. */
  readonly wanted: string;
  readonly status: 'open' | 'disagreement' | ReviewResult['kind'];
  readonly seats: readonly SeatProgress[];
  readonly deadline: string;
  readonly onDeadline: DeadlinePolicy;
  readonly result?: ReviewResult | undefined;
}

export interface SeatProgress {
  readonly seat: number;
  /** `scoredOnce`: who holds the seat has still to score with the analyses in view. */
  readonly state: Seat['kind'] | 'scoredOnce';
  readonly annotator?: string;
  /** ISO time until which a claimed seat is kept. */
  readonly leaseUntil?: string;
  readonly score?: Score | undefined;
  /** Before the analyses were seen. */
  readonly firstScore?: Score | undefined;
  readonly comment?: string | undefined;
  readonly uncertain?: true | undefined;
  readonly lines?: readonly number[] | undefined;
  readonly analyses?: readonly JudgedAnalysis[] | undefined;
}

/** A row of `reviews/<setId>.jsonl`. */
export interface ReviewRow {
  readonly id: string;
  readonly result: ReviewResult;
}
