import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { importModel } from '../../activities/imports/bases.ts';
import { aboutModel } from '../../activities/imports/aboutModel.ts';
import { TARGETS } from '../../activities/imports/fields.ts';
import { importProblems } from '../../activities/imports/problems.ts';
import { baseFacts } from '../../activities/laps/baseFacts.ts';
import { isPassing } from '../../activities/laps/open.ts';
import { importEndpoints } from '../../activities/serving/endpoints.ts';
import { FileStore } from '../../activities/store/files.ts';
import { markFormat } from '../../activities/store/format.ts';
import { prefixOf } from '../../shared/ids.ts';
import type { Problem } from '../../shared/records.ts';
import { config } from '../../temporal.config.ts';
import { configuredBases } from '../../workers/configured.ts';
import { store } from '../../workers/store.ts';
import { UsageError, wholeFrom } from '../usage.ts';
import { fieldsFrom, withFields } from './fieldOption.ts';
import { registerCandidates } from './importCandidates.ts';
import { registerGraded } from './importGraded.ts';
import { nearEqualAmong, nearEqualLines } from './nearEqual.ts';
import { endpointLines, modelLines, problemLines } from './importView.ts';

interface Json {
  readonly json?: boolean;
}

interface ProblemOptions extends Json {
  readonly as?: string;
  readonly field: readonly string[];
  readonly to?: string;
  readonly longest?: string;
}

export function registerImport(program: Command): void {
  const command = program
    .command('import')
    .summary('take problems, graded proofs and analyses, a model or endpoints of your own in');
  withFields(command.command('problems'))
    .summary('put a file of problems into the store')
    .description(
      'Reads JSON, JSONL, CSV (its first line names the columns), TSV or Parquet, packed by gzip or not, finds ' +
        'the fields of\ncommon names, and puts the problems into the store under their digest. Says what it took, ' +
        'and what it left out and why.\nThe same file twice is the same problems.',
    )
    .argument('<files...>', 'of problems; several are the parts of one set')
    .option('--as <name>', "what problems without a source or an id are called after (default: the file's name)")
    .option('--longest <characters>', 'leaves longer statements out (default: 100000)')
    .option('--to <file>', 'writes them beside, too, as a file that `domain.settings.path` may name')
    .option('--json', 'print one JSON object')
    .action(bringProblems);
  for (const register of [registerGraded, registerCandidates])
    register(command, async (work) => {
      await markFormat(store);
      return orUsageError(work);
    });
  command
    .command('base')
    .summary('put a model into the store')
    .description(
      'Checks a model as a lap would, and puts it into the store under its digest: a folder in Hugging Face ' +
        'format, or a model\nof a hub, hf:org/name@revision. Says what its files tell of it.',
    )
    .argument('<model>', 'a folder, or hf:org/name@revision')
    .option('--json', 'print one JSON object')
    .action(bringBase);
  command
    .command('endpoints')
    .summary('name servers that others run')
    .description(
      'Takes a list of endpoints (JSON, comments allowed) into those of this installation; one of an address that ' +
        'is there\ntakes its place. Laps of the engine external ask them at once. A key stays in the environment: ' +
        'apiKeyEnv names its\nvariable.',
    )
    .argument('<file>', 'such as [{"baseUrl": "http://gpu-1:8000/v1"}]')
    .option('--json', 'print one JSON object')
    .action(bringEndpoints);
}

async function bringProblems(files: readonly string[], options: ProblemOptions): Promise<void> {
  const { as: name, field, to, longest, json } = options;
  const fields = fieldsFrom(field, TARGETS);
  const most = longest === undefined ? undefined : wholeFrom('--longest', longest, 1);
  if (to !== undefined && existsSync(to))
    throw new UsageError(`Expected --to to name a new file, got ${to}, which is there: remove it, or name another`);
  await markFormat(store);
  const brought = await orUsageError(() =>
    importProblems(store, files, {
      fields,
      ...(name !== undefined && { name }),
      ...(most !== undefined && { maxStatementCharacters: most }),
    }),
  );
  if (to !== undefined) await new FileStore(path.dirname(to)).write(path.basename(to), store.read(brought.uri));
  const { uri, sha256, count: rows } = brought;
  const nearEqual = await nearEqualAmong(await store.readRows<Problem>({ uri, sha256, rows }));
  const { pairs: _, ...counts } = nearEqual;
  if (json) console.log(JSON.stringify({ ...brought, nearEqual: counts }));
  else console.log(problemLines(brought, nearEqualLines(nearEqual), to).join('\n'));
}

async function bringBase(named: string, { json }: Json): Promise<void> {
  await markFormat(store);
  const { checkpoint, name } = await orUsageError(() => importModel(store, configuredBases(), named));
  const folder = { files: store, prefix: prefixOf(checkpoint.uri), sha256: checkpoint.sha256 };
  const facts = { ...(await baseFacts(folder)), ...(await aboutModel(folder)) };
  console.log(json ? JSON.stringify({ ...checkpoint, base: name, ...facts }) : modelLines(name, facts).join('\n'));
}

async function bringEndpoints(file: string, { json }: Json): Promise<void> {
  const { endpoints: setting, endpointsFile } = config.inference;
  const brought = await orUsageError(() => importEndpoints(file, endpointsFile));
  if (setting !== undefined)
    console.error('Warning: FLYWHEEL_ENDPOINTS is set, and wins over what was imported: unset it to use these');
  console.log(json ? JSON.stringify(brought) : endpointLines(brought).join('\n'));
}

async function orUsageError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isPassing(error)) throw error;
    throw new UsageError((error as Error).message, { cause: error });
  }
}
