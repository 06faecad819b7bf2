import type { Command } from 'commander';
import { verified, type Verified } from '../../reports/stores/verify.ts';
import { store } from '../../workers/store.ts';
import { LiveView } from '../lap/liveView.ts';
import { EXIT } from '../usage.ts';

export function registerVerify(command: Command): void {
  command
    .command('verify')
    .summary('read everything that has a digest, and compare')
    .description(
      'Reads checkpoints, prompt sets, datasets and all else whose digest the store knows: by its name, by what says ' +
        'what it\nwas made of, or by a manifest. Each that is not what it was is named, and the exit code is 1.',
    )
    .option('--no-weights', 'of checkpoints only look whether they are there')
    .option('--json', 'print one JSON object')
    .action(verify);
}

async function verify({ weights, json }: { readonly weights: boolean; readonly json?: boolean }): Promise<void> {
  const faults: Verified[] = [];
  const seen = new Set<string>();
  const view = new LiveView(process.stderr);
  for await (const each of verified(store, weights)) {
    seen.add(each.uri);
    view.update(`${seen.size} artifacts: ${each.uri}`, each.uri);
    if (each.fault === undefined) continue;
    faults.push(each);
    view.clear();
    console.error(`${each.uri}: ${each.fault} (as ${each.by} says)`);
  }
  view.clear();
  if (json) console.log(JSON.stringify({ artifacts: seen.size, faults }));
  else if (faults.length === 0) console.log(`${seen.size} artifacts are what their digests say`);
  else console.log(`${faults.length} of ${seen.size} artifacts are not what their digests say`);
  if (faults.length > 0) process.exitCode = EXIT.failed;
}
