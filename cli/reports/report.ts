import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { measureLap } from '../../reports/figures/measureLap.ts';
import { writeReport } from '../../reports/activities.ts';
import { curveDrawing, curvePage } from '../../reports/pages/curvePage.ts';
import { soFar } from '../../activities/laps/laps.ts';
import type { KnownLap } from '../../activities/laps/laps.ts';
import { curveTable } from '../../reports/pages/lapsTable.ts';
import { lapTable } from '../../reports/pages/lapTable.ts';
import { openStore } from '../../workers/store.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { domains } from '../../domains/index.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { measureLaps } from './laps.ts';
import { finishedManifests, lapPages, namedLaps, newestLap } from './namedLap.ts';
import { writePage } from './writePage.ts';
import { EXIT, UsageError } from '../usage.ts';
import { uri, runOf } from '../../shared/ids.ts';

interface ReportOptions {
  readonly json?: boolean;
  readonly openPath?: boolean;
  readonly output?: string;
}

export function registerReport(program: Command): void {
  program
    .command('report')
    .summary('what was measured of a lap, or the curves of several')
    .description(
      'Measures a finished lap anew, from its stored artifacts, and shows the figures. Says so when the report ' +
        'that was written at its end differs.\n' +
        'Of several laps: how the figures go lap by lap, as a table and as a page of plots; a line for each run, ' +
        'and their mean.\n' +
        'Needs no server: it reads the artifact store only.',
    )
    .argument(
      '[laps...]',
      'such as main/lap-0001, or lap-0001 for short (default: the newest finished lap of the run main)',
    )
    .option('--json', 'print one JSON object with all figures; of several laps an array of them, oldest first')
    .option('--open-path', "print the path of the lap's HTML report, and write it where it is missing")
    .option(
      '--output <file>',
      'of several laps: where to write the page, or, named .svg, its plots as one drawing (default: curves.html ' +
        'beside the laps)',
    )
    .action(report);
}

/** The table of what was measured, on stdout. */
export function printLapTable(figures: LapReport): void {
  process.stdout.write(`${lapTable(figures)}\n`);
}

async function report(named: readonly string[], options: ReportOptions): Promise<void> {
  const store = openStore();
  if (named.length > 1) return reportCurves(store, named, options);
  if (options.output !== undefined)
    throw new UsageError(
      "--output: expected several laps, whose curves are written there, got one; a lap's own page is where " +
        '--open-path says',
    );
  const [chosen = await newestLap(store)] = await namedLaps(store, named);
  return reportLap(store, chosen, options);
}

async function reportLap(
  store: ArtifactStore,
  { lap, finished }: KnownLap,
  { json, openPath }: ReportOptions,
): Promise<void> {
  if (!finished) return tellUnfinished(store, lap, json === true);
  if (openPath === true) {
    if (!(await store.exists(uri.reportPage(lap)))) await writeReport(store, domains.checkerOf, { lap });
    process.stdout.write(`${(await lapPages(store, lap)).report}\n`);
    return;
  }
  const figures = await measureLap(await store.readJson<LapManifest>(uri.manifest(lap)), store, domains.checkerOf);
  const stored = uri.report(lap);
  if (!(await store.exists(stored)))
    process.stderr.write(`${lap} has a manifest and no report yet; these figures are measured from its artifacts.\n`);
  else if (!isDeepStrictEqual(asJson(figures), await store.readJson(stored))) {
    process.stderr.write(
      `The figures differ from ${stored}: artifacts that no digest guards (ledgers, metrics), or the ` +
        'definitions, have changed since. Shown is what is measured now.\n',
    );
  }
  if (json === true) {
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    return;
  }
  printLapTable(figures);
  const { report, manifest } = await lapPages(store, lap);
  process.stdout.write(`\nReport:   ${report}\nManifest: ${manifest}\n`);
}

const asJson = (figures: LapReport): unknown => JSON.parse(JSON.stringify(figures));

async function reportCurves(
  store: ArtifactStore,
  named: readonly string[],
  { json, openPath, output }: ReportOptions,
): Promise<void> {
  const laps = [...new Set((await finishedManifests(store, named)).map(({ lap }) => lap))];
  const reports = await measureLaps(store, laps);
  const runs = [...new Set(laps.map(runOf))];
  const drawn = output?.endsWith('.svg') === true ? curveDrawing(reports) : curvePage(reports);
  const page = await writePage(store, uri.curves(runs), drawn, output);
  if (openPath === true) process.stdout.write(`${page}\n`);
  else if (json === true) process.stdout.write(`${JSON.stringify(reports)}\n`);
  else process.stdout.write(`${curveTable(reports)}\n\nPlots: ${page}\n`);
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
      `${lap} has no manifest yet: it is under way, or it ended before its end (\`flywheel status ${lap}\` ` +
        'knows). Its figures are measured at the end.',
      `Trained so far: ${trained.join(', ') || 'nothing'}.`,
      `Evaluations begun: ${evaluating.join(', ') || 'none'}.`,
      '',
    ].join('\n'),
  );
}
