import type { Command } from 'commander';
import { FolderTaken, freeFolder } from '../../activities/store/exportFolder.ts';
import { cardFacts, ROLES, type ExportedRole } from '../../reports/card/cardFacts.ts';
import { exportModel } from '../../reports/card/exportModel.ts';
import { servedName } from '../../reports/card/cardUse.ts';
import { hubBase } from '../../reports/card/modelCard.ts';
import { whole } from '../../reports/pages/format.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { fullLapName, uri } from '../../shared/ids.ts';
import { store } from '../../workers/store.ts';
import { Interruption } from '../interruption.ts';
import { UsageError } from '../usage.ts';
import { measured } from './laps.ts';
import { finishedManifests } from './namedLap.ts';

interface ModelOptions {
  readonly link?: boolean;
  readonly json?: boolean;
}

/** `flywheel export LAP ROLE FOLDER`: what the command does where no table is named. */
export function registerExportModel(command: Command): void {
  command
    .command('model', { isDefault: true })
    .summary('a model of a lap, as a Hugging Face folder with a card; the word model may be left out')
    .description(
      'Writes the model that a finished lap ended with as a folder that transformers, vLLM and `flywheel import ' +
        'base` read: the\ncheckpoint, checked by its digest; README.md, a card with lineage, figures, prompts, limits, ' +
        'and the licence as far as\nthe base says it; the prompts; the terms of the base. The folder is whole or not ' +
        'there.',
    )
    .argument('<lap>', 'a finished lap, such as main/lap-0003')
    .argument('<role>', ROLES.join(', '))
    .argument('<folder>', 'a new folder, or an empty one')
    .option(
      '--link',
      "weights are hard links to the store's files where they can be, and take no room: for folders that are only read",
    )
    .option('--json', 'print one JSON object')
    .action(write);
}

async function write(named: string, role: string, folder: string, options: ModelOptions): Promise<void> {
  if (fullLapName(named) === undefined)
    throw new UsageError(
      `Expected a lap such as main/lap-0003, or proofs or analyses of one, got ${JSON.stringify(named)}: ` +
        '`flywheel export --help` has the forms',
    );
  if (!isRole(role)) throw new UsageError(`Expected a role (${ROLES.join(', ')}), got ${JSON.stringify(role)}`);
  const [manifest] = await finishedManifests([named]);
  if (manifest === undefined) return;
  const { lap } = manifest;
  const checkpoint = manifest.models[role];
  if (checkpoint === undefined)
    throw new UsageError(`Expected a lap with a ${role}, got ${lap}, whose recipe has no meta-verification`);

  const interruption = new Interruption();
  await inUsage(() => freeFolder(folder));
  const report = await reportOf(lap);
  const facts = await cardFacts(store, { manifest, role, checkpoint, report });
  const { ancestry, licence } = facts;
  if (ancestry.broken !== undefined) console.error(`Warning: ${ancestry.broken}; the card says so`);
  if (licence.id === null) console.error('Warning: no file of its base says a licence; the card says what to do');
  try {
    const { files, bytes, cloned, linked } = await inUsage(() =>
      exportModel(store, facts, folder, { link: options.link === true, signal: interruption.signal }),
    );
    const base = hubBase(facts) ?? null;
    if (options.json)
      console.log(
        JSON.stringify({
          lap,
          role,
          checkpoint,
          folder,
          name: servedName(facts),
          files: files.length,
          bytes,
          cloned,
          linked,
          licence: licence.id,
          base,
          prompts: manifest.prompts,
          brokenLineage: ancestry.broken ?? null,
        }),
      );
    else
      console.log(
        `The ${role} of ${lap} lies in ${folder}: ${files.length} files, ${whole(bytes / 1e6)} MB` +
          `${linked > 0 ? `, ${linked} of them links to the store's` : ''}, and README.md, its card\n` +
          `Licence: ${licence.id ?? 'unknown: nobody said'}`,
      );
  } catch (error) {
    if (!interruption.happened) throw error;
    console.error('Interrupted; nothing is left of it.');
    interruption.exit();
  }
}

async function inUsage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FolderTaken) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

const isRole = (role: string): role is ExportedRole => ROLES.some((each) => each === role);

/** As it is measured anew, else as it was at the lap's end; null where neither is. */
async function reportOf(lap: string): Promise<LapReport | null> {
  try {
    return await measured(lap);
  } catch (error) {
    const stored = await store.findJson<LapReport>(uri.report(lap));
    console.error(
      `Warning: ${lap} cannot be measured anew (${(error as Error).message}); the card ` +
        (stored === undefined ? 'has no figures' : 'has those that were written at its end'),
    );
    return stored ?? null;
  }
}
