import type { Command } from 'commander';
import { GRADED_ROWS, type GradedKind, type GradedTarget } from '../../activities/imports/graded/fields.ts';
import { FORM_NAMES } from '../../activities/imports/graded/forms.ts';
import { importGraded } from '../../activities/imports/graded/graded.ts';
import { store } from '../../workers/store.ts';
import { wholeFrom } from '../usage.ts';
import { fieldsFrom, withFields } from './fieldOption.ts';
import { gradedLines } from './importView.ts';

interface GradedCommand {
  readonly grader: string;
  readonly grades?: string;
  readonly scores?: string;
  readonly format?: string;
  readonly problems?: string;
  readonly field: readonly string[];
  readonly longest?: string;
  readonly json?: boolean;
}

const KINDS: Readonly<Record<GradedKind, { readonly summary: string; readonly brings: string }>> = {
  proofs: {
    summary: 'put proofs that people have graded into the store',
    brings: 'A row has a problem (its statement, or an id), a proof and its grade.',
  },
  analyses: {
    summary: "put graded analyses of proofs into the store: how good each is, in people's eyes",
    brings:
      'A row has a problem, a proof, an analysis of it, the score that the analysis gives, and its quality grade.',
  },
};

/** @param brought carries the import out: what it throws is told as bad usage. */
export function registerGraded(command: Command, brought: <T>(work: () => Promise<T>) => Promise<T>): void {
  for (const kind of ['proofs', 'analyses'] as const) {
    const targets = targetsOf(kind);
    const graded = withFields(command.command(kind), targets)
      .summary(KINDS[kind].summary)
      .description(
        `Reads JSON, JSONL, CSV, TSV or Parquet, packed by gzip or not. ${KINDS[kind].brings}\nGrades become 0, 0.5 ` +
          'and 1 of the rubric: by --grades, or by a scale that leaves no doubt. Says what it took, and what it\n' +
          'left out and why. Laps start from such sets (given.proofs, given.analyses), or mix them into what people ' +
          'score (experts.gold).',
      )
      .argument('<files...>', `of graded ${kind}; several are the parts of one set`)
      .requiredOption('--grader <name>', 'who graded: kept in every row')
      .option('--grades <scale>', 'what grades mean, such as "0-1=0,2-5=0.5,6-7=1" or "correct=1,almost=0.5,wrong=0"')
      .option('--problems <file>', 'with the problems that rows name by id: yours, or imports/problems/… of the store')
      .option('--longest <characters>', 'leaves longer texts out (default: 400000)')
      .option('--json', 'print one JSON object');
    if (kind === 'proofs')
      graded.option(
        '--format <name>',
        `of a public set: ${FORM_NAMES.join(', ')}; plain for none (default: as the fields tell)`,
      );
    if (kind === 'analyses')
      graded.option('--scores <scale>', 'the same of the scores that analyses give, where their texts do not say them');
    graded.action((files: readonly string[], options: GradedCommand) => brought(() => bring(kind, files, options)));
  }
}

const targetsOf = (kind: GradedKind): readonly GradedTarget[] =>
  (Object.keys(GRADED_ROWS[kind].names) as GradedTarget[]).filter(
    (target) => GRADED_ROWS[kind].names[target].length > 0,
  );

async function bring(kind: GradedKind, files: readonly string[], options: GradedCommand): Promise<void> {
  const { grader, grades, scores, format, problems, field, longest, json } = options;
  const brought = await importGraded(store, kind, files, {
    grader,
    fields: fieldsFrom(field, targetsOf(kind)),
    ...(grades !== undefined && { grades }),
    ...(scores !== undefined && { scores }),
    ...(format !== undefined && { format }),
    ...(problems !== undefined && { problems }),
    ...(longest !== undefined && { longest: wholeFrom('--longest', longest, 1) }),
  });
  console.log(json ? JSON.stringify(brought) : gradedLines(brought).join('\n'));
}
