import type { Outcome } from './outcomes.ts';
import type { Task } from './records.ts';
import type { Score } from './scores.ts';

/**
 * Reads a model's answer by the formats of the paper (A.1–A.3; docs/method.md, "Scores and formats" and "Parsing").
 * Every function is total and takes time linear in its text: answers come from models in training, which try all.
 *
 * Tolerated in a title or key phrase: letter case, any white space between words, Markdown emphasis around it,
 * typographic quotes, and the released prompt's "overal". Not tolerated: other words, other numbers, other brackets.
 */

/** Revisions a refine-trajectory may have after its draft. No value in the paper; ours. */
const DEFAULT_MAX_REVISIONS = 2;

export type ParsedAnswer =
  | {
      readonly kind: 'wellFormed';
      readonly text: string;
      /** The boxed score, for tasks that give one (for `selfVerify` and `selfRefine` the self-score). */
      readonly score?: Score;
      /** For tasks that write a proof. */
      readonly proof?: string;
      readonly selfAnalysis?: string;
    }
  | { readonly kind: 'malformed'; readonly text: string; readonly reason: string };

// No quantifier below can match the same characters as its neighbour, so none of them backtracks more than its own run
// of white space.
const TITLES = /(?<!#)##[\s*_]*(?:(solution)|self[\s-]+evaluation)\b[*_]*[^\S\n]*:?[*_]*/gi;
const EVALUATION_OPENING = /here\s+is\s+my\s+evaluation\s+of\s+the\s+solution[\s*_]*:/gi;
const EVALUATION_CLOSING = /based\s+on\s+my\s+evaluation\s*,\s*the\s+final\s+overall?\s+score\s+should\s+be[\s*_]*:/gi;
const META_OPENING = /here\s+is\s+my\s+analysis\s+of\s+the[\s"'“”‘’*_]+solution\s+evaluation[\s"'“”‘’*_]*:/gi;
const META_CLOSING =
  /based\s+on\s+my\s+analysis\s*,\s*i\s+will\s+rate\s+the[\s"'“”‘’*_]+solution\s+evaluation[\s"'“”‘’*_]*as[\s*_]*:/gi;
const BOX = /\\boxed(?![a-z])/gi;
const SCORE_BOX = /\\boxed\s*\{\s*(0\.5|0\.0|1\.0|0|1)\s*\}/gi;

/**
 * What an answer, without the thinking before it (shared/thinking.ts), says, or why it breaks its task's format. Never
 * throws.
 * - `prove`, `refine`: the proof is all that follows the first `## Solution`; later titles are part of it, so that
 * nothing hides from a judge.
 * - `selfVerify`: the proof ends at the last `## Self Evaluation` that an opening phrase follows; from there on it is a
 * verdict in the verifier's format, which may quote that title before its closing phrase.
 * - `selfRefine`: the two sections alternate, at most `maxRevisions + 1` times, each evaluation in format; the last
 * pair counts.
 * - `verify`, `metaVerify`: the opening phrase, and after the last closing phrase exactly one box, with 0, 0.5 or 1.
 */
export function parseAnswer(task: Task, answer: string, maxRevisions: number = DEFAULT_MAX_REVISIONS): ParsedAnswer {
  const text = answer.trim();
  if (text === '') return malformed(text, 'empty answer');
  return READERS[task](text, maxRevisions);
}

const READERS: Readonly<Record<Task, (text: string, maxRevisions: number) => ParsedAnswer>> = {
  prove: readProof,
  refine: readProof,
  selfVerify: readSelfVerified,
  selfRefine: readTrajectory,
  verify: (text) => readAnalysis(text, 'verify'),
  metaVerify: (text) => readAnalysis(text, 'metaVerify'),
};

const EVALUATION = [
  'Here is my evaluation of the solution:',
  'Based on my evaluation, the final overall score should be:',
  '\\boxed{',
] as const;
const SELF_VERIFIED = ['## Solution', '## Self Evaluation', ...EVALUATION] as const;

/** What an answer to a task is read by, as a prompt should show it. */
export const FORMATS = {
  prove: ['## Solution'],
  refine: ['## Solution'],
  selfVerify: SELF_VERIFIED,
  selfRefine: SELF_VERIFIED,
  verify: EVALUATION,
  metaVerify: [
    'Here is my analysis of the "solution evaluation":',
    'Based on my analysis, I will rate the "solution evaluation" as:',
    '\\boxed{',
  ],
} as const satisfies Readonly<Record<Task, readonly string[]>>;

/** The same of an outcome, by the settings that its call was read by. */
export function answerIn({
  task,
  text = '',
  maxRevisions,
}: Pick<Outcome, 'task' | 'text' | 'maxRevisions'>): ParsedAnswer {
  return parseAnswer(task, text, maxRevisions);
}

/** R_format (paper 2.1): 1 when the answer has its task's format. A truncated answer has not, whatever its text. */
export function formatReward(answer: ParsedAnswer, truncated = false): 0 | 1 {
  return answer.kind === 'wellFormed' && !truncated ? 1 : 0;
}

function malformed(text: string, reason: string): ParsedAnswer {
  return { kind: 'malformed', text, reason };
}

function readAnalysis(text: string, format: 'verify' | 'metaVerify'): ParsedAnswer {
  const verdict = readVerdict(text, format);
  return typeof verdict === 'string' ? malformed(text, verdict) : { kind: 'wellFormed', text, score: verdict };
}

/** The verdict, or why there is none. */
function readVerdict(text: string, format: 'verify' | 'metaVerify'): Score | string {
  const [opening, closing] =
    format === 'verify' ? [EVALUATION_OPENING, EVALUATION_CLOSING] : [META_OPENING, META_CLOSING];
  if (text.search(opening) < 0) return 'no opening phrase';
  const closed = lastMatch(text, closing);
  if (closed === undefined) return 'no closing phrase';
  const verdict = text.slice(closed.index + closed[0].length);
  const boxes = count(verdict, BOX);
  if (boxes !== 1) return `${boxes} boxes after the closing phrase, expected 1`;
  const box = verdict.matchAll(SCORE_BOX).next().value;
  return box === undefined ? 'the box does not hold 0, 0.5 or 1' : (Number(box[1]) as Score);
}

/** What an analysis says between its key phrases; where one is missing, from its beginning, or to its end. */
export function evaluationIn(analysis: string): string {
  const opened = analysis.matchAll(EVALUATION_OPENING).next().value;
  const closed = lastMatch(analysis, EVALUATION_CLOSING);
  const start = opened === undefined ? 0 : opened.index + opened[0].length;
  return analysis.slice(start, closed !== undefined && closed.index > start ? closed.index : undefined).trim();
}

interface Section {
  readonly title: 'solution' | 'selfEvaluation';
  readonly start: number;
  /** Where the text under the title begins. */
  readonly body: number;
}

function sectionsOf(text: string): Section[] {
  return Array.from(text.matchAll(TITLES), sectionAt);
}

function sectionAt(match: RegExpExecArray): Section {
  const { index } = match;
  return { title: match[1] === undefined ? 'selfEvaluation' : 'solution', start: index, body: index + match[0].length };
}

/** Reads no further than to it. */
function firstSolution(text: string): Section | undefined {
  for (const match of text.matchAll(TITLES)) if (match[1] !== undefined) return sectionAt(match);
  return undefined;
}

function readProof(text: string): ParsedAnswer {
  const solution = firstSolution(text);
  if (solution === undefined) return malformed(text, 'no "## Solution" section');
  const proof = text.slice(solution.body).trim();
  return proof === '' ? malformed(text, 'empty "## Solution" section') : { kind: 'wellFormed', text, proof };
}

function readSelfVerified(text: string): ParsedAnswer {
  const sections = sectionsOf(text);
  const solution = sections.find(({ title }) => title === 'solution');
  if (solution === undefined) return malformed(text, 'no "## Solution" section');
  const evaluations = sections.filter(({ title, start }) => title === 'selfEvaluation' && start > solution.start);
  const last = evaluations.at(-1);
  if (last === undefined) return malformed(text, 'no "## Self Evaluation" section after the solution');
  const [opened, closed] = [EVALUATION_OPENING, EVALUATION_CLOSING].map((mark) => lastMatch(text, mark)?.index ?? 0);
  const own = evaluations.findLast(({ start }) => start < (opened as number));
  // A title after the closing phrase begins another evaluation: it is no quotation.
  const evaluation = own !== undefined && last.start < (closed as number) ? own : last;
  return readPair(text, text.slice(solution.body, evaluation.start), text.slice(evaluation.body));
}

function readTrajectory(text: string, maxRevisions: number): ParsedAnswer {
  const sections = sectionsOf(text);
  if (sections.length === 0) return malformed(text, 'no "## Solution" section');
  const alternating =
    sections.length % 2 === 0 &&
    sections.every(({ title }, index) => title === (index % 2 === 0 ? 'solution' : 'selfEvaluation'));
  if (!alternating) return malformed(text, '"## Solution" and "## Self Evaluation" do not alternate');
  const revisions = sections.length / 2 - 1;
  if (revisions > maxRevisions) return malformed(text, `${revisions} revisions, at most ${maxRevisions}`);
  let last: ParsedAnswer = malformed(text, 'empty answer');
  for (let index = 0; index < sections.length; index += 2) {
    const [solution, evaluation, next] = sections.slice(index, index + 3) as [Section, Section, Section | undefined];
    last = readPair(text, text.slice(solution.body, evaluation.start), text.slice(evaluation.body, next?.start));
    if (last.kind === 'malformed') return last;
  }
  return last;
}

function readPair(text: string, solution: string, evaluation: string): ParsedAnswer {
  const proof = solution.trim();
  if (proof === '') return malformed(text, 'empty "## Solution" section');
  const verdict = readVerdict(evaluation, 'verify');
  if (typeof verdict === 'string') return malformed(text, `self evaluation: ${verdict}`);
  return { kind: 'wellFormed', text, proof, selfAnalysis: evaluation.trim(), score: verdict };
}

/**
 * Whether a text carries marks of a verdict that are not its own: section titles, key phrases, boxes that hold a score.
 * A proof has none of its own (a box around a proof's result, such as `\boxed{42}`, is none); an analysis has one
 * opening, one closing and one box. Such text is quoted as data and counted; it never decides the parse of another
 * text.
 */
export function imitatesVerdict(text: string, of: 'proof' | 'analysis' | 'metaAnalysis' = 'proof'): boolean {
  return exceeds(text, OWN_MARKS[of]);
}

/** The same for a whole answer: for its proof and its analysis, or, when it is malformed, for its text. */
export function answerImitatesVerdict(task: Task, answer: ParsedAnswer): boolean {
  if (task === 'verify') return imitatesVerdict(answer.text, 'analysis');
  if (task === 'metaVerify') return imitatesVerdict(answer.text, 'metaAnalysis');
  if (answer.kind === 'wellFormed') {
    return imitatesVerdict(answer.proof ?? '') || imitatesVerdict(answer.selfAnalysis ?? '', 'analysis');
  }
  if (task === 'prove' || task === 'refine') return exceeds(answer.text, { solutions: 1 });
  return exceeds(answer.text, OWN_MARKS.selfVerified, task === 'selfRefine' ? DEFAULT_MAX_REVISIONS + 1 : 1);
}

type Marks = ReturnType<typeof marksOf>;

/** Those that a text has of its own; none of the others. */
const OWN_MARKS = {
  proof: {},
  analysis: { openings: 1, closings: 1, scoreBoxes: 1 },
  metaAnalysis: { metaOpenings: 1, metaClosings: 1, scoreBoxes: 1 },
  selfVerified: { solutions: 1, selfEvaluations: 1, openings: 1, closings: 1, scoreBoxes: 1 },
} as const satisfies Record<string, Partial<Marks>>;

function marksOf(text: string) {
  const sections = text.includes('##') ? sectionsOf(text) : [];
  const solutions = sections.filter(({ title }) => title === 'solution').length;
  // All phrases have this word; a long proof that has it nowhere is not searched for each of them.
  const phrases = /evaluation/i.test(text) ? text : '';
  return {
    solutions,
    selfEvaluations: sections.length - solutions,
    openings: count(phrases, EVALUATION_OPENING),
    closings: count(phrases, EVALUATION_CLOSING),
    metaOpenings: count(phrases, META_OPENING),
    metaClosings: count(phrases, META_CLOSING),
    scoreBoxes: /\\boxed/i.test(text) ? count(text, SCORE_BOX) : 0,
  };
}

function exceeds(text: string, own: Partial<Marks>, times = 1): boolean {
  return Object.entries(marksOf(text)).some(([mark, found]) => found > (own[mark as keyof Marks] ?? 0) * times);
}

function lastMatch(text: string, pattern: RegExp): RegExpExecArray | undefined {
  let last: RegExpExecArray | undefined;
  for (const match of text.matchAll(pattern)) last = match;
  return last;
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
