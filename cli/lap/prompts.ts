import type { Command } from 'commander';
import { store } from '../../workers/store.ts';
import { markFormat } from '../../activities/store/format.ts';
import { addPromptSet, pinned } from '../../activities/store/promptSets.ts';
import { UsageError } from '../usage.ts';

export function registerPrompts(program: Command): void {
  program
    .command('prompts')
    .summary('prompt sets of your own')
    .command('add')
    .summary('put a prompt set into the store')
    .description(
      'Checks a folder of prompts, a file per task and, where wanted, system.md, and puts it into the store under ' +
        'its digest. Laps ask by it with\n`--set domain.prompts=NAME`; those that have begun keep their texts. What ' +
        'it prints, NAME@sha256, names these texts\nwhatever the name goes over to.',
    )
    .argument('<folder>', 'metaVerify.md, prove.md, refine.md, selfRefine.md, selfVerify.md, verify.md and system.md')
    .argument('<name>', 'what recipes call it; a name that was used before goes over to these texts')
    .option('--json', 'print one JSON object')
    .action(add);
}

async function add(folder: string, name: string, { json }: { readonly json?: boolean }): Promise<void> {
  await markFormat(store);
  const ref = await addPromptSet(store, folder, name, (text) => console.error(`Warning: ${text}`)).catch(
    (error: Error) => {
      throw new UsageError(error.message);
    },
  );
  console.log(json ? JSON.stringify(ref) : pinned(ref));
}
