import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { measureLap } from '../activities/evaluation/measureLap.ts';
import { writeReport } from '../activities/report/index.ts';
import { knownLaps, soFar } from '../activities/report/laps.ts';
import type { KnownLap } from '../activities/report/laps.ts';
import { lapTable } from '../activities/report/textTable.ts';
import { ArtifactStore } from '../activities/store.ts';
import { rehearsalChecker } from '../rehearsal/checker.ts';
import type { LapManifest } from '../shared/manifest.ts';
import type { LapReport } from '../shared/report.ts';
import { config } from '../temporal.config.ts';
import { EXIT, UsageError } from './usage.ts';

interface ReportOptions {
  readonly json?: boolean;
  readonly openPath?: boolean;
}

export function registerReport(program: Command): void {
  program
    .command('report')
    .summary('what was measured of a lap')
    .description(
      'Measures a finished lap anew, from its stored artifacts, and shows the figures. Says so when the report that was written at its end differs.\n' +
        'Needs no server: it reads the artifact store only.',
    )
    .argument('[lap]', 'such as main/lap-0001, or lap-0001 for short (default: the newest finished lap of the run main)')
    .option('--json', 'print one JSON object with all figures')
    .option('--open-path', "print the path of the lap's HTML report, and write it where it is missing")
    .action(report);
}

/** The table of what was measured, on stdout. */
export function printLapTable(figures: LapReport): void {
  process.stdout.write(`${lapTable(figures)}\n`);
}

async function report(named: string | undefined, { json, openPath }: ReportOptions): Promise<void> {
  const store = new ArtifactStore(config.storeDir);
  const { lap, finished } = chosen(await knownLaps(store), named);
  if (!finished) return tellUnfinished(store, lap, json === true);
  const page = `laps/${lap}/report.html`;
  if (openPath === true) {
    if (!(await store.exists(page))) await writeReport(store, rehearsalChecker, { lap });
    process.stdout.write(`${store.path(page)}\n`);
    return;
  }
  const figures = await measureLap(await store.readJson<LapManifest>(`laps/${lap}/manifest.json`), store, rehearsalChecker);
  const stored = `laps/${lap}/report.json`;
  if (!(await store.exists(stored))) process.stderr.write(`${lap} has a manifest and no report yet; these figures are measured from its artifacts.\n`);
  else if (!isDeepStrictEqual(asJson(figures), await store.readJson(stored))) {
    process.stderr.write(`The figures differ from ${store.path(stored)}: artifacts that no digest guards (ledgers, metrics), or the definitions, have changed since. Shown is what is measured now.\n`);
  }
  if (json === true) {
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    return;
  }
  printLapTable(figures);
  process.stdout.write(`\nReport:   ${store.path(page)}\nManifest: ${store.path(`laps/${lap}/manifest.json`)}\n`);
}

const asJson = (figures: LapReport): unknown => JSON.parse(JSON.stringify(figures));

function chosen(laps: readonly KnownLap[], named: string | undefined): KnownLap {
  const there = laps.length === 0 ? 'there are none yet: `flywheel lap` runs one' : `there are ${laps.map(({ lap, finished }) => (finished ? lap : `${lap} (not finished)`)).join(', ')}`;
  if (named === undefined) {
    const newest = laps.findLast(({ lap, finished }) => finished && lap.startsWith('main/')) ?? laps.findLast(({ finished }) => finished);
    if (newest === undefined) throw new UsageError(`Expected a finished lap; ${there}`);
    return newest;
  }
  const name = named.includes('/') ? named : `main/${named}`;
  const found = laps.find(({ lap }) => lap === name);
  if (found === undefined) throw new UsageError(`Expected a lap of this store, got ${JSON.stringify(named)}; ${there}`);
  return found;
}

async function tellUnfinished(store: ArtifactStore, lap: string, json: boolean): Promise<void> {
  const { trained, evaluating } = await soFar(store, lap);
  process.exitCode = EXIT.failed;
  if (json) {
    process.stdout.write(`${JSON.stringify({ lap, state: 'unfinished', trained, evaluating })}\n`);
    return;
  }
  process.stdout.write(
    [
      `${lap} has no manifest yet: it is under way, or it ended before its end (\`flywheel status ${lap}\` knows). Its figures are measured at the end.`,
      `Trained so far: ${trained.join(', ') || 'nothing'}.`,
      `Evaluations begun: ${evaluating.join(', ') || 'none'}.`,
      '',
    ].join('\n'),
  );
}
