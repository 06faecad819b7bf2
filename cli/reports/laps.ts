import type { Command } from 'commander';
import { measureLap } from '../../reports/figures/measureLap.ts';
import { knownLaps } from '../../activities/laps/laps.ts';
import { lapsTable } from '../../reports/pages/lapsTable.ts';
import { openStore } from '../../workers/store.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { domains } from '../../domains/index.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { EXIT } from '../usage.ts';
import { uri, runOf } from '../../shared/ids.ts';

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
  const store = openStore();
  const known = (await knownLaps(store)).filter(({ lap }) => run === undefined || runOf(lap) === run);
  const reports: LapReport[] = [];
  for (const { lap, finished } of known) {
    if (!finished) continue;
    try {
      reports.push(...(await measureLaps(store, [lap])));
    } catch (error) {
      process.exitCode = EXIT.failed;
      process.stderr.write(`${lap} cannot be measured: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  reports.sort(byAge);
  if (json === true) process.stdout.write(`${JSON.stringify(reports)}\n`);
  else
    process.stdout.write(
      `${lapsTable(
        reports,
        known.flatMap(({ lap, finished }) => (finished ? [] : [lap])),
      )}\n`,
    );
}

/** Finished laps, measured one after the other; oldest first. */
export async function measureLaps(store: ArtifactStore, names: readonly string[]): Promise<LapReport[]> {
  const reports: LapReport[] = [];
  for (const lap of names)
    reports.push(await measureLap(await store.readJson<LapManifest>(uri.manifest(lap)), store, domains.checkerOf));
  return reports.sort(byAge);
}

const byAge = (a: LapReport, b: LapReport): number =>
  Date.parse(a.startedAt) - Date.parse(b.startedAt) || (a.lap < b.lap ? -1 : 1);
