import { readFileSync } from 'node:fs';
import type { RehearsalSettings } from '../../domains/rehearsal/splits.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { Problem } from '../../shared/records.ts';
import { expectDeclared } from '../declared.ts';
import { lapWorld, type LapWorld } from '../lapWorld.ts';

let world: LapWorld;

beforeAll(async () => {
  world = await lapWorld();
});

afterAll(async () => {
  await world.dispose();
}, 120_000);

/** Runs a smoke lap to its end; it made what its recipe declares. */
async function lapOf(run: string, lap: string, ...fields: string[]): Promise<LapManifest> {
  const command = world.start('lap', '--run', run, '--keep', ...fields);
  if ((await command.exit) !== 0) throw new Error(`${run} failed:\n${command.output()}`);
  const manifest = world.manifest(`${run}/${lap}`);
  expectDeclared(manifest);
  return manifest;
}

const trained = ({ stages }: LapManifest): string[] => stages.map(({ name }) => name);

test('without meta-verification two laps end, and no critique is judged in them', async () => {
  const later = await lapOf('bare', 'lap-0002', '--preset', 'smoke', '--laps', '2', '--set', 'metaVerification=false');
  const first = world.manifest('bare/lap-0001');
  expect(trained(first)).toEqual(['verifierV1', 'verifierV2', 'generator', 'selfVerification']);
  expect(trained(later)).toEqual(['verifierV2', 'generator', 'selfVerification']);
  for (const { analysisScores, models, sets } of [first, later]) {
    expect([analysisScores, models.metaVerifier]).toEqual([undefined, undefined]);
    expect(sets.map(({ setId }) => setId).filter((setId) => /meta|judged/.test(setId))).toEqual([]);
  }
});

test('trajectories instead of one self-analysis, and every verdict of the label rule', async () => {
  const { recipe, labels } = await lapOf(
    'trajectory',
    'lap-0001',
    '--preset',
    'smoke',
    '--set',
    'selfVerification=refine-trajectory',
    '--set',
    'labelling.earlyStop=false',
  );
  expect(recipe.selfVerification).toBe('refine-trajectory');
  expect(labels.set.labels.total).toBe(recipe.labelling.proofs);
});

describe('a lap that goes on from another', () => {
  let parent: LapManifest;
  beforeAll(async () => {
    parent = await lapOf('main', 'lap-0001', '--preset', 'smoke');
  });
  const after = (run: string, ...sets: string[]) =>
    lapOf(run, 'lap-0002', '--from', 'main/lap-0001', ...sets.flatMap((field) => ['--set', field]));

  test('keeps its verifier where verifiers are not retrained, and starts its generator as ever', async () => {
    const lap = await after('frozen', 'retrainVerifier=false');
    expect(trained(lap)).toEqual(['verifierV2', 'generator', 'selfVerification']);
    expect(lap.models.verifier).toEqual(parent.models.verifier);
    expect(lap.recipe.stages.generator.init).toBe('verifierV2');
  });

  test('draws its problems from the first band where there is no curriculum', async () => {
    const { recipe, problems } = await after('level', 'curriculum=none');
    const lengths = readFileSync(world.path('store', problems.train.uri), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as Problem).difficulty ?? 0);
    expect([Math.min(...lengths), Math.max(...lengths)]).toEqual(
      (recipe.domain.settings as RehearsalSettings).difficulties[0],
    );
  });

  test('may consolidate into the base, and train its meta-verifier anew', async () => {
    const lap = await after('anew', 'consolidateFrom=base', 'retrainMetaVerifier=true');
    expect(lap.consolidation?.init).toEqual(lap.base);
    expect(trained(lap)).toEqual(['metaVerifier', 'verifierV2', 'generator', 'selfVerification']);
    expect(lap.models.metaVerifier).not.toEqual(parent.models.metaVerifier);
  });
});
