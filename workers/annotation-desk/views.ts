import type { Problem, ShownAnalysis } from '../../shared/records.ts';
import type { Flag, QuestionKind, ReviewProgress } from '../../shared/review/reviews.ts';
import type { Score } from '../../shared/scores.ts';
import type { QualityOfExperts } from '../../reports/figures/qualityFigures.ts';
import type { Ageing } from '../../shared/figures/expertQuality.ts';
import type { KnownPerson, Person } from './people.ts';

/** What pages are made from: plain data, so that a page is a function of it. */

/** Around each page. */
export interface Frame {
  /** Absent where nobody is signed in. */
  readonly person?: Person;
  /** Goes into each form, as the field `_csrf`. */
  readonly csrf?: string;
  /** What the last action came to, in the desk's or the review's own words. */
  readonly said?: { readonly kind: 'done' | 'refused'; readonly text: string };
}

/** A question in a list. */
export interface QuestionLine {
  readonly workflowId: string;
  readonly kind: QuestionKind;
  readonly topic?: string;
  readonly openedAt: string;
  readonly deadline: string;
  readonly isLate: boolean;
  /** How the person stands to it. */
  readonly mine: Mine;
  /** ISO time until which the person's seat is kept. */
  readonly leaseUntil?: string;
}

/** `scoredOnce`: the same person is to score again, with the analyses in view. */
export type Mine = 'none' | 'claimed' | 'scoredOnce' | 'answered' | 'flagged';

/** `/`: what waits for the person. */
export interface HomeView {
  /** Taken, or scored once. */
  readonly mine: readonly QuestionLine[];
  /** Of the others, how many they could take, and the first of them. */
  readonly waiting: number;
  readonly next: readonly QuestionLine[];
  /** What the person said to questions that are open still, and can take back. */
  readonly said: readonly QuestionLine[];
}

/** `/questions/{questionIdOf(workflowId)}`. Blind: what the person may not see is not in it. */
export interface QuestionView {
  readonly workflowId: string;
  readonly kind: QuestionKind;
  readonly deadline: string;
  readonly isLate: boolean;
  /** The lap has gone on; what is said now joins the next one. */
  readonly isCarried: boolean;
  readonly mine: Mine;
  readonly leaseUntil?: string;
  readonly problem: Pick<Problem, 'statement' | 'topic'>;
  readonly proof: string;
  /** For `scoreAnalysis`: the analysis that is scored. */
  readonly analysis?: string;
  /** Where the mode allows, after a first score of one's own. */
  readonly analyses?: readonly ShownAnalysis[];
  /** What somebody else, or the person, found faulty. */
  readonly flags: readonly Flag[];
  /** The person's own score, where it was given. */
  readonly given?: { readonly score: Score; readonly comment?: string | undefined };
  /** What the question came to, where it is closed. */
  readonly closed?: string;
  /** Id of what this page's form sends, so that a repeated click counts once; the field `nonce`. */
  readonly nonce: string;
  /** What was typed into a form that was refused, by the names of its fields: nothing typed is lost. */
  readonly typed?: Readonly<Record<string, string>>;
  /** For a lead who decides: all seats with their scores and comments. */
  readonly seats?: ReviewProgress['seats'];
}

/** `/lead`: what waits for a lead, and who has how many. */
export interface LeadView {
  readonly disagreements: readonly DisputedQuestion[];
  readonly flagged: readonly DisputedQuestion[];
  readonly people: readonly PersonLine[];
}

export interface DisputedQuestion {
  readonly workflowId: string;
  readonly kind: QuestionKind;
  readonly openedAt: string;
  readonly seats: ReviewProgress['seats'];
  readonly flags: readonly Flag[];
}

/** `/quality`: what people's answers are worth, and what they took; of all laps, or of one. */
export interface QualityView {
  /** Of which lap or product; absent of all. */
  readonly lap?: string;
  /** Laps and products that can be looked at. */
  readonly laps: readonly string[];
  readonly quality: QualityOfExperts;
  readonly ageing: Ageing;
  /** What the recipe says of people: how many, and for how long each week; absent where it says nothing. */
  readonly plan?: { readonly lap: string; readonly people: number; readonly hoursPerWeek: number };
  /** ISO 8601. */
  readonly at: string;
}

export interface PersonLine extends KnownPerson {
  /** Questions that they hold a seat of, and that they scored, of those that are open. */
  readonly claimed: number;
  readonly answered: number;
}
