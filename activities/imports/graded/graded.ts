import { existsSync } from 'node:fs';
import path from 'node:path';
import { uri } from '../../../shared/ids.ts';
import type { ArtifactRef, Problem } from '../../../shared/records.ts';
import { scaleFrom, type GradeScale } from '../../../shared/review/grades.ts';
import { SCORES } from '../../../shared/scores.ts';
import { refusalOfText } from '../../../shared/texts.ts';
import type { ArtifactStore } from '../../store/types.ts';
import { chooseFieldsOf, type ChosenFields } from '../fields.ts';
import { keepLines, takeFiles } from '../files.ts';
import { readProblemFiles } from '../problems.ts';
import type { Dropped } from '../reader.ts';
import type { Format } from '../rows.ts';
import type { SourceRow } from '../source.ts';
import { valueAt } from '../values.ts';
import { flatRow, GRADED_ROWS, type GradedKind, type GradedTarget } from './fields.ts';
import { formOf } from './forms.ts';
import { GradedReader, LONGEST_GRADER, type GradedOptions, type GradedRow } from './reader.ts';

/** What a graded set became: an artifact that `given` and `experts.gold` of a recipe may name. */
export interface ImportedGrades extends ArtifactRef {
  readonly kind: GradedKind;
  readonly count: number;
  /** Different ones. */
  readonly problems: number;
  readonly grader: string;
  /** Of which public set it is, where it is one. */
  readonly form?: string;
  /** In words. */
  readonly scale: string;
  /** Whether it knows right and wrong alone. */
  readonly isBinary: boolean;
  readonly byScore: Readonly<Record<string, number>>;
  readonly took: ChosenFields<GradedTarget> & { readonly formats: readonly Format[]; readonly isGzipped: boolean };
  readonly dropped: readonly Dropped<string>[];
  readonly notes: readonly string[];
  readonly from: readonly { readonly file: string; readonly sha256: string }[];
}

/**
 * Takes a graded set, of whatever form, into the store: rows of D_v or D_mv but for the lap that will add them. Of a
 * proof that stands there twice one is taken; where its grades differ, none.
 * @throws naming what is wrong and where; then nothing was taken in.
 */
export async function importGraded(
  store: ArtifactStore,
  kind: GradedKind,
  files: readonly string[],
  options: GradedOptions,
): Promise<ImportedGrades> {
  const { grader } = options;
  if (grader !== undefined && (grader.trim() === '' || grader.length > LONGEST_GRADER || refusalOfText(grader)))
    throw new Error(`--grader: expected who graded, a name of 1 to ${LONGEST_GRADER} characters, got ${grader}`);
  const [scale, analysisScale] = [scaleAsked('--grades', options.grades), scaleAsked('--scores', options.scores)];
  const known =
    options.problems === undefined ? [] : (await readProblemFiles([await here(store, options.problems)])).lines;
  const problems = known.map((line) => JSON.parse(line) as Problem);
  const what = `graded ${kind}`;
  const opened = await Promise.all(files.map((file) => here(store, file)));
  const { begun, formats, isGzipped } = await takeFiles(
    await Promise.all(files.map((file) => here(store, file))),
    what,
    (first, file, name) => {
      const rows = first.map((row) => flatRow({ where: '', row }).row);
      const form = kind === 'proofs' ? formOf(rows, file, options.format) : undefined;
      const known = Object.entries(form?.fields ?? {}).filter(([, field]) =>
        rows.some((row) => valueAt(row, field) != null),
      );
      const fields = { ...Object.fromEntries(known), ...options.fields };
      const chosen = chooseFieldsOf(GRADED_ROWS[kind], rows, fields, file);
      if (chosen.fields.statement === undefined && problems.length === 0)
        throw new Error(
          `${file}: expected a field with the problems' statements, or --problems with the file of the problems that ` +
            `its rows name by id, got ${chosen.left.join(', ') || 'neither'}`,
        );
      const reader = new GradedReader(kind, chosen.fields, problems, name, options, form);
      return { chosen, reader, form, take: (row: SourceRow) => reader.take(flatRow(row)) };
    },
  );
  const { chosen, reader, form } = begun;
  const { rows, dropped, says, isBinary } = reader.scored(scale, analysisScale);
  if (rows.length === 0) {
    const [{ where, why } = { where: '', why: '' }] = dropped;
    throw new Error(
      `${files.join(', ')}: expected ${what}, got ${dropped.length} rows of which none can be taken, such as ` +
        `${where}: ${why}; --field says where the file has what`,
    );
  }
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
  const byScore = SCORES.map((score) => [score, rows.filter((row) => scoreIn(row) === score).length] as const);
  return {
    ...(await keepLines(store, uri.graded(kind), lines, { by: 'importGraded', files: opened })),
    kind,
    count: rows.length,
    problems: new Set(rows.map(({ problem }) => problem.statement)).size,
    grader: reader.grader || gradersIn(rows),
    ...(form && { form: form.title }),
    scale: says,
    isBinary,
    byScore: Object.fromEntries(byScore),
    took: { formats, isGzipped, ...chosen },
    dropped,
    notes: reader.notes,
  };
}

/** A file of this machine, or one of the store. */
export async function here(store: ArtifactStore, file: string): Promise<string> {
  const isStored = !path.isAbsolute(file) && !existsSync(file) && (await store.exists(file).catch(() => false));
  return isStored ? store.local(file) : file;
}

function scaleAsked(option: string, text: string | undefined): GradeScale | undefined {
  try {
    return text === undefined ? undefined : scaleFrom(text);
  } catch (error) {
    throw new Error(`${option}: ${(error as Error).message}`, { cause: error });
  }
}

/** Who graded, the most first. */
function gradersIn(rows: readonly GradedRow[]): string {
  const counts = new Map<string, number>();
  for (const { grader } of rows) counts.set(String(grader), (counts.get(String(grader)) ?? 0) + 1);
  const names = [...counts].sort(([, one], [, other]) => other - one).map(([name]) => name);
  return names.slice(0, 3).join('; ') + (names.length > 3 ? `; ${names.length - 3} others` : '');
}

const scoreIn = (row: GradedRow): unknown => row['quality'] ?? row['score'];
