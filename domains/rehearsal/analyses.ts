import { textOf } from './chain.ts';
import { BOX_CLOSING, BOX_OPENING, EVALUATION_CLOSING, EVALUATION_OPENING } from './phrases.ts';
import { isScore, type ProofScore } from '../../shared/scores.ts';
import { quotedText, type ProofLine, type Step } from './proofs.ts';

/**
 * A verdict on a line: `wrong` costs all, `skips` half, `?` is a remark that does not touch the score (real only where
 * the operation is trivial), `ok` claims nothing.
 */
export const VERDICTS = ['ok', 'wrong', 'skips', '?'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Stands where the proof has no line for an operation. */
export const MISSING = 'none';
/** Label of the line that reports a line which is no part of a proof of this problem, quoting it whole. */
export const EXTRA = 'extra';

/** One line of an analysis, as it was written. */
export interface AnalysisLine {
  /** First label, or `extra`. */
  readonly label: string;
  /** The problem's operations, recomputed: `L2 6 * 3 = 7`, each with its intermediate value. */
  readonly expected: string;
  /** The proof's line, quoted without its first label: `6 * 3 = 7`; a foreign line whole. */
  readonly quoted: string;
  readonly verdict: Verdict;
}

export interface AnalysisReading {
  readonly lines: readonly AnalysisLine[];
  /** Lines between the key phrases that are not of the form. */
  readonly malformedLines: number;
  /** The score in the box; absent when it is not one. */
  readonly score?: ProofScore;
}

export function expectedText(expected: Step['expected']): string {
  return expected
    .map(({ label, from, operation, result }) => `${label} ${from} ${textOf(operation)} = ${result}`)
    .join(' ');
}

/** The same without the intermediate values: how the weak setting writes a merged line, `L1 8 - 2 L2 * 3 = 7`. */
export function briefText(expected: Step['expected']): string {
  return expectedText(expected).replaceAll(/ = \d+ (L\d) \d+/g, ' $1');
}

export function quotationOf(line: ProofLine | undefined): string {
  return line === undefined ? MISSING : quotedText(line);
}

function analysisLineText({ label, expected, quoted, verdict }: AnalysisLine): string {
  return label === EXTRA ? `${EXTRA} , ${quoted} ${verdict}` : `${expected} , ${quoted} ${verdict}`;
}

export function analysisText(lines: readonly AnalysisLine[], score: ProofScore): string {
  return [
    EVALUATION_OPENING,
    ...lines.map(analysisLineText),
    `${EVALUATION_CLOSING} ${BOX_OPENING}${score}${BOX_CLOSING}`,
  ].join('\n');
}

/** The score that verdicts lead to: any `wrong` 0, else any `skips` 0.5, else 1. */
export function scoreOfVerdicts(verdicts: readonly Verdict[]): ProofScore {
  if (verdicts.includes('wrong')) return 0;
  return verdicts.includes('skips') ? 0.5 : 1;
}

/**
 * Reads an analysis: the lines between its opening and its last closing phrase, and the box behind. Total, linear in
 * the text's length.
 */
export function readAnalysis(text: string): AnalysisReading {
  const closing = text.lastIndexOf(EVALUATION_CLOSING);
  const opening = text.indexOf(EVALUATION_OPENING);
  const body = text.slice(opening < 0 ? 0 : opening + EVALUATION_OPENING.length, closing < 0 ? undefined : closing);
  const lines: AnalysisLine[] = [];
  let malformedLines = 0;
  for (const line of body.split('\n')) {
    if (line.trim() === '') continue;
    const read = analysisLineOf(line);
    if (read === undefined) malformedLines += 1;
    else lines.push(read);
  }
  const score = closing < 0 ? undefined : boxedScore(text.slice(closing + EVALUATION_CLOSING.length));
  return { lines, malformedLines, ...(score === undefined ? {} : { score }) };
}

function boxedScore(text: string): ProofScore | undefined {
  const start = text.indexOf(BOX_OPENING);
  const end = start < 0 ? -1 : text.indexOf(BOX_CLOSING, start);
  const score = end < 0 ? Number.NaN : Number(text.slice(start + BOX_OPENING.length, end).trim() || 'none');
  return isScore(score) ? score : undefined;
}

function analysisLineOf(text: string): AnalysisLine | undefined {
  const words = text.trim().split(/\s+/, MAX_LINE_WORDS);
  const verdict = VERDICTS.find((known) => known === words.at(-1));
  const label = words[0] ?? '';
  if (verdict === undefined) return undefined;
  const comma = words.indexOf(',');
  const quoted = words.slice(comma + 1, -1).join(' ');
  if (label === EXTRA) return comma === 1 ? { label, expected: '', quoted, verdict } : undefined;
  return comma < 0 || !/^L[1-9]$/.test(label)
    ? undefined
    : { label, expected: words.slice(0, comma).join(' '), quoted, verdict };
}

/** Twice the words of a line on a whole chain of 8; whatever is longer is cut, and so malformed. */
const MAX_LINE_WORDS = 160;
