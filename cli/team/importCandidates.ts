import type { Command } from 'commander';
import { CANDIDATE_TARGETS, importCandidates } from '../../activities/imports/candidates.ts';
import { store } from '../../workers/store.ts';
import { wholeFrom } from '../usage.ts';
import { fieldsFrom, withFields } from './fieldOption.ts';
import { candidateLines } from './importView.ts';

interface CandidateCommand {
  readonly problems?: string;
  readonly field: readonly string[];
  readonly longest?: string;
  readonly json?: boolean;
}

/** @param brought carries the import out: what it throws is told as bad usage. */
export function registerCandidates(command: Command, brought: <T>(work: () => Promise<T>) => Promise<T>): void {
  withFields(command.command('candidates'), CANDIDATE_TARGETS)
    .summary('put proofs that nobody has graded into the store, to be labelled')
    .description(
      'Reads JSON, JSONL, CSV, TSV or Parquet, packed by gzip or not, or what a `flywheel solve` came to. A row has ' +
        'a problem (its\nstatement, or an id) and a proof. Says what it took, and what it left out and why. ' +
        '`flywheel label` does it by itself; a\nlabel that is started from the Web UI needs it.',
    )
    .argument('<files...>', 'of proofs; several are the parts of one set')
    .option('--problems <file>', 'with the problems that rows name by id: yours, or imports/problems/… of the store')
    .option('--longest <characters>', 'leaves longer proofs out (default: 400000)')
    .option('--json', 'print one JSON object')
    .action((files: readonly string[], options: CandidateCommand) => brought(() => bring(files, options)));
}

async function bring(files: readonly string[], options: CandidateCommand): Promise<void> {
  const { problems, field, longest, json } = options;
  const brought = await importCandidates(store, files, {
    fields: fieldsFrom(field, CANDIDATE_TARGETS),
    ...(problems !== undefined && { problems }),
    ...(longest !== undefined && { longest: wholeFrom('--longest', longest, 1) }),
  });
  console.log(json ? JSON.stringify(brought) : candidateLines(brought).join('\n'));
}
