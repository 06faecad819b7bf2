import type { Command } from 'commander';
import { compareLaps } from '../../reports/comparison/compareLaps.ts';
import { comparisonPage } from '../../reports/comparison/comparisonPage.ts';
import { comparisonTable } from '../../reports/comparison/comparisonTable.ts';
import { domains } from '../../domains/index.ts';
import { uri } from '../../shared/ids.ts';
import { store } from '../../workers/store.ts';
import { UsageError } from '../usage.ts';
import { finishedManifests } from './namedLap.ts';
import { writePage } from './writePage.ts';

interface CompareOptions {
  readonly a?: string;
  readonly b?: string;
  readonly json?: boolean;
  readonly output?: string;
}

export function registerCompare(program: Command): void {
  program
    .command('compare')
    .summary('differences between laps, with intervals')
    .description(
      'Compares laps b with laps a on the same held-out problems, problem by problem, and writes a page of ' +
        'plots. Several laps on a side (seeds) are pooled,\n' +
        'and paired by seed where both sides have the same seeds; then the differences within seeds are shown as ' +
        'well, with an interval over seeds.\n' +
        'Needs no server: it reads the artifact store only. Example: flywheel compare --a ' +
        's1/lap-0001,s2/lap-0001 --b s1/lap-0003,s2/lap-0003',
    )
    .argument('[a]', 'a lap, or several separated by commas')
    .argument('[b]', 'likewise: b less a is shown')
    .option('--a <laps>', 'the same as the first argument')
    .option('--b <laps>', 'the same as the second')
    .option('--json', 'print one JSON object')
    .option('--output <file>', "where to write the page (default: in the store's folder comparisons/)")
    .action(compare);
}

async function compare(first: string | undefined, second: string | undefined, options: CompareOptions): Promise<void> {
  // `compare lapA --b lapB`: what an option gives, no argument has to.
  const rest = [first, second].filter((text) => text !== undefined);
  const a = lapsOf('a', options.a ?? rest.shift());
  const b = lapsOf('b', options.b ?? rest.shift());
  if (rest.length > 0)
    throw new UsageError(
      `Expected two sides to compare, got a third: ${JSON.stringify(rest[0])}; laps of one side are separated by ` +
        'commas',
    );
  const comparison = await compareLaps(
    store,
    domains.checkerOf,
    await finishedManifests(a),
    await finishedManifests(b),
  );
  const place = uri.comparison(comparison.a.laps, comparison.b.laps);
  const page = await writePage(place, comparisonPage(comparison), options.output);
  console.log(options.json ? JSON.stringify(comparison) : `${comparisonTable(comparison)}\n\nPlots: ${page}`);
}

function lapsOf(side: 'a' | 'b', text = ''): string[] {
  const laps = text.split(',').flatMap((name) => name.trim() || []);
  if (laps.length === 0)
    throw new UsageError(`Expected a lap for side ${side}, got none: flywheel compare lap-0001 lap-0002`);
  return laps;
}
