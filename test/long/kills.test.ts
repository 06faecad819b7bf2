import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import { allOutcomes, attemptsOf, lapWorld, undisturbed, until, type LapWorld } from '../lapWorld.ts';

const LAP = 'main/lap-0001';
const SMOKE = ['lap', '--preset', 'smoke', '--seed', '5', '--keep'];

let calm: LapWorld;
let killed: LapWorld;
const pids: Record<string, number> = {};

/** One undisturbed lap, and one in which every kind of process is killed with -9 once, amid its work. */
beforeAll(async () => {
  calm = await undisturbed(...SMOKE);

  killed = await lapWorld();
  const disturbed = killed.start(...SMOKE);
  const job = (stage: string, file: string) => killed.path('store', 'jobs', LAP, stage, file);
  const stepDone = (stage: string) => () =>
    existsSync(job(stage, 'metrics.jsonl')) && readFileSync(job(stage, 'metrics.jsonl'), 'utf8').includes('\n');

  await until(() => existsSync(killed.path('store', 'ledger', LAP, 'cold-start', 'draft')));
  pids['workerInColdStart'] = await killed.kill('run', 'worker.json');

  await until(stepDone('verifier-v1'));
  pids['trainer'] = await killed.kill('run', 'jobs', `${encodeURIComponent(`${LAP}/verifier-v1`)}.1.json`);

  await until(() => existsSync(job('meta-verifier', 'attempt-1.json')));
  pids['workerInTraining'] = await killed.kill('run', 'worker.json');

  await until(() => existsSync(job('verifier-v2', 'attempt-1.json')));
  await until(() => existsSync(killed.path('store', 'rewards', LAP, 'verifier-v2', 'rewards.jsonl')));
  pids['rewardService'] = await killed.kill('run', 'reward.json');

  await until(() => existsSync(job('generator', 'attempt-1.json')));
  await sleep(1000);
  pids['temporal'] = await killed.kill('run', 'temporal.json');

  await until(() => existsSync(killed.path('store', 'ledger', LAP, 'label', 'verdicts')));
  pids['modelServer'] = await killed.kill('run', 'servers', 'batcher.1.json');

  if ((await disturbed.exit) !== 0) throw new Error(`The disturbed lap failed:\n${disturbed.output()}`);
}, 900_000);

afterAll(async () => {
  await Promise.all([calm?.dispose(), killed?.dispose()]);
}, 120_000);

const both = (): [LapManifest, LapManifest] => [calm.manifest(LAP), killed.manifest(LAP)];

test('the lap ends although worker, trainer, reward service, server and model server were killed', () => {
  expect(Object.keys(pids)).toHaveLength(6);
  expect(new Set(Object.values(pids)).size).toBe(6);
});

test('problems, prompts, recipe and scores are those of an undisturbed lap', () => {
  const [one, other] = both();
  for (const field of ['problems', 'prompts', 'recipeSha256', 'base', 'proofScores', 'analysisScores'] as const)
    expect(other[field]).toEqual(one[field]);
});

test('every trained checkpoint is, byte for byte, that of an undisturbed lap', () => {
  const [one, other] = both();
  const checkpoints = ({ stages }: LapManifest) => stages.map(({ name, checkpoint }) => [name, checkpoint.sha256]);
  expect(checkpoints(other)).toEqual(checkpoints(one));
});

test('no job is submitted twice: only the killed trainer has a second attempt', () => {
  for (const stage of ['meta-verifier', 'verifier-v2', 'generator', 'self-verification'])
    expect([stage, attemptsOf(killed, `${LAP}/${stage}`)]).toEqual([stage, 1]);
  expect(attemptsOf(killed, `${LAP}/verifier-v1`)).toBe(2);
});

test('no call is on the ledger twice, and every outcome is that of an undisturbed lap', () => {
  const outcomes = allOutcomes(killed, LAP);
  expect(new Set(outcomes.map(({ key }) => key)).size).toBe(outcomes.length);
  const texts = (world: LapWorld) =>
    Object.fromEntries(allOutcomes(world, LAP).map(({ key, kind, text }) => [key, [kind, text]]));
  expect(texts(killed)).toEqual(texts(calm));
});

test('labels are those of an undisturbed lap', () => {
  const [one, other] = both();
  expect(other.labels.set.labels).toEqual(one.labels.set.labels);
  expect(other.labels.set.decisions.sha256).toBe(one.labels.set.decisions.sha256);
  expect(other.proofScores.grown.sha256).toBe(one.proofScores.grown.sha256);
});
