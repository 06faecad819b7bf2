import { readFileSync } from 'node:fs';
import { FileStore } from '../../activities/store/files.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { ScoredAnalysis } from '../../shared/records.ts';
import { STAGE_NAMES } from '../../shared/stages.ts';
import { undisturbed, type LapWorld } from '../lapWorld.ts';

/**
 * Two laps whose trainings change nothing, their steps being too small for float32: every model of them is the base,
 * and several stand in one dataset.
 */
const LAPS = ['main/lap-0001', 'main/lap-0002'] as const;
const TRAININGS = [...STAGE_NAMES.map((stage) => `stages.${stage}`), 'consolidation'];
let world: LapWorld;
let store: FileStore;

beforeAll(async () => {
  const rates = TRAININGS.flatMap((training) => ['--set', `${training}.learningRate=1e-30`]);
  world = await undisturbed('lap', '--preset', 'smoke', '--laps', '2', ...rates);
  store = new FileStore(world.path('store'));
}, 900_000);
afterAll(() => world?.dispose(), 120_000);

test.each(LAPS)('%s goes through all its phases, and each training says that it changed nothing', async (lap) => {
  const { base, stages, consolidation } = world.manifest(lap);
  const trained = [...(consolidation ? [consolidation] : []), ...stages];
  expect(trained.length).toBe(lap === LAPS[0] ? 5 : 4);
  for (const { checkpoint, warnings = [], jobKey } of trained) {
    expect(checkpoint.sha256).toBe(base.sha256);
    expect(warnings).toContainEqual(
      expect.stringMatching(new RegExp(`^${jobKey} changed nothing: .*What helps: a higher learningRate than 1e-30`)),
    );
  }
  const { warnings } = await store.readJson<LapReport>(`laps/${lap}/report.json`);
  expect(warnings).toEqual(expect.arrayContaining(trained.flatMap(({ warnings = [] }) => warnings)));
  expect(readFileSync(store.path(`laps/${lap}/report.html`), 'utf8')).toContain('changed nothing');
});

test("experts are asked about v1's analyses and the base's, each under an id of its own", async () => {
  const { analysisScores } = world.manifest(LAPS[0]);
  const scored = await store.readRows<ScoredAnalysis>(...(analysisScores?.train ?? []));
  const ids = scored.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(scored.map(({ model }) => model)).size).toBe(1);
  expect(ids.some((id) => id.includes('-base-'))).toBe(true);
});

test('where all of it comes from can still be walked', async () => {
  for (const lap of LAPS) expect(await world.start('lineage', lap).exit).toBe(0);
});
