import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { writeReport } from '../../reports/activities.ts';
import { curveDrawing, curvePage } from '../../reports/pages/curvePage.ts';
import { soFar, type KnownLap } from '../../activities/laps/laps.ts';
import { curveTable } from '../../reports/pages/lapsTable.ts';
import { lapTable } from '../../reports/pages/lapTable.ts';
import { domains } from '../../domains/index.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { runOf, uri } from '../../shared/ids.ts';
import { store } from '../../workers/store.ts';
import { EXIT, UsageError } from '../usage.ts';
import { byAge, measured } from './laps.ts';
import { finishedManifests, lapPages, namedLaps, newestLap } from './namedLap.ts';
import { writePage } from './writePage.ts';

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

async function report(named: readonly string[], options: ReportOptions): Promise<void> {
  if (named.length > 1) return reportCurves(named, options);
  if (options.output !== undefined)
    throw new UsageError(
      "--output: expected several laps, whose curves are written there, got one; a lap's own page is where " +
        '--open-path says',
    );
  const [chosen = await newestLap()] = await namedLaps(named);
  return reportLap(chosen, options);
}

async function reportLap({ lap, finished }: KnownLap, { json, openPath }: ReportOptions): Promise<void> {
  if (!finished) return tellUnfinished(lap, json);
  if (openPath) {
    if (!(await store.exists(uri.reportPage(lap)))) await writeReport(store, domains.checkerOf, { lap });
    console.log((await lapPages(lap)).report);
    return;
  }
  const figures = await measured(lap);
  const stored = await store.findJson(uri.report(lap));
  if (stored === undefined)
    console.error(`${lap} has a manifest and no report yet; these figures are measured from its artifacts.`);
  else if (!isDeepStrictEqual(asJson(figures), stored))
    console.error(
      `The figures differ from ${uri.report(lap)}: artifacts that no digest guards (ledgers, metrics), or the ` +
        'definitions, have changed since. Shown is what is measured now.',
    );
  if (json) {
    console.log(JSON.stringify(figures));
    return;
  }
  console.log(lapTable(figures));
  const { report, manifest } = await lapPages(lap);
  console.log(`\nReport:   ${report}\nManifest: ${manifest}`);
}

const asJson = (figures: LapReport): unknown => JSON.parse(JSON.stringify(figures));

async function reportCurves(named: readonly string[], { json, openPath, output }: ReportOptions): Promise<void> {
  const laps = [...new Set((await finishedManifests(named)).map(({ lap }) => lap))];
  const reports: LapReport[] = [];
  for (const lap of laps) reports.push(await measured(lap));
  reports.sort(byAge);
  const drawn = output?.endsWith('.svg') ? curveDrawing(reports) : curvePage(reports);
  const page = await writePage(uri.curves([...new Set(laps.map(runOf))]), drawn, output);
  if (openPath) console.log(page);
  else console.log(json ? JSON.stringify(reports) : `${curveTable(reports)}\n\nPlots: ${page}`);
}

async function tellUnfinished(lap: string, json: boolean | undefined): Promise<void> {
  const { trained, evaluating } = await soFar(store, lap);
  process.exitCode = EXIT.failed;
  console.log(
    json
      ? JSON.stringify({ lap, state: 'unfinished', trained, evaluating })
      : `${lap} has no manifest yet: it is under way, or it ended before its end (\`flywheel status ${lap}\` ` +
          'knows). Its figures are measured at the end.\n' +
          `Trained so far: ${trained.join(', ') || 'nothing'}.\n` +
          `Evaluations begun: ${evaluating.join(', ') || 'none'}.`,
  );
}
