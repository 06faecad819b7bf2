import type { SourceRow } from '../../imports/source.ts';
import { gradeIn, type GradeScale } from '../../../shared/review/grades.ts';
import { isRecord, show } from '../../../shared/recipe/issues.ts';
import { sayingOf, type Brought } from './brought.ts';

/** A task of Label Studio's JSON export (labelstud.io/guide/export): its data, and what people annotated. */
interface Task {
  readonly id: unknown;
  readonly data: Readonly<Record<string, unknown>>;
  readonly annotations: readonly unknown[];
}

export interface LabelStudioOptions {
  /** What choices, ratings and numbers mean. */
  readonly scale: GradeScale;
  /** Annotators' ids by Label Studio's, or by e-mail. @default `label-studio/<theirs>` */
  readonly annotators: ReadonlyMap<string, string>;
  /** `from_name` of the control that has the score. @default score, else the only one that can */
  readonly scoreName?: string | undefined;
}

/** Controls that a score can be given by, and where each has it. */
const SCORING = ['choices', 'rating', 'number'] as const;

/** What each annotation of a task says. */
export function labelStudioRows({ where, row }: SourceRow, options: LabelStudioOptions): Brought[] {
  const { id, data, annotations } = row as unknown as Task;
  const workflowId = data['question'] ?? data['workflowId'];
  if (typeof workflowId !== 'string' || workflowId === '')
    return [
      {
        where,
        kind: 'unreadable',
        why: `expected data.question, as \`flywheel verdicts tasks\` writes it, got ${show(workflowId)}`,
      },
    ];
  if (annotations.length === 0) return [{ where, kind: 'passedOver', why: 'tasks without an annotation' }];
  return annotations.map((annotation, index) =>
    annotationRow(
      {
        where: `${where}, annotation ${index + 1}`,
        workflowId,
        task: typeof id === 'number' || typeof id === 'string' ? String(id) : '',
      },
      annotation,
      options,
    ),
  );
}

interface About {
  readonly where: string;
  readonly workflowId: string;
  readonly task: string;
}

function annotationRow(
  { where, workflowId, task }: About,
  annotation: unknown,
  { scale, annotators, scoreName }: LabelStudioOptions,
): Brought {
  const unreadable = (why: string): Brought => ({ where, kind: 'unreadable', why });
  if (!isRecord(annotation)) return unreadable(`expected an annotation, got ${show(annotation)}`);
  if (annotation['was_cancelled'] === true) return { where, kind: 'passedOver', why: 'annotations that were skipped' };
  const theirs = personIn(annotation['completed_by']);
  const id = annotation['id'] ?? annotation['unique_id'];
  if (theirs.length === 0) return unreadable(`expected completed_by to name somebody, got ${show(theirs)}`);
  if (typeof id !== 'number' && typeof id !== 'string')
    return unreadable(`expected the annotation to have an id, got ${show(id)}`);
  const results = gradesIn(annotation);
  const named = scoreName ?? (results.some(({ name }) => name === 'score') ? 'score' : undefined);
  const scoring = results.filter(({ name, type }) => (named === undefined ? isScoring(type) : name === named));
  const [first] = scoring;
  if (first === undefined || scoring.length > 1)
    return unreadable(
      `expected one control with a score${named === undefined ? '' : `, called ${named}`}, got ` +
        (scoring.map(({ name }) => name).join(', ') || 'none') +
        (named === undefined && scoring.length > 1 ? ': say which by --score-field' : ''),
    );
  const grade = gradeIn(first.value);
  const score = grade === undefined ? undefined : scale.scoreOf(grade);
  if (score === undefined)
    return unreadable(`expected a grade of the scale (${scale.says}), got ${show(first.value)} of ${first.name}`);
  const comment = results
    .filter(({ type }) => type === 'textarea')
    .map(({ value }) => (Array.isArray(value) ? value.join('\n') : String(value)))
    .join('\n')
    .trim();
  const own = theirs.map((one) => annotators.get(one)).find((one) => one !== undefined);
  return sayingOf(
    { where, workflowId, kind: 'verdict' },
    {
      annotator: own ?? `label-studio/${theirs[0]}`,
      score,
      // An annotation's number is one of its installation's; the task beside it tells two installations apart.
      verdictId: `label-studio/${task}/${id}`,
      ...(comment !== '' && { comment }),
    },
  );
}

/** The grades that a file's annotations have, and how often each came: by them the scale is found. */
export function countGrades({ row }: SourceRow, seen: Map<string, number>, scoreName?: string): void {
  for (const annotation of (row as unknown as Task).annotations) {
    if (!isRecord(annotation) || annotation['was_cancelled'] === true) continue;
    const results = gradesIn(annotation);
    const named = scoreName ?? (results.some(({ name }) => name === 'score') ? 'score' : undefined);
    for (const { name, type, value } of results) {
      const grade = (named === undefined ? isScoring(type) : name === named) ? gradeIn(value) : undefined;
      if (grade !== undefined) seen.set(grade, (seen.get(grade) ?? 0) + 1);
    }
  }
}

interface Result {
  readonly name: string;
  readonly type: string;
  /** What was chosen, given or written. */
  readonly value: unknown;
}

const isScoring = (type: string): boolean => SCORING.some((one) => one === type);

function gradesIn(annotation: Readonly<Record<string, unknown>>): Result[] {
  const results = Array.isArray(annotation['result']) ? (annotation['result'] as readonly unknown[]) : [];
  return results.flatMap((one) => {
    if (!isRecord(one) || !isRecord(one['value'])) return [];
    const { from_name: name, type, value } = one;
    if (typeof name !== 'string' || typeof type !== 'string') return [];
    const found = value[type === 'textarea' ? 'text' : type];
    return found === undefined ? [] : [{ name, type, value: found }];
  });
}

/** Who annotated: a number, or an object with number and e-mail. */
function personIn(value: unknown): string[] {
  if (typeof value === 'number' || (typeof value === 'string' && value !== '')) return [String(value)];
  if (!isRecord(value)) return [];
  return [value['id'], value['email']].flatMap((one) =>
    typeof one === 'number' || (typeof one === 'string' && one !== '') ? [String(one)] : [],
  );
}
