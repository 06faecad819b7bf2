import type { Command } from 'commander';
import { recordWord } from '../../activities/datasets/leadsWord.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { labelName } from '../../shared/label/audit.ts';
import type { LeadsWord } from '../../shared/review/leadsWord.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import { lapWorkflowId, placeOf, runOf, uri } from '../../shared/ids.ts';
import { isScore, type Score } from '../../shared/scores.ts';
import { withClient } from '../../workers/client.ts';
import { store } from '../../workers/store.ts';
import { namedLaps } from '../reports/namedLap.ts';
import { UsageError } from '../usage.ts';
import { sendWord } from './sendWord.ts';

interface Decision {
  readonly score: string;
  readonly by: string;
  readonly reason?: string;
}

/** `flywheel labels release` and `hold`. */
export function registerDecisions(labels: Command): void {
  const register = (name: string, use: boolean, description: string): void =>
    void labels
      .command(name)
      .description(description)
      .argument('<lap>', 'such as main/lap-0001')
      .requiredOption('--score <score>', 'the label: 0, 0.5 or 1')
      .requiredOption('--by <lead>', 'your id, as it is kept with your word')
      .option('--reason <text>', 'a few words on why')
      .action((lap: string, decision: Decision) => decided(lap, use, decision));
  register(
    'release',
    true,
    'Trains on a label that audits speak against: in the lap itself, where it waits for a lead, else in laps that go ' +
      'on from it from now on.',
  );
  register('hold', false, 'Does not train on a label that audits speak against. The newest word about a label holds.');
}

async function decided(named: string, use: boolean, { score: text, by, reason }: Decision): Promise<void> {
  const [found] = await namedLaps([named]);
  if (found === undefined) return;
  const { lap, finished } = found;
  const score = text === '' ? undefined : Number(text);
  if (!isScore(score)) throw new UsageError(`Expected --score to be 0, 0.5 or 1, got ${JSON.stringify(text)}`);
  const word = { about: labelName(score), use, annotator: by, ...(reason !== undefined && { reason }) };
  if (finished) await decideLater(store, lap, score, word);
  else await withClient((client) => sendWord(client, placeOf(lap, 'scaleVerification'), word));
  const where = finished ? ' in laps that go on from it from now on' : '';
  console.log(`${word.about} of ${lap}: ${use ? 'used' : 'held back'}${where}.`);
}

/** Puts a lead's word about a finished lap into the store. @throws UsageError where nothing of it was held back. */
export async function decideLater(
  artifacts: ArtifactStore,
  lap: string,
  score: Score,
  word: LeadsWord,
  at = new Date().toISOString(),
): Promise<void> {
  const { labels } = await artifacts.readJson<LapManifest>(uri.manifest(lap));
  const held = labels.held ?? [];
  if (!held.some((each) => each.score === score))
    throw new UsageError(
      `Expected a label that ${lap} held back, got ${score}; ` +
        (held.length === 0 ? 'it held none back' : `it held back ${held.map((each) => each.score).join(', ')}`),
    );
  await recordWord(artifacts, { lap, word, at });
}

/** `flywheel rewards accept` and `stop`: about a stage whose rewards people's scores speak against. */
export function registerRewards(program: Command): void {
  const rewards = program
    .command('rewards')
    .summary('decide about a stage that audits speak against')
    .description(
      "Answers a lap that waits for a lead, since people's scores of what a stage rewarded speak against its judge.",
    );
  const register = (name: string, use: boolean, description: string): void =>
    void rewards
      .command(name)
      .description(description)
      .argument('<lap>', 'such as main/lap-0001')
      .requiredOption('--stage <stage>', 'generator or selfVerification')
      .requiredOption('--by <lead>', 'your id, as it is kept with your word')
      .option('--reason <text>', 'a few words on why')
      .action(async (named: string, { stage, by, reason }: { stage: string; by: string; reason?: string }) => {
        const [found] = await namedLaps([named]);
        if (found === undefined) return;
        const { lap, finished } = found;
        if (finished)
          throw new UsageError(`Expected a lap that waits for a lead's word, got ${lap}, which has finished`);
        const word = { about: stage, use, annotator: by, ...(reason !== undefined && { reason }) };
        await withClient((client) => sendWord(client, lapWorkflowId(runOf(lap)), word));
        console.log(`${stage} of ${lap}: ${use ? 'the lap goes on' : 'the lap ends'}.`);
      });
  register('accept', true, 'The lap goes on from the stage as it is.');
  register('stop', false, 'The lap ends. `flywheel lap --mend` goes on from it with a changed recipe.');
}
