import type { Command } from 'commander';
import { BrokenLink, lineage, UnknownSubject } from '../../reports/lineage/lineage.ts';
import { lineageTree } from '../../reports/lineage/lineageTree.ts';
import { store } from '../../workers/store.ts';
import { finishedManifests } from './namedLap.ts';
import { EXIT, UsageError } from '../usage.ts';

interface LineageOptions {
  readonly lap?: string;
  readonly weights: boolean;
  readonly json?: boolean;
}

export function registerLineage(program: Command): void {
  program
    .command('lineage')
    .summary('where a checkpoint, dataset or proof comes from')
    .description(
      'Walks the chain of manifests back from a checkpoint, a dataset, a proof or a lap to the base and the ' +
        'first score that an expert gave, and checks every digest\n' +
        'on the way. A link that does not hold is named, and the exit code is 1. Needs no server: it reads the ' +
        'artifact store only.',
    )
    .argument(
      '<what>',
      "a digest (8 characters or more), a training such as main/lap-0002/verifier-v2, a dataset's URI, a proof's " +
        'id, a lap, or a product such as solve/imo-2025',
    )
    .option('--lap <lap>', 'look in the chain of this lap only')
    .option('--no-weights', 'do not read the checkpoints through: their digests are taken from their names')
    .option('--json', 'print one JSON object: the chain, and each thing once with its sources by id')
    .action(show);
}

async function show(asked: string, { lap, weights, json }: LineageOptions): Promise<void> {
  const [within] = lap === undefined ? [] : await finishedManifests([lap]);
  try {
    const found = await lineage(store, asked, { weights, ...(within && { lap: within.lap }) });
    console.log(json ? JSON.stringify(found) : lineageTree(found));
  } catch (error) {
    if (error instanceof UnknownSubject) throw new UsageError(error.message);
    if (!(error instanceof BrokenLink)) throw error;
    process.exitCode = EXIT.failed;
    if (json) console.log(JSON.stringify({ asked, broken: error.message }));
    console.error(error.message);
  }
}
