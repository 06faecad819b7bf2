import type { Column } from '../../tables/columns.ts';
import { saidId, verdictIn, type QuestionRow, type SaidRow } from '../../../shared/review/said.ts';
import type { SubjectRow } from '../subjectRows.ts';

/** Lists are kept as JSON: a table's cells are texts, numbers and truths. */
const json = (value: unknown): string | undefined => (value === undefined ? undefined : JSON.stringify(value));

/** `verdicts`: what was said, in the order of these columns. */
export const SAID_COLUMNS: readonly Column<SaidRow>[] = [
  { name: 'id', type: 'text', of: ({ id }) => id },
  { name: 'question', type: 'text', of: ({ question }) => question },
  { name: 'set', type: 'text', of: ({ setId }) => setId },
  { name: 'lap', type: 'text', of: ({ lap }) => lap },
  { name: 'kind', type: 'text', of: ({ kind }) => kind },
  { name: 'entry', type: 'text', of: ({ entry }) => entry.kind },
  { name: 'at', type: 'text', of: ({ entry }) => entry.at },
  {
    name: 'annotator',
    type: 'text',
    of: ({ entry }) => verdictIn(entry)?.annotator ?? ('annotator' in entry ? entry.annotator : undefined),
  },
  { name: 'source', type: 'text', of: ({ entry }) => verdictIn(entry)?.source },
  { name: 'score', type: 'decimal', of: ({ entry }) => scoreIn(entry) },
  { name: 'assisted', type: 'truth', of: ({ entry }) => verdictIn(entry) && entry.kind === 'assisted' },
  { name: 'uncertain', type: 'truth', of: ({ entry }) => verdictIn(entry) && verdictIn(entry)?.uncertain === true },
  { name: 'comment', type: 'text', of: ({ entry }) => verdictIn(entry)?.comment },
  { name: 'reason', type: 'text', of: ({ entry }) => reasonIn(entry) },
  { name: 'lines', type: 'text', of: ({ entry }) => json(verdictIn(entry)?.lines) },
  { name: 'analyses', type: 'text', of: ({ entry }) => json(verdictIn(entry)?.analyses) },
  { name: 'seat', type: 'whole', of: ({ entry }) => ('seat' in entry ? entry.seat : undefined) },
  { name: 'seconds', type: 'whole', of: ({ entry }) => entry.seconds },
  { name: 'verdict_id', type: 'text', of: ({ entry }) => verdictIn(entry)?.verdictId },
  {
    name: 'takes_back',
    type: 'text',
    of: ({ entry, question }) => (entry.kind === 'withdrawn' ? saidId(question, { id: entry.of }) : undefined),
  },
  { name: 'result', type: 'text', of: ({ entry }) => (entry.kind === 'result' ? entry.result.kind : undefined) },
  { name: 'taken_from', type: 'text', of: ({ entry }) => entry.takenFrom },
];

function scoreIn(entry: SaidRow['entry']): number | undefined {
  if (entry.kind === 'result') return entry.result.kind === 'scored' ? entry.result.score : undefined;
  return verdictIn(entry)?.score;
}

function reasonIn(entry: SaidRow['entry']): string | undefined {
  if (entry.kind === 'flag' || entry.kind === 'givenBack') return entry.reason;
  return entry.kind === 'result' && entry.result.kind === 'flagged' ? entry.result.reason : undefined;
}

export interface ShownQuestion extends QuestionRow {
  /** Where the texts were asked for, and are there still. */
  readonly about?: SubjectRow | undefined;
}

const QUESTIONS: readonly Column<ShownQuestion>[] = [
  { name: 'id', type: 'text', of: ({ id }) => id },
  { name: 'set', type: 'text', of: ({ setId }) => setId },
  { name: 'lap', type: 'text', of: ({ lap }) => lap },
  { name: 'kind', type: 'text', of: ({ kind }) => kind },
  { name: 'row', type: 'text', of: ({ question }) => question },
  { name: 'result', type: 'text', of: ({ result }) => result },
  { name: 'score', type: 'decimal', of: (row) => scored(row)?.score },
  { name: 'first_score', type: 'decimal', of: (row) => scored(row)?.firstScore },
  { name: 'scored_by', type: 'text', of: (row) => scored(row)?.source },
  { name: 'adjudicated', type: 'truth', of: (row) => scored(row)?.adjudicated },
  { name: 'at', type: 'text', of: ({ came }) => came?.at },
  { name: 'standing', type: 'text', of: ({ standing }) => json(standing) },
];

const TEXTS: readonly Column<ShownQuestion>[] = [
  { name: 'problem_id', type: 'text', of: ({ about }) => about?.problem.id },
  { name: 'problem', type: 'text', of: ({ about }) => about?.problem.statement },
  { name: 'topic', type: 'text', of: ({ about }) => about?.problem.topic },
  { name: 'proof', type: 'text', of: ({ about }) => about?.proof },
  { name: 'analysis', type: 'text', of: ({ about }) => about?.analysis },
];

const scored = ({ came }: ShownQuestion) => (came?.result.kind === 'scored' ? came.result : undefined);

/** `questions`: how each question stands. */
export const questionColumns = (withTexts: boolean): readonly Column<ShownQuestion>[] =>
  withTexts ? [...QUESTIONS, ...TEXTS] : QUESTIONS;
