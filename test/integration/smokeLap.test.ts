import { existsSync, readFileSync } from 'node:fs';
import type { LapReport } from '../../shared/report.ts';
import { allOutcomes, attemptsOf, lapWorld, type LapWorld } from '../lapWorld.ts';

const LAP = 'main/lap-0001';
let world: LapWorld;
let exit: number;
let said: string;

beforeAll(async () => {
  world = await lapWorld();
  const command = world.start('lap', '--preset', 'smoke');
  exit = await command.exit;
  said = command.output();
}, 600_000);
afterAll(() => world.dispose(), 60_000);

test('one command runs a lap that is real in every phase', () => {
  expect([exit, exit === 0 ? '' : said]).toEqual([0, '']);
  const manifest = world.manifest(LAP);
  expect(manifest.phases.map(({ name }) => name)).toEqual(
    ['open', 'coldStart', 'verifierV1', 'metaData', 'metaVerifier', 'verifierV2', 'generator', 'selfVerification', 'scaleVerification', 'evaluation'],
  );
  expect(manifest.stages.map(({ jobKey }) => attemptsOf(world, jobKey))).toEqual([1, 1, 1, 1, 1]);
  expect(new Set([manifest.base.sha256, ...manifest.stages.map(({ checkpoint }) => checkpoint.sha256)]).size).toBe(6);
});

test('each model call is paid once', () => {
  const keys = allOutcomes(world, LAP).map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
});

test('the report is recomputed from what is stored', async () => {
  const command = world.start('report', 'lap-0001', '--json');
  expect(await command.exit).toBe(0);
  const report = JSON.parse(command.output()) as LapReport;
  expect(report).toEqual(JSON.parse(readFileSync(world.path('store', 'laps', LAP, 'report.json'), 'utf8')));
  expect(report.labels?.total).toBe((report.labels?.auto ?? 0) + (report.labels?.contested ?? 0));
  expect(existsSync(world.path('store', 'laps', LAP, 'report.html'))).toBe(true);
});

test('a bad field is refused by name, with what was expected and what came', async () => {
  const command = world.start('lap', '--preset', 'smoke', '--run', 'bad', '--set', 'labelling.analysesPerProof=-3');
  expect(await command.exit).not.toBe(0);
  expect(command.output()).toMatch(/labelling\.analysesPerProof: .*>=1, got -3/);
  expect(command.output()).not.toMatch(/\n\s+at /);
}, 120_000);
