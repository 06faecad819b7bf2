import { existsSync, readFileSync } from 'node:fs';
import { implicationsChecker } from '../../domains/implications/checker.ts';
import { smoke } from '../../domains/implications/presets.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { DatasetRef, Problem, ScoredProof } from '../../shared/records.ts';
import { expectDeclared } from '../declared.ts';
import { allOutcomes, lapWorld, type LapWorld } from '../lapWorld.ts';

/** A domain that is a folder and a line, of which the rest knows nothing, on the road of every lap. */
const LAP = 'main/lap-0001';
/** Beside what the preset measures, a small search of the base and of the final generator. */
const TEST_TIME = ['problems=4', 'base=true', 'search.proofs=3', 'search.analyses=2', 'search.rounds=1'].flatMap(
  (field) => ['--set', `evaluation.testTime.${field}`],
);
let world: LapWorld;
let exit: number;
let said: string;

beforeAll(async () => {
  world = await lapWorld();
  const command = world.start('lap', '--preset', 'implications-smoke', ...TEST_TIME);
  exit = await command.exit;
  said = command.output();
}, 900_000);
afterAll(() => world.dispose(), 60_000);

const rowsOf = <Row>({ uri }: DatasetRef): Row[] =>
  readFileSync(world.path('store', uri), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);

test('goes through every phase of a lap', () => {
  expect([exit, exit === 0 ? '' : said]).toEqual([0, '']);
  expect(world.manifest(LAP).phases).toHaveLength(10);
  const testTime = { problems: 4, base: true, search: { proofs: 3, analyses: 2, rounds: 1 } };
  expect(world.manifest(LAP).recipe).toEqual({ ...smoke, evaluation: { ...smoke.evaluation, testTime } });
  expectDeclared(world.manifest(LAP));
});

test('has its own problems, prompts and base in the lap', () => {
  const { problems, prompts, base, stages } = world.manifest(LAP);
  expect(rowsOf<Problem>(problems.heldOut)).toHaveLength(12);
  expect(prompts.name).toBe('implications');
  expect(existsSync(world.path('store', 'prompts', prompts.sha256, 'verify.md'))).toBe(true);
  expect(new Set([base.sha256, ...stages.map(({ checkpoint }) => checkpoint.sha256)]).size).toBe(6);
});

test('is scored by its own program, with the truth, in people’s place', () => {
  const { proofScores } = world.manifest(LAP);
  const scored = [...proofScores.train, proofScores.validation].flatMap((ref) => rowsOf<ScoredProof>(ref));
  expect(new Set(scored.map(({ source }) => source))).toEqual(new Set(['program']));
  for (const { problem, proof, score } of scored) expect(score).toBe(implicationsChecker.proofScore(problem, proof));
  expect(new Set(scored.map(({ score }) => score)).size).toBeGreaterThan(1);
});

test('asks models that answer in its formats, often enough', () => {
  const outcomes = allOutcomes(world, LAP);
  expect(new Set(outcomes.map(({ key }) => key)).size).toBe(outcomes.length);
  const answered = outcomes.filter(({ kind }) => kind === 'answered').length;
  expect(answered / outcomes.length).toBeGreaterThan(0.8);
  expect(answered).toBeLessThan(outcomes.length);
});

test('is measured by its own checker', () => {
  const report = JSON.parse(readFileSync(world.path('store', 'laps', LAP, 'report.json'), 'utf8')) as LapReport;
  expect([report.truth, report.truthBy]).toEqual(['checker', 'implications checker']);
  expect(report.generator.trueScoreAfter?.n).toBe(12);
  expect(report.verifier.v2?.scoreAccuracy?.value).toEqual(expect.any(Number));
});

test('searches held-out problems at test time, each call on the lap’s account, and says how often that is right', () => {
  const { evaluation, models, base } = world.manifest(LAP);
  const report = JSON.parse(readFileSync(world.path('store', 'laps', LAP, 'report.json'), 'utf8')) as LapReport;
  expect(evaluation.testTime?.map(({ name, generator, verifier }) => [name, generator, verifier])).toEqual([
    ['search-base', base, models.verifier],
    ['search-selfVerification', models.generator, models.verifier],
  ]);
  for (const { search, calls } of report.testTime ?? []) {
    expect(search?.problems).toBe(4);
    expect(calls).toBeGreaterThanOrEqual(4 * 3);
    const [first, last] = search?.points ?? [];
    expect(first?.searched).toBe(4);
    expect(last?.right?.value).toBeGreaterThanOrEqual(0);
    expect(last?.found?.value).toBeGreaterThanOrEqual(first?.found?.value ?? 1);
  }
  const { ledger, testTime = [] } = report;
  const searched = testTime.reduce((sum, { calls }) => sum + calls, 0);
  const paid = allOutcomes(world, `${LAP}/evaluation`).length;
  expect(ledger.find(({ phase }) => phase === 'evaluation')?.used.calls).toBe(paid);
  expect(paid).toBeGreaterThan(searched);
});
