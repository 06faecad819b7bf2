import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { CLEAN_TEACHER, demonstrate, SLOPPY_TEACHER } from '../../domains/rehearsal/base/demonstrations.ts';
import { chainOf } from '../../domains/rehearsal/chain.ts';
import { rehearsalChecker } from '../../domains/rehearsal/checker.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { DatasetRef, Problem, ScoredProof } from '../../shared/records.ts';
import { randomFrom } from '../../shared/seeds.ts';
import { smokeProblems } from '../activities/laps/fixture.ts';
import { expectDeclared } from '../declared.ts';
import { lapWorld, type LapWorld } from '../lapWorld.ts';

/** A team that has graded proofs and, then, a verifier: laps from these alone, two in a chain and one apart. */
const [FIRST, SECOND, FROM_VERIFIER] = ['main/lap-0001', 'main/lap-0002', 'held/lap-0001'];
let world: LapWorld;
let graded: string;
let problems: Readonly<Record<'train' | 'validation' | 'heldOut', readonly Problem[]>>;
const exits: number[] = [];
let said = '';

async function flywheel(...args: string[]): Promise<string> {
  const command = world.start(...args);
  exits.push(await command.exit);
  said += command.output();
  return command.output();
}

/** As a jury grades: 7 for a complete proof, 6 for a sound one, 1 for what is none. */
const POINTS = { 0: 1, 0.5: 6, 1: 7 } as const;

beforeAll(async () => {
  world = await lapWorld();
  problems = await smokeProblems();
  const random = randomFrom(7);
  const rows = [...problems.train, ...problems.validation, ...problems.heldOut].flatMap((problem) =>
    [CLEAN_TEACHER, SLOPPY_TEACHER].map((teacher) => {
      const { answer } = demonstrate('prove', chainOf(problem.statement), teacher, random);
      const proof = answer.replace(/^## Solution\s*/, '').trim();
      return {
        problem: problem.statement,
        response: proof,
        points: POINTS[rehearsalChecker.proofScore(problem, proof)],
      };
    }),
  );
  const file = world.path('graded.jsonl');
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  graded = (JSON.parse(await flywheel('import', 'proofs', file, '--grader', 'jury', '--json')) as { uri: string }).uri;
  const set = (fields: Readonly<Record<string, unknown>>) =>
    Object.entries(fields).flatMap(([field, value]) => ['--set', `${field}=${String(value)}`]);
  const given = {
    coldStart: 'given',
    'given.proofs': graded,
    'experts.gold.proofs': graded,
    'experts.gold.share': 0.3,
  };
  await flywheel('lap', '--preset', 'smoke', '--laps', '2', ...set({ ...given, 'labelling.contested': 'ask' }));
  if (exits.some((exit) => exit !== 0)) return;
  const { verifier } = world.manifest(FIRST).models;
  const people = { 'domain.checker': 'none', 'domain.experts': 'people' };
  const alone = { ...people, 'labelling.contested': 'carry', 'labelling.auditShare': 0, verifier: verifier.uri };
  await flywheel('lap', '--preset', 'smoke', '--run', 'held', ...set(alone));
}, 900_000);
afterAll(() => world.dispose(), 60_000);

const rowsOf = <Row>(...refs: readonly DatasetRef[]): Row[] =>
  refs.flatMap(({ uri }) =>
    readFileSync(world.path('store', uri), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Row),
  );
const reportOf = (lap: string) =>
  JSON.parse(readFileSync(world.path('store', 'laps', lap, 'report.json'), 'utf8')) as LapReport;

test('laps start from graded proofs, and from a verifier, without a cold start', () => {
  expect([exits, exits.every((exit) => exit === 0) ? '' : said]).toEqual([[0, 0, 0], '']);
  const manifests = [FIRST, SECOND, FROM_VERIFIER].map((lap) => world.manifest(lap));
  manifests.forEach(expectDeclared);
  const [first, , third] = manifests.map(({ phases }) => phases.map(({ name }) => name));
  expect(first?.slice(0, 3)).toEqual(['open', 'verifierV1', 'metaData']);
  expect(third).toEqual(['open', 'generator', 'selfVerification', 'scaleVerification', 'evaluation']);
});

test('D_v is what was given, as the checker would score it, but for held-out problems', () => {
  const { proofScores } = world.manifest(FIRST);
  const [train, validation] = [rowsOf<ScoredProof>(...proofScores.train), rowsOf<ScoredProof>(proofScores.validation)];
  expect(new Set(train.map(({ problem }) => problem.id))).toEqual(new Set(problems.train.map(({ id }) => id)));
  expect(new Set(validation.map(({ problem }) => problem.id))).toEqual(
    new Set(problems.validation.map(({ id }) => id)),
  );
  for (const row of [...train, ...validation]) {
    expect(row).toMatchObject({ source: 'given', grader: 'jury', lap: FIRST });
    expect(row.score).toBe(rehearsalChecker.proofScore(row.problem, row.proof));
  }
  expect(new Set(train.map(({ score }) => score)).size).toBeGreaterThan(1);
});

test('the next lap trains on what was given and labelled since, and no figure calls a jury its experts', () => {
  const [first, second] = [world.manifest(FIRST), world.manifest(SECOND)];
  expect(second.proofScores.train.slice(0, 1)).toEqual(first.proofScores.train);
  expect(second.proofScores.train).toContainEqual(first.proofScores.grown);
  const { proofScores } = reportOf(FIRST);
  expect(proofScores.used).toMatchObject({ expert: 0, program: 0, auto: 0, given: expect.any(Number) as number });
  expect(proofScores.peopleShare).toBe(0);
});

test('known answers among contested proofs measure who answers, and train nothing', () => {
  for (const lap of [FIRST, SECOND]) {
    const { gold } = reportOf(lap);
    const contested = rowsOf<{ id: string; proof: string }>({
      uri: `datasets/${lap}/label/contested.jsonl`,
    } as DatasetRef);
    const known = rowsOf<{ id: string }>({ uri: `datasets/${lap}/label/contested-gold.jsonl` } as DatasetRef);
    if (contested.length > 0) {
      expect(known.length).toBeGreaterThan(0);
      // The program knows the truth, as the jury did.
      for (const each of gold ?? []) expect(each).toMatchObject({ source: 'program', accuracy: { value: 1 } });
      expect(gold?.[0]?.accuracy.n).toBe(known.length);
    }
    const grown = rowsOf<ScoredProof>(world.manifest(lap).proofScores.grown);
    const ids = new Set(known.map(({ id }) => id));
    expect(grown.filter(({ id }) => ids.has(id))).toEqual([]);
  }
});

test('a verifier that is there judges proofs and analyses; where nobody scored any, nothing of it is measured', () => {
  const { models, base, proofScores, analysisScores, evaluation, stages } = world.manifest(FROM_VERIFIER);
  const { verifier } = world.manifest(FIRST).models;
  expect([models.verifier, models.metaVerifier]).toEqual([verifier, verifier]);
  expect(verifier.sha256).not.toBe(base.sha256);
  expect(stages.map(({ name }) => name)).toEqual(['generator', 'selfVerification']);
  expect([proofScores.train, proofScores.validation.rows, analysisScores?.train]).toEqual([[], 0, []]);
  expect(evaluation.proofs.rows).toBe(0);
  const { notMeasured, verifier: figures } = reportOf(FROM_VERIFIER);
  expect([figures.base, figures.v2]).toEqual([null, null]);
  expect(notMeasured.find(({ figure }) => figure === 'verifier.v2')?.reason).toMatch(/^there are no held-out proofs/);
});

test('what a lap has gathered is written out as one table, and taken in again', async () => {
  const file = world.path('out.jsonl.gz');
  await flywheel('export', 'proofs', SECOND, file);
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n');
  const { proofScores } = world.manifest(SECOND);
  const all = rowsOf<ScoredProof>(...proofScores.train, proofScores.grown, proofScores.validation);
  expect(lines).toHaveLength(all.length);
  expect(new Set(lines.map((line) => Object.keys(JSON.parse(line) as object).join())).size).toBe(1);
  const again = await flywheel('import', 'proofs', file, '--grader', 'our laps', '--json');
  const { count, dropped } = JSON.parse(again) as { count: number; dropped: unknown[] };
  expect(count + dropped.length).toBe(all.length);
  expect(exits).toEqual([0, 0, 0, 0, 0]);
});
