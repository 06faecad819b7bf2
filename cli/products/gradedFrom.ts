import { existsSync } from 'node:fs';
import path from 'node:path';
import { GRADED_ROWS, type GradedTarget } from '../../activities/imports/graded/fields.ts';
import { importGraded } from '../../activities/imports/graded/graded.ts';
import { markFormat } from '../../activities/store/format.ts';
import { whole } from '../../reports/pages/format.ts';
import type { EvaluateInput } from '../../shared/products/evaluationInput.ts';
import { store } from '../../workers/store.ts';
import { fieldsFrom } from '../team/fieldOption.ts';
import { UsageError } from '../usage.ts';

/** Options that say what grades mean. */
export interface GradedOptions {
  readonly grader?: string;
  readonly grades?: string;
  readonly format?: string;
  readonly problems?: string;
  readonly half?: string;
  readonly field: readonly string[];
}

/** Of each kind of rows that were left out, so many are shown. */
const NAMED = 3;
export const GRADED_TARGETS = (Object.keys(GRADED_ROWS.proofs.names) as GradedTarget[]).filter(
  (target) => GRADED_ROWS.proofs.names[target].length > 0,
);

/** A graded set, taken into the store, with what it says of itself; one that lies there stays as it is. */
export async function gradedFrom(
  files: readonly string[],
  options: GradedOptions,
  say: (line: string) => void,
): Promise<Pick<EvaluateInput, 'proofs' | 'truth'>> {
  const { grader, grades, format, problems, field } = options;
  const half = halfFrom(options.half);
  await markFormat(store);
  const [first = ''] = files;
  const isStored = !existsSync(first) && (await store.stat(first).catch(() => undefined)) !== undefined;
  if (isStored && files.length === 1)
    return { proofs: first, ...(half !== undefined && { truth: { isBinary: true, half } }) };
  const brought = await importGraded(store, 'proofs', files, {
    ...(grader !== undefined && { grader }),
    ...(grades !== undefined && { grades }),
    ...(format !== undefined && { format }),
    ...(problems !== undefined && { problems }),
    fields: fieldsFrom(field, GRADED_TARGETS),
  }).catch((error: Error) => {
    throw new UsageError(error.message, { cause: error });
  });
  const { uri, count, form, scale, isBinary, dropped, notes, from } = brought;
  say(`${whole(count)} graded proofs${form === undefined ? '' : ` (${form})`}; grades: ${scale}`);
  const kinds = [...new Set(dropped.map(({ kind }) => kind))];
  const leftOut = kinds.map((kind) => [kind, dropped.filter((each) => each.kind === kind)] as const);
  for (const [kind, rows] of leftOut)
    say(
      `Left out, ${kind}: ${whole(rows.length)}, such as ` +
        rows
          .slice(0, NAMED)
          .map(({ where, why }) => `${where} (${why})`)
          .join(', '),
    );
  for (const note of notes) say(`Note: ${note}`);
  if (half !== undefined && !isBinary)
    throw new UsageError(`Expected no --half where grades may be 0.5 (${scale}), got ${half}`);
  const set = from.map(({ file }) => path.basename(file)).join(', ');
  return {
    proofs: uri,
    truth: {
      by: brought.grader,
      set: form === undefined ? set : `${set} (${form})`,
      scale,
      isBinary,
      ...(half !== undefined && { half }),
      ...(dropped.length > 0 && { leftOut: Object.fromEntries(leftOut.map(([kind, rows]) => [kind, rows.length])) }),
    },
  };
}

function halfFrom(text: string | undefined): 0 | 1 | undefined {
  if (text === undefined) return undefined;
  if (text === '0' || text === '1') return text === '0' ? 0 : 1;
  throw new UsageError(`Expected --half to be 0 or 1, got ${JSON.stringify(text)}`);
}
