import { createWriteStream, existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Command } from 'commander';
import { exportedLines, type Exported } from '../../activities/datasets/given/export.ts';
import { ROLES } from '../../reports/card/cardFacts.ts';
import { whole } from '../../reports/pages/format.ts';
import { store } from '../../workers/store.ts';
import { UsageError } from '../usage.ts';
import { registerExportModel } from './exportModel.ts';
import { finishedManifests } from './namedLap.ts';

/** `flywheel export`: what a lap came to, as others' tools read it: a model as a folder, D_v and D_mv as tables. */
export function registerExport(program: Command): void {
  const command = program
    .command('export')
    .summary('write a model, scored proofs or analyses of a lap for other tools')
    .usage('<lap> <role> <folder> | proofs <lap> <file> | analyses <lap> <file>')
    .description(
      `\`flywheel export main/lap-0003 generator FOLDER\` writes a model (${ROLES.join(', ')}) as a Hugging Face ` +
        'folder with a\ncard; `export model --help` has its options. `export proofs` and `export analyses` write D_v ' +
        'and D_mv as one table.',
    );
  registerExportModel(command);
  for (const kind of ['proofs', 'analyses'] as const)
    command
      .command(kind)
      .description(
        `Writes ${kind === 'proofs' ? 'D_v' : 'D_mv'} of a finished lap, all parts of it, as JSON lines of one form: ` +
          'every row has the same\nfields in the same order, with who scored it, in which lap, and whether it trains ' +
          "or validates. Hugging Face's datasets reads it\n(load_dataset('json', data_files=…)), and `flywheel " +
          'import` takes it in again.',
      )
      .summary(kind === 'proofs' ? 'the scored proofs, D_v' : 'the analyses whose quality was scored, D_mv')
      .argument('<lap>', 'a finished lap, such as lap-0001')
      .argument('<file>', 'to write; packed where its name ends in .gz')
      .action((lap: string, file: string) => write(kind, lap, file));
}

async function write(kind: Exported, lap: string, file: string): Promise<void> {
  const [manifest] = await finishedManifests([lap]);
  if (manifest === undefined) return;
  if (existsSync(file))
    throw new UsageError(`Expected a new file to write, got ${file}, which is there: remove it, or name another`);
  let rows = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const line of exportedLines(store, manifest as NonNullable<typeof manifest>, kind)) {
      rows += 1;
      yield line;
    }
  }
  const to = createWriteStream(file);
  await (file.endsWith('.gz') ? pipeline(lines, createGzip(), to) : pipeline(lines, to));
  if (rows === 0) {
    await rm(file);
    throw new UsageError(`Expected a lap with scored ${kind}, got ${manifest.lap}, which has none`);
  }
  console.log(`${whole(rows)} scored ${kind} of ${manifest.lap} lie in ${file}`);
}
