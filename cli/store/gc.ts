import type { Command } from 'commander';
import { garbageIn } from '../../reports/stores/garbage.ts';
import { store } from '../../workers/store.ts';
import { wholeFrom } from '../usage.ts';
import { sizeText } from './size.ts';

interface GcOptions {
  readonly remove?: boolean;
  readonly olderThan: string;
  readonly json?: boolean;
}

export function registerGc(command: Command): void {
  command
    .command('gc')
    .summary('show what no lap and no product reaches; with --remove, remove it')
    .description(
      'Every lap is kept whole, finished or not, with all that it was made of, and so are products, what people ' +
        'brought,\nand their verdicts. The rest is shown: checkpoints that no lap names, what laps left whose folder ' +
        'below laps/ was\nremoved, uploads that nobody finished. Of what is younger than a day nothing is said.',
    )
    .option('--remove', 'remove what is shown')
    .option('--older-than <hours>', 'leave what was written within so many hours', '24')
    .option('--json', 'print one JSON object')
    .action(collect);
}

async function collect({ remove = false, olderThan, json }: GcOptions): Promise<void> {
  const leastAgeMs = wholeFrom('--older-than', olderThan, 1) * 3_600_000;
  const garbage = await garbageIn(store, leastAgeMs);
  const left: { readonly what: string; readonly bytes: number; remove(): Promise<void> }[] = [];
  for await (const each of store.leftovers(leastAgeMs)) left.push(each);
  const all = [...garbage, ...left];
  const bytes = all.reduce((sum, each) => sum + each.bytes, 0);
  if (!json) for (const { what, bytes } of all) console.log(`${sizeText(bytes).padStart(9)}  ${what}`);
  if (remove) {
    for (const { artifacts } of garbage) for (const at of artifacts) await store.remove(at);
    for (const each of left) await each.remove();
  }
  if (json) {
    const shown = all.map(({ what, bytes }) => ({ what, bytes }));
    console.log(JSON.stringify({ bytes, removed: remove, garbage: shown }));
  } else if (all.length === 0) console.log('Nothing: all that is there is reached, or younger');
  else console.log(`${sizeText(bytes)} ${remove ? 'removed' : 'that nothing reaches: --remove removes it'}`);
}
