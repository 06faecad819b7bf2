import type { SourceRow } from '../../imports/source.ts';
import { isRecord, show } from '../../../shared/recipe/issues.ts';
import { reviewIdOf } from '../../../shared/ids.ts';
import { readFlag, readVerdict, type FlagMessage, type VerdictMessage } from '../../../shared/review/messages.ts';

/** A verdict that was given elsewhere, and the question it is about; or why a row is none. */
export type Brought = { readonly where: string } & (
  | Saying
  /** A row of something else that such files have. */
  | { readonly kind: 'passedOver'; readonly why: string }
  | { readonly kind: 'unreadable'; readonly why: string }
);

export type Saying = { readonly workflowId: string } & (
  | { readonly kind: 'verdict' | 'adjudication'; readonly sent: VerdictMessage & { readonly annotator: string } }
  | { readonly kind: 'flag'; readonly sent: FlagMessage }
);

/**
 * A row of our own form, as `flywheel verdicts export` writes it, or as short as `{"question": "…", "annotator": "…",
 * "score": 1}`. What its message may say is the review's to tell; only its form is looked at here.
 */
export function ownRow({ where, row }: SourceRow): Brought {
  const workflowId = textIn(row, 'question') ?? questionIn(row);
  if (workflowId === undefined)
    return {
      where,
      kind: 'unreadable',
      why: `expected "question", a review's id such as main/lap-0001/label/experts/p7, got ${show(row['question'])}`,
    };
  const entry = textIn(row, 'entry') ?? 'verdict';
  if (['givenBack', 'withdrawn', 'result'].includes(entry))
    return { where, kind: 'passedOver', why: `rows of ${entry} are not given anew` };
  if (entry === 'flag') {
    const read = readFlag(without(row, ['annotator', 'reason']));
    return read.kind === 'read'
      ? { where, workflowId, kind: 'flag', sent: read.value }
      : { where, kind: 'unreadable', why: read.reason };
  }
  if (!['verdict', 'assisted', 'adjudication'].includes(entry))
    return {
      where,
      kind: 'unreadable',
      why: `expected entry to be verdict, assisted, adjudication or flag, got ${show(entry)}`,
    };
  const sent = {
    ...without(row, ['annotator', 'score', 'source', 'uncertain', 'comment']),
    ...optional('verdictId', row['verdict_id'] ?? row['verdictId']),
    ...optional('assisted', entry === 'assisted' || row['assisted'] === true || undefined),
    ...optional('lines', listIn(row['lines'])),
    ...optional('analyses', listIn(row['analyses'])),
  };
  return sayingOf({ where, workflowId, kind: entry === 'adjudication' ? entry : 'verdict' }, sent);
}

/** Checked by the guard that the review itself has. */
export function sayingOf(
  of: { readonly where: string; readonly workflowId: string; readonly kind: 'verdict' | 'adjudication' },
  sent: object,
): Brought {
  const read = readVerdict(sent);
  if (read.kind === 'refused') return { where: of.where, kind: 'unreadable', why: read.reason };
  return { ...of, sent: sent as VerdictMessage };
}

/** The set and the row, where they stand apart. */
function questionIn(row: SourceRow['row']): string | undefined {
  const [set, id] = [textIn(row, 'set'), textIn(row, 'row')];
  return set === undefined || id === undefined ? undefined : reviewIdOf(set, id);
}

function textIn(row: SourceRow['row'], name: string): string | undefined {
  const value = row[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Those of these fields that say something. */
function without(row: SourceRow['row'], names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.flatMap((name) => Object.entries(optional(name, row[name]))));
}

const optional = (name: string, value: unknown): Record<string, unknown> =>
  value === undefined || value === null ? {} : { [name]: value };

/** Tables keep lists as JSON. */
function listIn(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** Whether rows are those of Label Studio's JSON export. */
export const isLabelStudio = ({ row }: SourceRow): boolean =>
  Array.isArray(row['annotations']) && isRecord(row['data']);
