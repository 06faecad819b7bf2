import type { Command } from 'commander';
import { measureLap } from '../../reports/figures/measureLap.ts';
import { waitingAfter } from '../../activities/datasets/late.ts';
import { knownLaps } from '../../activities/laps/laps.ts';
import { lapsTable } from '../../reports/pages/lapsTable.ts';
import { domains } from '../../domains/index.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { runOf, uri } from '../../shared/ids.ts';
import { store } from '../../workers/store.ts';
import { EXIT } from '../usage.ts';

export function registerLaps(program: Command): void {
  program
    .command('laps')
    .summary('all laps with their headline figures')
    .description(
      'Lists the laps of the store, oldest first, with their headline figures, measured anew from the stored ' +
        'artifacts. Unfinished laps are named, and have no figures; one that cannot be\n' +
        'measured (an artifact is missing or was changed) is named on stderr, and the exit code is 1.\n' +
        'Needs no server: it reads the artifact store only.',
    )
    .option('--run <name>', 'only the laps of this run')
    .option(
      '--json',
      'print an array of the finished laps, oldest first, each as `flywheel report <lap> --json` prints it',
    )
    .action(laps);
}

async function laps({ run, json }: { readonly run?: string; readonly json?: boolean }): Promise<void> {
  const known = (await knownLaps(store)).filter(({ lap }) => run === undefined || runOf(lap) === run);
  const reports: LapReport[] = [];
  const unfinished: string[] = [];
  for (const { lap, finished } of known) {
    if (finished)
      await measured(lap).then(
        (report) => reports.push(report),
        ({ message }: Error) => {
          process.exitCode = EXIT.failed;
          console.error(`${lap} cannot be measured: ${message}`);
        },
      );
    else unfinished.push(lap);
  }
  reports.sort(byAge);
  if (json) console.log(JSON.stringify(reports));
  else console.log([lapsTable(reports, unfinished), ...(await waitingLines(reports))].join('\n'));
}

/** What people said since the last lap of a chain, or may still say: a next lap takes it up. */
async function waitingLines(reports: readonly LapReport[]): Promise<string[]> {
  const parents = new Set(reports.map(({ parent }) => parent));
  const lines: string[] = [];
  for (const { lap } of reports.filter((report) => !parents.has(report.lap))) {
    const { answered, open, halfAnswered } = await waitingAfter(store, await store.readJson(uri.manifest(lap)));
    if (answered + open > 0)
      lines.push(
        `${lap}: ${answered} answers have come since, ${open} questions are open (${halfAnswered} half-answered): a ` +
          `lap from it takes them up`,
      );
  }
  return lines;
}

/** The figures of a finished lap, from its stored artifacts. */
export async function measured(lap: string): Promise<LapReport> {
  return measureLap(await store.readJson<LapManifest>(uri.manifest(lap)), store, domains.checkerOf);
}

/** Oldest first. */
export const byAge = (a: LapReport, b: LapReport): number =>
  Date.parse(a.startedAt) - Date.parse(b.startedAt) || (a.lap < b.lap ? -1 : 1);
