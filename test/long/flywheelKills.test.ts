import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import { allOutcomes, attemptsOf, lapWorld, undisturbed, until, type LapWorld } from '../lapWorld.ts';

const [FIRST, SECOND] = ['main/lap-0001', 'main/lap-0002'] as const;
const TWO_LAPS = ['lap', '--preset', 'smoke', '--seed', '6', '--laps', '2', '--keep'];

let calm: LapWorld;
let killed: LapWorld;

/**
 * An undisturbed flywheel of two laps; and one of which everything is killed between the laps, and again, each time
 * anew, within the second.
 */
beforeAll(async () => {
  calm = await undisturbed(...TWO_LAPS);

  killed = await lapWorld();
  const moments = [
    () => existsSync(killed.path('store', 'laps', FIRST, 'manifest.json')),
    () => existsSync(killed.path('store', 'ledger', SECOND, 'consolidation')),
    () => existsSync(killed.path('store', 'jobs', SECOND, 'consolidation', 'attempt-1.json')),
    () => hasStepDone('generator'),
    () => existsSync(killed.path('store', 'ledger', SECOND, 'label', 'verdicts')),
  ];
  for (const moment of moments) {
    const command = killed.start(...TWO_LAPS);
    await until(moment);
    process.kill(command.pid, 'SIGKILL');
    await killed.killEverything();
  }
  const last = killed.start(...TWO_LAPS);
  if ((await last.exit) !== 0) throw new Error(`The disturbed flywheel failed:\n${last.output()}`);
}, 1_500_000);

afterAll(async () => {
  await Promise.all([calm?.dispose(), killed?.dispose()]);
}, 120_000);

function hasStepDone(stage: string): boolean {
  const metrics = killed.path('store', 'jobs', SECOND, stage, 'metrics.jsonl');
  return existsSync(metrics) && readFileSync(metrics, 'utf8').includes('\n');
}

const inBoth = <T>(of: (world: LapWorld) => T): [T, T] => [of(calm), of(killed)];

test('the same command, run again after each kill, goes on with the same flywheel: two laps, none twice', () => {
  expect(readdirSync(killed.path('store', 'laps', 'main')).filter((name) => name.startsWith('lap-'))).toEqual([
    'lap-0001',
    'lap-0002',
  ]);
  expect(killed.manifest(SECOND).parent?.lap).toBe(FIRST);
});

test.each([FIRST, SECOND])(
  'every checkpoint, label and score of %s is, byte for byte, that of an undisturbed flywheel',
  (lap) => {
    const whatCounts = ({
      consolidation,
      stages,
      labels,
      proofScores,
      analysisScores,
      problems,
      recipeSha256,
      models,
    }: LapManifest) => ({
      consolidation: consolidation && [
        consolidation.checkpoint.sha256,
        consolidation.dataset.sha256,
        consolidation.skills,
      ],
      stages: stages.map(({ name, checkpoint }) => [name, checkpoint.sha256]),
      labels: labels.set.decisions.sha256,
      proofScores,
      analysisScores,
      problems,
      recipeSha256,
      models,
    });
    const [one, other] = inBoth((world) => whatCounts(world.manifest(lap)));
    expect(other).toEqual(one);
  },
);

test.each([FIRST, SECOND])(
  'no call of %s is on the ledger twice, and every outcome is that of an undisturbed flywheel',
  (lap) => {
    const outcomes = allOutcomes(killed, lap);
    expect(new Set(outcomes.map(({ key }) => key)).size).toBe(outcomes.length);
    const [one, other] = inBoth((world) =>
      Object.fromEntries(allOutcomes(world, lap).map(({ key, kind, text }) => [key, [kind, text]])),
    );
    expect(other).toEqual(one);
  },
);

test('only a training that was killed is submitted a second time', () => {
  const attempts = (stage: string) => attemptsOf(killed, `${SECOND}/${stage}`);
  expect(attempts('consolidation')).toBe(2);
  for (const stage of ['verifier-v2', 'self-verification']) expect([stage, attempts(stage)]).toEqual([stage, 1]);
});
