import { SCORES, type Score } from '../scores.ts';
import { meanOf } from './measures.ts';

/**
 * What a verifier thinks of a proof by several analyses (paper 3.3.1: the majority of 8), which is never a truth.
 * - `majority`: more than half of all that were asked for say so; lost ones (malformed, cut off, failed) say nothing.
 * - `undecided`: no score has that, but more than half could be read; their mean stands for a score (ours: the paper
 *   does not say what becomes of ties).
 * - `lost`: no more than half could be read. It has no score: to leave these out may favour what is easily read.
 */
export type MajorityScore =
  | { readonly kind: 'majority'; readonly score: Score }
  | { readonly kind: 'undecided'; readonly score: number }
  | { readonly kind: 'lost' };

/** @param verdicts one for each analysis that was asked for; undefined where it was lost. */
export function majorityOf(verdicts: readonly (Score | undefined)[]): MajorityScore {
  const read = verdicts.filter((score) => score !== undefined);
  const most = SCORES.find((score) => 2 * read.filter((each) => each === score).length > verdicts.length);
  if (most !== undefined) return { kind: 'majority', score: most };
  const mean = meanOf(read);
  return mean !== null && 2 * read.length > verdicts.length ? { kind: 'undecided', score: mean } : { kind: 'lost' };
}

/** Proofs of one stratum are those that a verifier thinks the same of. */
export const stratumOf = (judged: MajorityScore): string =>
  judged.kind === 'majority' ? String(judged.score) : judged.kind;
