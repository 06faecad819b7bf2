import path from 'node:path';
import type { Command } from 'commander';
import { copyLap, LapTaken } from '../../reports/stores/copy.ts';
import { storeFrom } from '../../temporal.config.ts';
import { openStore, store } from '../../workers/store.ts';
import { LiveView } from '../lap/liveView.ts';
import { finishedManifests } from '../reports/namedLap.ts';
import { UsageError } from '../usage.ts';
import { sizeText } from './size.ts';

export function registerCopy(command: Command): void {
  command
    .command('copy')
    .summary('copy a lap, with all that it was made of, to another store')
    .description(
      'Copies a finished lap and all that it was made of: the laps that it went on from, datasets, ledgers, verdicts, ' +
        'rewards,\ncheckpoints, prompts. What is written is read back; what is there already is compared, so that a copy ' +
        'that broke off goes\non when it is run again. The manifest comes last: a lap that the other store shows is whole.',
    )
    .argument('<lap>', 'a finished lap, such as main/lap-0003')
    .argument('<destination>', 's3://bucket/prefix, or a folder')
    .option('--json', 'print one JSON object')
    .action(copy);
}

async function copy(named: string, destination: string, { json }: { readonly json?: boolean }): Promise<void> {
  const [manifest] = await finishedManifests([named]);
  if (manifest === undefined) return;
  const where = /^[a-z0-9]+:\/\//.test(destination) ? destination : path.resolve(destination);
  const to = openStore(storeFrom(where, 'the destination'));
  if (to.address('laps') === store.address('laps'))
    throw new UsageError(`Expected another store than this one, got ${JSON.stringify(destination)}`);
  const count = { copied: 0, there: 0, bytes: 0 };
  const view = new LiveView(process.stderr);
  try {
    for await (const { uri, bytes, wasThere } of copyLap(store, manifest.lap, to)) {
      count[wasThere ? 'there' : 'copied'] += 1;
      count.bytes += bytes;
      view.update(`${count.copied + count.there} artifacts, ${sizeText(count.bytes)}: ${uri}`, uri);
    }
  } catch (error) {
    if (error instanceof LapTaken) throw new UsageError(error.message);
    throw error;
  } finally {
    view.clear();
  }
  const { lap } = manifest;
  if (json) console.log(JSON.stringify({ lap, destination: where, ...count }));
  else
    console.log(
      `${lap} is in ${where}: ${count.copied} artifacts copied, ${count.there} were there, ${sizeText(count.bytes)}`,
    );
}
