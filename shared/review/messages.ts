import type { QueryDefinition, SignalDefinition, UpdateDefinition } from '@temporalio/common';
import { isScore, type Score } from '../scores.ts';
import { shown } from '../inputRules.ts';
import { analysesRefusal, type JudgedAnalysis } from './judgedAnalyses.ts';
import { GIVEN_BACK, type GivenBack, type ReviewProgress, type Verdict } from './reviews.ts';

// What may be sent to a review: by the workflow that handles it and by whoever sends it, each message is one object.

const update = <Answer, Sent>(name: string) => ({ type: 'update', name }) as UpdateDefinition<Answer, [Sent]>;

/** Keeps a seat for an annotator until the lease ends. */
export const claim = update<ClaimAnswer, ClaimMessage>('claim');

/** A verdict for a seat; a seat need not be claimed before. It is in the store when the answer comes. */
export const submitVerdict = update<VerdictAnswer, VerdictMessage>('submitVerdict');

/** Gives a claimed seat back, with a reason or without. */
export const release = update<ReleaseAnswer, ReleaseMessage>('release');

/** Takes back what the annotator said last, while the question is open: a second score, the first, or a flag. */
export const withdraw = update<WithdrawAnswer, ClaimMessage>('withdraw');

/**
 * Says that the problem or the texts are faulty. The question stays open: another seat and the lead are asked about it,
 * and the second person who says so takes the question out.
 */
export const flagProblem = update<FlagAnswer, FlagMessage>('flagProblem');

/** A lead decides where the seats disagree, or where they scored what somebody flagged. */
export const adjudicate = update<VerdictAnswer, VerdictMessage>('adjudicate');

/** A verdict, fire and forget. What cannot be used is noted in the review's details; it never harms the review. */
export const submitAnnotation = { type: 'signal', name: 'submitAnnotation' } as SignalDefinition<[VerdictMessage]>;

/** How the review stands. */
export const reviewProgress = { type: 'query', name: 'progress' } as QueryDefinition<ReviewProgress>;

interface ClaimMessage {
  readonly annotator: string;
}

export interface ReleaseMessage extends ClaimMessage {
  /** @default none: the question stands as before */
  readonly reason?: GivenBack['reason'];
}

export interface VerdictMessage extends ClaimMessage {
  readonly score: Score;
  /** A few words, not a text: it stays in the history. */
  readonly comment?: string;
  /** @default false */
  readonly uncertain?: boolean;
  /** Lines of the proof that the comment is about, counted from 1. @default none */
  readonly lines?: readonly number[];
  /** What the issues of the analyses in view are. @default none looked at */
  readonly analyses?: readonly JudgedAnalysis[];
  /**
   * Messages with the same id are the same verdict. @default the annotator, who has one verdict per question, and
   * `<annotator>/assisted` for the one with the analyses in view
   */
  readonly verdictId?: string;
  /** Scored again with the analyses in view, where the question shows them. @default false: the first score */
  readonly assisted?: boolean;
  /** @default 'expert' */
  readonly source?: 'expert' | 'program';
}

export interface FlagMessage extends ClaimMessage {
  /** What is wrong with the problem or the texts. */
  readonly reason: string;
}

export interface ClaimAnswer {
  /** Counted from 1. */
  readonly seat: number;
  /** ISO time until which the seat is kept. */
  readonly leaseUntil: string;
}

export interface VerdictAnswer {
  readonly verdictId: string;
  readonly score: Score;
  /** Counted from 1; absent for an adjudication. */
  readonly seat?: number | undefined;
}

export interface ReleaseAnswer {
  /** False when the annotator held no seat. */
  readonly released: boolean;
}

export interface WithdrawAnswer {
  /** `nothing`: the annotator had said nothing. */
  readonly withdrawn: 'assisted' | 'verdict' | 'flag' | 'nothing';
}

export type FlagAnswer = Pick<FlagMessage, 'reason'>;

// The guards that read what was sent. They are written by hand: reviews run by the hundreds, and a schema library in
// each of their sandboxes would weigh more than all the rest.

/** What was expected, and what came. */
export interface Refused {
  readonly kind: 'refused';
  readonly reason: string;
}

export function refused(reason: string): Refused {
  return { kind: 'refused', reason };
}

/** A payload that was understood, or not. */
export type Read<T> = { readonly kind: 'read'; readonly value: T } | Refused;

/** Ours: long enough for any opaque id, and for a remark; a history is no place for texts. */
const MAX_ID = 200;
export const MAX_COMMENT = 4000;
/** Ours: more than anybody points at. */
export const MAX_LINES = 200;
const MAX_LINE = 100_000;

type Fields = Readonly<Record<string, unknown>>;

export function readClaim(payload: unknown): Read<ClaimMessage> {
  return read(payload, '{"annotator": "…"}', (fields) => ({ annotator: idIn(fields, 'annotator') }));
}

export function readRelease(payload: unknown): Read<ReleaseMessage> {
  return read(payload, '{"annotator": "…"}', (fields) => {
    const annotator = idIn(fields, 'annotator');
    const { reason } = fields;
    if (reason === undefined) return { annotator };
    const known = GIVEN_BACK.find((one) => one === reason);
    if (known === undefined)
      throw new Refusal(`Expected reason to be ${GIVEN_BACK.join(' or ')}, or left out, got ${shown(reason)}`);
    return { annotator, reason: known };
  });
}

/** An answer of a seat, or of a lead. */
export function readVerdict(payload: unknown): Read<Verdict> {
  return read(payload, '{"annotator": "…", "score": 0, 0.5 or 1}', (fields) => {
    const annotator = idIn(fields, 'annotator');
    const score = fields['score'];
    if (!isScore(score)) throw new Refusal(`Expected score to be the number 0, 0.5 or 1, got ${shown(score)}`);
    const source = fields['source'] ?? 'expert';
    if (source !== 'expert' && source !== 'program')
      throw new Refusal(`Expected source to be "expert" or "program", got ${shown(source)}`);
    const assisted = switchIn(fields, 'assisted');
    const uncertain = switchIn(fields, 'uncertain');
    const verdictId =
      fields['verdictId'] === undefined ? usualVerdictId(annotator, assisted) : idIn(fields, 'verdictId');
    const comment = fields['comment'] === undefined || fields['comment'] === '' ? undefined : textIn(fields, 'comment');
    const analyses = analysesIn(fields);
    return {
      annotator,
      source,
      score,
      verdictId,
      comment,
      assisted: assisted || undefined,
      uncertain: uncertain || undefined,
      lines: linesIn(fields),
      analyses,
    };
  });
}

export function usualVerdictId(annotator: string, assisted: boolean): string {
  return assisted ? `${annotator}/assisted` : annotator;
}

export function readFlag(payload: unknown): Read<FlagMessage> {
  return read(payload, '{"annotator": "…", "reason": "…"}', (fields) => ({
    annotator: idIn(fields, 'annotator'),
    reason: textIn(fields, 'reason'),
  }));
}

class Refusal extends Error {}

function read<T>(payload: unknown, expected: string, parse: (fields: Fields) => T): Read<T> {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    return refused(`Expected an object ${expected}, got ${shown(payload)}`);
  }
  try {
    return { kind: 'read', value: parse(payload as Fields) };
  } catch (error) {
    if (error instanceof Refusal) return refused(error.message);
    throw error;
  }
}

function switchIn(fields: Fields, name: string): boolean {
  const value = fields[name] ?? false;
  if (typeof value === 'boolean') return value;
  throw new Refusal(`Expected ${name} to be true or false, got ${shown(value)}`);
}

function linesIn({ lines }: Fields): readonly number[] | undefined {
  if (lines === undefined) return undefined;
  const isOne = (line: unknown) => Number.isInteger(line) && (line as number) >= 1 && (line as number) <= MAX_LINE;
  if (!Array.isArray(lines) || lines.length > MAX_LINES || !lines.every(isOne))
    throw new Refusal(`Expected lines to be at most ${MAX_LINES} numbers of lines, from 1 on, got ${shown(lines)}`);
  return lines.length === 0 ? undefined : [...new Set(lines as number[])].sort((a, b) => a - b);
}

function analysesIn({ analyses }: Fields): readonly JudgedAnalysis[] | undefined {
  if (analyses === undefined) return undefined;
  const refusal = analysesRefusal(analyses);
  if (refusal !== undefined) throw new Refusal(refusal);
  return (analyses as JudgedAnalysis[]).length === 0 ? undefined : (analyses as JudgedAnalysis[]);
}

function idIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (
    typeof value === 'string' &&
    value.trim() === value &&
    value !== '' &&
    value.length <= MAX_ID &&
    // oxlint-disable-next-line no-control-regex -- control characters are what is kept out
    !/[\u0000-\u001f]/.test(value)
  )
    return value;
  throw new Refusal(
    `Expected ${name} to be an id of 1 to ${MAX_ID} characters without spaces around it, got ${shown(value)}`,
  );
}

function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && value.trim() !== '' && value.length <= MAX_COMMENT) return value;
  throw new Refusal(`Expected ${name} to be a text of 1 to ${MAX_COMMENT} characters, got ${shown(value)}`);
}
