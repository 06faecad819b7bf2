import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { rowsOf } from '../../activities/imports/rows.ts';
import { openSource, type SourceRow } from '../../activities/imports/source.ts';
import { TemporalDesk } from '../../activities/reviews/desk.ts';
import { ReviewLog } from '../../activities/reviews/log.ts';
import { bringIn, type BroughtIn } from '../../activities/reviews/records/bring.ts';
import { isLabelStudio, ownRow, type Brought } from '../../activities/reviews/records/brought.ts';
import { exportVerdicts } from '../../activities/reviews/records/export.ts';
import { countGrades, labelStudioRows } from '../../activities/reviews/records/labelStudio.ts';
import { openTasks, type LabelStudioTask } from '../../activities/reviews/records/tasks.ts';
import { whole } from '../../reports/pages/format.ts';
import { fullLapName } from '../../shared/ids.ts';
import { scaleFrom, scaleOf } from '../../shared/review/grades.ts';
import { withClient } from '../../workers/client.ts';
import { store } from '../../workers/store.ts';
import { EXIT, UsageError, wholeFrom } from '../usage.ts';

/** `flywheel verdicts`: what people said, out to other tools and in from them. */
export function registerVerdicts(program: Command): void {
  const verdicts = program.command('verdicts').summary("people's verdicts, out to other tools and in from them");

  verdicts
    .command('export')
    .summary('write all that people said as JSON lines and Parquet')
    .description(
      'Writes verdicts.jsonl and verdicts.parquet, a row for each verdict, flag, decision, seat given back, answer ' +
        'taken back\nand result, and questions.jsonl and questions.parquet, how each question stands. A row of ' +
        "verdicts never changes, and the\nsame records give the same bytes. Hugging Face's datasets reads both. The " +
        'folder may hold an earlier export.',
    )
    .argument('<folder>', 'to write to')
    .option('--lap <lap>', 'only of this lap, such as lap-0001')
    .option('--set <id>', 'only of this set, such as main/lap-0001/label/experts, or of all sets below a path')
    .option('--since <time>', 'only what was said from then on, such as 2026-05-01 or 2026-05-01T12:00Z')
    .option('--texts', 'questions with problem, proof and analysis')
    .action(exportAll);

  verdicts
    .command('import')
    .summary('take in verdicts that were given elsewhere')
    .description(
      "Reads JSON lines of our own form ({question, annotator, score, …}, as export writes them) or Label Studio's " +
        'JSON export\nof tasks that `flywheel verdicts tasks` wrote. Each row goes to its question like any other ' +
        'answer: the review refuses it or\ntakes it. What was taken before is not taken again, so after a stop the ' +
        'same command brings in the rest.',
    )
    .argument('<file>', 'JSONL, JSON or Parquet, packed by gzip or not')
    .option('--format <form>', 'jsonl or labelstudio (default: as the rows tell)')
    .option('--scores <scale>', 'what choices, ratings and numbers mean, such as "Wrong=0,Minor=0.5,Right=1"')
    .option('--score-field <name>', 'the control with the score (default: score, or the only one that can be it)')
    .option('--annotators <names>', 'who is who, such as "3=ada,emmy@example.org=emmy" (default: label-studio/3)')
    .option('--dry-run', 'send nothing; say what would be sent')
    .option('--json', 'print one JSON object')
    .action(importAll);

  verdicts
    .command('tasks')
    .summary('write the open questions for Label Studio')
    .description(
      'Writes the open questions as tasks that Label Studio imports: problem, proof and, where one is scored, the ' +
        'analysis.\nBlind: no score and no other verdict. `flywheel verdicts import` takes what it exports.',
    )
    .argument('<file>', 'a JSON file to write')
    .option('--set <id>', 'only questions of this set, or of all sets below a path')
    .option('--limit <n>', 'at most so many', '100000')
    .action(writeTasks);
}

interface ExportOptions {
  readonly lap?: string;
  readonly set?: string;
  readonly since?: string;
  readonly texts?: boolean;
}

async function exportAll(folder: string, { lap, set, since, texts = false }: ExportOptions): Promise<void> {
  if (lap !== undefined && set !== undefined) throw new UsageError('Expected --lap or --set, got both');
  const below = lap === undefined ? set : fullLapName(lap);
  if (lap !== undefined && below === undefined)
    throw new UsageError(`Expected --lap to be a lap such as lap-0001 or main/lap-0001, got ${JSON.stringify(lap)}`);
  const from = since === undefined ? undefined : new Date(since);
  if (from !== undefined && Number.isNaN(from.getTime()))
    throw new UsageError(`Expected --since to be a time such as 2026-05-01, got ${JSON.stringify(since)}`);
  const { said, questions, withoutTexts } = await exportVerdicts(store, folder, {
    below,
    since: from?.toISOString(),
    withTexts: texts,
  });
  console.log(
    `${whole(said)} rows of ${whole(questions)} questions lie in ${folder}: verdicts and questions, .jsonl and ` +
      `.parquet.${said === 0 ? ' Nobody has said anything yet.' : ''}`,
  );
  if (withoutTexts > 0)
    console.log(`Of ${whole(withoutTexts)} questions the texts are not known: their sets are of earlier versions.`);
}

interface ImportOptions {
  readonly format?: string;
  readonly scores?: string;
  readonly scoreField?: string;
  readonly annotators?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const FORMATS = ['jsonl', 'labelstudio'];

async function importAll(file: string, options: ImportOptions): Promise<void> {
  const { format, dryRun: isDryRun = false, json = false } = options;
  if (format !== undefined && !FORMATS.includes(format))
    throw new UsageError(`Expected --format to be ${FORMATS.join(' or ')}, got ${JSON.stringify(format)}`);
  const rows = await asUsage(() => readRows(file, options));
  await withClient(async (client) => {
    const desk = new TemporalDesk(client, store);
    let said = 0;
    const brought = await bringIn(rows, {
      desk,
      log: new ReviewLog(store),
      isDryRun,
      tell: (done) => {
        if (!process.stderr.isTTY || done - said < 100) return;
        said = done;
        process.stderr.write(`${done} of ${rows.length} rows\n`);
      },
    });
    const { passedOver, ...more } = brought;
    console.log(
      json ? JSON.stringify({ ...more, passedOver: Object.fromEntries(passedOver) }) : textOf(brought, isDryRun),
    );
    if (brought.notTaken.length > 0) process.exitCode = EXIT.failed;
  });
}

/** All rows, each a saying or why it is none. */
async function readRows(file: string, options: ImportOptions): Promise<Brought[]> {
  const read: SourceRow[] = [];
  for await (const row of rowsOf(await openSource(file, 'verdicts')).rows) read.push(row);
  const { format, scores, scoreField } = options;
  const isTheirs = format === undefined ? read.some(isLabelStudio) : format === 'labelstudio';
  if (!isTheirs) return read.map(ownRow);
  const others = read.find((row) => !isLabelStudio(row));
  if (others !== undefined)
    throw new Error(
      `${file} ${others.where}: expected a task of Label Studio's JSON export, with data and annotations, got ` +
        `${Object.keys(others.row).slice(0, 8).join(', ')}: export as JSON, not JSON-MIN`,
    );
  const seen = new Map<string, number>();
  for (const row of read) countGrades(row, seen, scoreField);
  const scale = scores === undefined ? scaleOf(seen) : scaleFrom(scores);
  const annotators = peopleFrom(options.annotators);
  return read.flatMap((row) => labelStudioRows(row, { scale, annotators, scoreName: scoreField }));
}

function peopleFrom(text: string | undefined): ReadonlyMap<string, string> {
  const pairs = (text ?? '').split(',').filter((pair) => pair.trim() !== '');
  return new Map(
    pairs.map((pair) => {
      const [theirs = '', ours = ''] = pair.split('=').map((part) => part.trim());
      if (theirs === '' || ours === '')
        throw new Error(`expected --annotators to be such as "3=ada,7=emmy", got ${JSON.stringify(pair)}`);
      return [theirs, ours] as const;
    }),
  );
}

/** What a person's file or option has wrong is bad usage. */
async function asUsage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new UsageError((error as Error).message.replace('--grades', '--scores'));
  }
}

/** Rows listed in full. Ours: a screen. */
const SHOWN = 20;

function textOf({ taken, known, notTaken, passedOver }: BroughtIn, isDryRun: boolean): string {
  const lines = notTaken
    .slice(0, SHOWN)
    .map(
      ({ where, question, annotator, kind, why }) =>
        `  ${where}: ${kind}${question === undefined ? '' : `, ${question}, ${annotator}`}: ${why}`,
    );
  return [
    isDryRun
      ? `${whole(taken)} would be sent, ${whole(known)} are on record already. Nothing was sent.`
      : `${whole(taken)} taken, ${whole(known)} were on record already.`,
    ...Array.from(passedOver, ([why, count]) => `Passed over: ${whole(count)} ${why}.`),
    ...(notTaken.length > 0 ? [`Not taken: ${whole(notTaken.length)}.`, ...lines] : []),
    ...(notTaken.length > SHOWN ? [`  … and ${notTaken.length - SHOWN} more (--json lists all)`] : []),
  ].join('\n');
}

async function writeTasks(file: string, { set, limit }: { readonly set?: string; readonly limit: string }) {
  if (existsSync(file) || !file.endsWith('.json'))
    throw new UsageError(`Expected a new file that ends in .json, got ${path.basename(file)}`);
  await withClient(async (client) => {
    const desk = new TemporalDesk(client, store);
    const open = await desk.open({ set, limit: wholeFrom('--limit', limit, 1) });
    const tasks: LabelStudioTask[] = [];
    for await (const task of openTasks(desk, open)) tasks.push(task);
    await writeFile(file, `${JSON.stringify(tasks, null, 1)}\n`, { flag: 'wx' });
    console.log(`${whole(tasks.length)} open questions lie in ${file}.`);
  });
}
