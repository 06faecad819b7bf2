import type { ReviewSetInput } from './reviews.ts';

/** How far a part of a set has come that people are asked. */
export interface PartStanding {
  /** Its first row. */
  readonly from: number;
  /** Questions that it has to ask. */
  readonly todo: number;
  /** Of these, those that nobody is waited for any more: by a result, or withdrawn. */
  readonly closed: number;
  /** Rows with a result, those of an earlier attempt included. */
  readonly results: number;
}

/** What a part of a set may do. */
export interface Leave {
  /** How many of its questions may have been asked by now. */
  readonly mayAsk: number;
  /** The set has enough results: what is open stays open. */
  readonly enough: boolean;
}

type Pacing = Pick<ReviewSetInput, 'batch' | 'enough' | 'subject'>;

/** More than any set has. */
const ALL = Number.MAX_SAFE_INTEGER;

/**
 * What each part of a set may do: so many questions are open at once as the batch says, those of the first rows before
 * others, until enough of the set's rows have a result.
 */
export function leaves(parts: readonly PartStanding[], { batch = ALL, enough = 1, subject }: Pacing): Leave[] {
  const sum = (name: 'closed' | 'results') => parts.reduce((total, part) => total + part[name], 0);
  const hasEnough = sum('results') >= resultsWanted(subject.rows, enough);
  let places = batch + sum('closed');
  return parts.map(({ todo }) => {
    const mayAsk = Math.min(todo, places);
    places -= mayAsk;
    return { mayAsk, enough: hasEnough };
  });
}

/** Results after which a set of so many questions goes on. */
export const resultsWanted = (rows: number, enough = 1): number =>
  // A share of rows that is whole stays whole: 0.7 × 10 is a little more than 7 in floating point.
  Math.ceil(enough * rows - 1e-9);

/** Whether people are asked in batches, or until there is enough: then the order of the questions matters. */
export const isPaced = ({ batch, enough }: Pick<ReviewSetInput, 'batch' | 'enough'>): boolean =>
  (batch ?? enough) !== undefined;

/** Whether a question that its set has not waited for goes on, and what is said later is kept for the next lap. */
export const staysOpen = ({ experts, onDeadline, enough }: Pick<ReviewSetInput, 'experts' | 'onDeadline' | 'enough'>) =>
  experts === 'people' && (onDeadline === 'carry' || (enough ?? 1) < 1);
