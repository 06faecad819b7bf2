import { MAX_ISSUES, qualityOf, type JudgedAnalysis } from '../../../shared/review/judgedAnalyses.ts';
import { MAX_COMMENT, MAX_LINES, refused, type Read, type VerdictMessage } from '../../../shared/review/messages.ts';
import { SCORES, type Score } from '../../../shared/scores.ts';

/** Names of what forms send, beside `_csrf`. */
export const FIELDS = {
  /** "0", "0.5" or "1". */
  score: 'score',
  /** The rationale. */
  comment: 'comment',
  /** Sent where it is ticked. */
  uncertain: 'uncertain',
  /** Numbers and ranges of lines: "3, 5-7". */
  lines: 'lines',
  /** Why a question is given back, or flagged. */
  reason: 'reason',
  /** Id of the page that sends. */
  nonce: 'nonce',
  /** How many issues an analysis has. */
  issues: (analysis: number) => `issues-${analysis}`,
  /** "real" or "notReal". */
  issue: (analysis: number, issue: number) => `issue-${analysis}-${issue}`,
  /** As `score`; where it is absent, what follows from the issues. */
  quality: (analysis: number) => `quality-${analysis}`,
  override: (analysis: number) => `override-${analysis}`,
  /** Sent where the score is itself the quality of analysis 0. */
  isQuality: 'isQuality',
} as const;

export type Sent = Readonly<Record<string, string | undefined>>;
/** What a form says of a verdict; who gives it is who is signed in. */
export type VerdictFields = Omit<VerdictMessage, 'annotator'>;

/** Ours: far more than a question shows. */
const MOST_ANALYSES = 16;
const SHOWN: Readonly<Record<string, string>> = { '0': '0', '0.5': '½', '1': '1' };

class Refusal extends Error {}

/** The verdict that a form sends, or what is missing in it, for who filled it. */
export function verdictFrom(sent: unknown): Read<VerdictFields> {
  const fields = (typeof sent === 'object' && sent !== null ? sent : {}) as Sent;
  try {
    return { kind: 'read', value: verdictIn(fields) };
  } catch (error) {
    if (error instanceof Refusal) return refused(error.message);
    throw error;
  }
}

function verdictIn(fields: Sent): VerdictFields {
  const score = scoreIn(fields[FIELDS.score]);
  if (score === undefined) throw new Refusal('Expected a score, got none: choose 0, ½ or 1.');
  const comment = textIn(fields, FIELDS.comment);
  if (comment === '') throw new Refusal('Expected a rationale, got none: say in a few words why.');
  if (comment.length > MAX_COMMENT)
    throw new Refusal(`Expected a rationale of at most ${MAX_COMMENT} characters, got ${comment.length}: shorten it.`);
  const lines = linesIn(fields[FIELDS.lines] ?? '');
  if (typeof lines === 'string') throw new Refusal(lines);
  const analyses = analysesIn(fields, score);
  return {
    score,
    comment,
    ...(fields[FIELDS.uncertain] && { uncertain: true }),
    ...(lines.length > 0 && { lines }),
    ...(analyses.length > 0 && { analyses }),
  };
}

/** A text without spaces around it, its lines ended as in the store. */
function textIn(fields: Sent, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value.replaceAll(/\r\n?/g, '\n').trim() : '';
}

const scoreIn = (text: unknown): Score | undefined => SCORES.find((score) => String(score) === text);

/** Numbers of lines in "3, 5-7, line 9", each once, in order; or what is wrong with the text. */
export function linesIn(text: string): readonly number[] | string {
  const lines = new Set<number>();
  for (const part of typeof text === 'string' ? text.split(/[,;]/) : []) {
    if (part.trim() === '') continue;
    const [, from, to = from] = /^\s*(?:lines?\s*)?(\d{1,6})(?:\s*[-–]\s*(\d{1,6}))?\s*$/i.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (from === undefined || first < 1 || last < first)
      return `Expected numbers of lines such as "3, 5-7", got ${JSON.stringify(part.trim().slice(0, 40))}.`;
    if (lines.size + last - first >= MAX_LINES)
      return `Expected at most ${MAX_LINES} lines of the proof, got more: name the first line of each place.`;
    for (let line = first; line <= last; line += 1) lines.add(line);
  }
  return [...lines].sort((one, other) => one - other);
}

function analysesIn(fields: Sent, score: Score): JudgedAnalysis[] {
  const judged: JudgedAnalysis[] = [];
  for (let analysis = 0; analysis < MOST_ANALYSES; analysis += 1) {
    const count = Number(fields[FIELDS.issues(analysis)] ?? Number.NaN);
    if (!Number.isInteger(count) || count < 0 || count > MAX_ISSUES) continue;
    const one = analysisIn(fields, analysis, count, fields[FIELDS.isQuality] && analysis === 0 ? score : undefined);
    if (one !== undefined) judged.push(one);
  }
  return judged;
}

/** Undefined where nobody looked at it. */
function analysisIn(
  fields: Sent,
  analysis: number,
  count: number,
  given: Score | undefined,
): JudgedAnalysis | undefined {
  const marks = Array.from({ length: count }, (_, issue) => fields[FIELDS.issue(analysis, issue)]);
  const real = marks.flatMap((mark) => (mark === 'real' ? [true] : mark === 'notReal' ? [false] : []));
  const name = given === undefined ? `analysis ${analysis + 1}` : 'the analysis';
  const chosen = scoreIn(fields[FIELDS.quality(analysis)]);
  if (real.length === 0 && chosen === undefined) return undefined;
  if (real.length < count)
    throw new Refusal(
      `Expected each of the ${count} issues of ${name} to be real or not real, got ${real.length} of them: mark the ` +
        'others, too, or none.',
    );
  const follows = qualityOf(real);
  const quality = given ?? chosen ?? follows;
  if (quality === undefined) return undefined;
  const override = textIn(fields, FIELDS.override(analysis));
  const isOther = follows !== undefined && quality !== follows;
  if (isOther && override === '')
    throw new Refusal(
      `Expected the reason why the quality of ${name} is ${SHOWN[quality]}, got none: from its issues follows ` +
        `${SHOWN[follows]}.`,
    );
  return { analysis, real, score: quality, ...(isOther && { override }) };
}
