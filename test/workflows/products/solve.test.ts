import { setTimeout as sleep } from 'node:timers/promises';
import type { RoundSummary, VerdictCounts } from '../../../shared/products/search.ts';
import { problem, startSolveWorld, type SolveWorld } from './solveWorld.ts';

jest.setTimeout(120_000);

const SMALL = { proofs: 4, analyses: 4, refined: 2, shown: 2, rounds: 6 };
let world: SolveWorld;

beforeAll(async () => {
  world = await startSolveWorld();
});
afterAll(() => world.stop());
const CALM = { issues: 0, refines: 0, differ: 0, refused: 0, empty: 0, unparseable: 0, stragglers: 0, boxOfSeven: 0 };
beforeEach(() => world.stub.change(CALM));

test('a proof that passes all n analyses ends its search in round 0', async () => {
  const { problems, done, spent } = await world.solve({
    name: 'sound',
    problems: await world.problems(3),
    search: SMALL,
  });
  expect(done).toMatchObject({ passed: 3, exhausted: 0 });
  expect(spent.calls).toBe(3 * (4 + 4 * 4));
  for (const { problem, best, ancestry, rounds } of problems) {
    expect(best).toMatchObject({ round: 0, mean: 1, verdicts: { '1': 4, missing: 0, spared: 0 } });
    expect(best?.proof).toContain('Seed');
    expect(best?.evidence.map(({ score }) => score)).toEqual([1, 1, 1, 1]);
    expect(ancestry.map(({ id }) => id)).toEqual([best?.id]);
    expect(rounds).toMatchObject([{ round: 0, means: [1, 1, 1, 1], best: 1, passed: 4 }]);
    expect(best?.id).toMatch(new RegExp(`^${problem.id}-r0-\\d$`));
  }
  expect(await world.store.readText('products/solve/sound/report.html')).toContain('3 of 3');
});

test('rounds refine the best until one passes, and the result says where it came from', async () => {
  await world.stub.change({ issues: 0.8, differ: 0.4, refines: 0.6 });
  const { problems, done } = await world.solve({ name: 'rounds', problems: await world.problems(3), search: SMALL });
  expect(done.passed).toBe(3);
  expect(problems.some(({ rounds }) => rounds.length > 2)).toBe(true);
  for (const { best, ancestry, rounds } of problems) {
    expect(rounds.map(({ round }) => round)).toEqual(rounds.map((_, round) => round));
    expect(rounds.map(({ passed }) => passed > 0)).toEqual(rounds.map((_, at) => at === rounds.length - 1));
    expect(ancestry.at(-1)).toMatchObject({ id: best?.id, mean: 1 });
    expect(ancestry.map(({ parent }) => parent)).toEqual([undefined, ...ancestry.slice(0, -1).map(({ id }) => id)]);
    expect(best?.proof).toContain(`Refined ${ancestry.length - 1} times.`);
    const bests = rounds.map((round) => round.best ?? 0);
    expect(bests).toEqual([...bests].sort((a, b) => a - b));
  }
});

test('a refinement is shown analyses that report issues first, the lowest score first', async () => {
  await world.stub.change({ issues: 0.5 });
  const search = { ...SMALL, analyses: 8, shown: 3, rounds: 1 };
  await world.solve({ name: 'shown', problems: await world.problems(2), search });
  const best = await world.rowsOf<{ verdicts: VerdictCounts; analyses: string[] }>(
    'datasets/solve/shown/p0/best-0.jsonl',
  );
  expect(best).toHaveLength(2);
  for (const { verdicts, analyses } of best) {
    const all = ([0, 0.5, 1] as const).flatMap((score) => Array<number>(verdicts[`${score}`]).fill(score));
    expect(analyses.map((text) => Number(/boxed\{(.*)\}/.exec(text)?.[1]))).toEqual(all.slice(0, 3));
  }
});

test('stopping early spares verdicts, and changes no prompt, no proof that passes and no result', async () => {
  await world.stub.change({ issues: 0.7, differ: 1, refines: 0.3 });
  const problems = await world.problems(4);
  const search = { proofs: 8, analyses: 8, refined: 3, shown: 2, rounds: 3 };
  const full = await world.solve({ name: 'full', problems, search: { ...search, earlyStop: false } });
  const early = await world.solve({ name: 'early', problems, search });
  const known = ({ problems }: typeof full) =>
    problems.map(({ end, best, ancestry, rounds }) => [end, best, ancestry, rounds.map(({ passed }) => passed)]);
  expect(known(early)).toEqual(known(full));
  expect(early.spent.calls).toBeLessThan(full.spent.calls);
  for (const { problem, rounds } of full.problems)
    for (const { round } of rounds.slice(0, -1))
      expect(await world.rowsOf(`datasets/solve/early/${problem.id}/best-${round}.jsonl`)).toEqual(
        await world.rowsOf(`datasets/solve/full/${problem.id}/best-${round}.jsonl`),
      );
  const spared = early.problems.flatMap(({ rounds }) => rounds.map(({ spared = 0 }) => spared));
  expect(spared.reduce((sum, one) => sum + one, 0)).toBe(full.spent.calls - early.spent.calls);
});

test('what gives no proof, no verdict or nothing at all is told as what it is, with one of the answers', async () => {
  const problems = await world.problems(2);
  await world.stub.change({ unparseable: 1 });
  const noProof = await world.solve({ name: 'no-proof', problems, search: SMALL });
  expect(noProof.problems).toMatchObject([
    {
      end: 'noProof',
      best: null,
      reason: expect.stringContaining('0 of 4 answers of solve/no-proof/p0/round-0/proofs'),
    },
    { end: 'noProof' },
  ]);
  await world.stub.change({ unparseable: 0, boxOfSeven: 1 });
  const noVerdict = await world.solve({ name: 'no-verdict', problems, search: SMALL });
  expect(noVerdict.done).toMatchObject({ noVerdict: 2, passed: 0 });
  expect(noVerdict.problems[0]).toMatchObject({
    end: 'noVerdict',
    reason: expect.stringContaining('0 of 16 answers of solve/no-verdict/p0/round-0/verdicts'),
    best: { mean: null, evidence: [], verdicts: { missing: 4 }, proof: expect.stringContaining('Seed') },
  });
  await world.stub.change({ boxOfSeven: 0, refused: 1 });
  const failed = await world.solve({ name: 'refused', problems, search: SMALL });
  expect(failed.problems[0]).toMatchObject({ end: 'failed', best: null, reason: expect.stringContaining('4 failed') });
});

test('a problem with a lost verdict does not pass, whatever the others say', async () => {
  await world.stub.change({ unparseable: 0.85 });
  const search = { ...SMALL, proofs: 16, analyses: 8, rounds: 1 };
  const { problems, done } = await world.solve({ name: 'lost', problems: await world.problems(6), search });
  expect(done.passed).toBe(0);
  const best = problems.flatMap((problem) => problem.best ?? []);
  expect(best.some(({ mean }) => mean === 1)).toBe(true);
  expect(best.every(({ verdicts: { missing } }) => missing > 0)).toBe(true);
});

describe('400s, empty and malformed answers, and stragglers', () => {
  const faults = { refused: 0.01, empty: 0.01, unparseable: 0.05, stragglers: 0.01 };
  const search = { ...SMALL, proofs: 8, analyses: 16, rounds: 1 };

  test('keep no sound proof from passing', async () => {
    const { done, problems } = await world.solve({ name: 'sound-calm', problems: await world.problems(8), search });
    await world.stub.change(faults);
    const faulty = await world.solve({ name: 'sound-faulty', problems: await world.problems(8), search });
    expect([done.passed, faulty.done.passed]).toEqual([8, 8]);
    const sum = (of: (round: RoundSummary) => number): number =>
      faulty.problems.reduce((all, { rounds: [first] }) => all + (first ? of(first) : 0), 0);
    const proofs = sum(({ written }) => written.answered);
    // One verdict in some thousands is lost three times.
    expect(proofs - sum(({ passed }) => passed)).toBeLessThanOrEqual(0.05 * proofs);
    expect(faulty.problems.flatMap(({ rounds }) => rounds.flatMap(({ means }) => means)).every((m) => m === 1)).toBe(
      true,
    );
    expect(problems.every(({ rounds }) => rounds.length === 1)).toBe(true);
  });

  test('let no flawed proof pass', async () => {
    await world.stub.change({ ...faults, issues: 1 });
    const { done, problems } = await world.solve({ name: 'flawed', problems: await world.problems(8), search });
    expect(done.exhausted).toBe(8);
    expect(problems.every(({ best }) => best !== null && (best.mean ?? 1) < 1)).toBe(true);
  });
});

test('one problem that cannot be asked about fails alone, with the reason', async () => {
  const { statement: _, ...broken } = problem(1);
  const problems = await world.problems([problem(0), broken, problem(2)]);
  const { done, problems: solved } = await world.solve({ name: 'alone', problems, search: SMALL });
  expect(done).toMatchObject({ passed: 2, failed: 1 });
  expect(solved[1]).toMatchObject({
    end: 'failed',
    reason: expect.stringContaining('Row "p1": Expected a value for {{problem}} of paper/prove.md'),
  });
});

test('a search that somebody ends by hand fails alone', async () => {
  await world.stub.change({ medianMs: 500 });
  const handle = await world.start({ name: 'by-hand', problems: await world.problems(2), search: SMALL });
  const child = world.env.client.workflow.getHandle('solve/by-hand/p1');
  while ((await child.describe().catch(() => undefined))?.status.name !== 'RUNNING') await sleep(50);
  await child.terminate('not this one');
  await world.stub.change({ medianMs: 2 });
  const { done, problems } = await world.solvedIn(await handle.result());
  expect(done).toMatchObject({ passed: 1, failed: 1 });
  expect(problems[1]).toMatchObject({
    end: 'failed',
    reason: 'Its search ended early: Terminated. The same command goes on with it',
  });
});
