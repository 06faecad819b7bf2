import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { importGraded } from '../../../activities/imports/graded/graded.ts';
import { readOutcomes } from '../../../activities/sets/outcomes.ts';
import { addPromptSet } from '../../../activities/store/promptSets.ts';
import type { SolveInput } from '../../../shared/products/input.ts';
import { heldAfter, type RefinedProblem } from '../../../shared/products/refinement.ts';
import { curvesOf, refinementFigures } from '../../../shared/products/refinementFigures.ts';
import type { SolveProgress, SolveResult } from '../../../shared/products/search.ts';
import type { DatasetRef } from '../../../shared/records.ts';
import { startSolveWorld, type SolveWorld } from './solveWorld.ts';

jest.setTimeout(120_000);

const QUIET = { medianMs: 2, issues: 0.8, refines: 0.4, unparseable: 0, textBytes: 60 };
const SIZES = { threads: 6, iterations: 4, verdicts: 3 };
let world: SolveWorld;
let problems: string;

beforeAll(async () => {
  world = await startSolveWorld(QUIET);
  // The paper's prompts but for the text that refines and evaluates at once.
  const folder = await mkdtemp(path.join(tmpdir(), 'prompts-'));
  await cp('prompts/paper', folder, { recursive: true });
  await rm(path.join(folder, 'selfVerifyAgain.md'));
  await addPromptSet(world.store, folder, 'mine', () => undefined);
  await rm(folder, { recursive: true });
  problems = await world.problems(
    ['p1', 'p2'].map((id) => ({ id, statement: `Show claim ${id}.`, topic: 'algebra', source: 'made up' })),
  );
});
afterAll(() => world.stop());
afterEach(() => world.stub.change(QUIET));

const start = (name: string, more: Partial<SolveInput> = {}) => world.start({ problems, refine: SIZES, ...more, name });
const solved = async (name: string, more: Partial<SolveInput> = {}): Promise<SolveResult> =>
  (await start(name, more)).result();
const linesOf = (results: DatasetRef): Promise<RefinedProblem[]> => world.store.readRows<RefinedProblem>(results);
const requests = async (): Promise<number> => (await world.stub.stats()).requests;

async function outcomesOf(setId: string) {
  const found = [];
  for await (const outcome of readOutcomes(world.store, setId)) found.push(outcome);
  return found;
}

const passesOf = (lines: readonly RefinedProblem[]) => {
  const curves = lines.map((line) => curvesOf(line, SIZES.iterations));
  return (refinementFigures(curves, SIZES).judges[0]?.points ?? []).map(({ pass }) => pass?.value ?? Number.NaN);
};

test('threads refine what they hold by their own evaluation until they give it 1; each distinct proof is judged', async () => {
  const before = await requests();
  const result = await solved('threads');
  const lines = await linesOf(result.results);
  expect(result).toMatchObject({
    place: 'solve/threads',
    search: { kind: 'sequential', ...SIZES },
    done: { claimed: 2 },
  });
  expect(lines.map(({ problem }) => problem.id)).toEqual(['p1', 'p2']);
  for (const { threads, proofs, best, iterations } of lines) {
    for (const { steps } of threads) {
      expect(steps.length).toBeLessThanOrEqual(SIZES.iterations);
      expect(steps.slice(0, -1).every(({ selfScore }) => selfScore !== 1)).toBe(true);
      expect(steps.length === SIZES.iterations || steps.at(-1)?.selfScore === 1).toBe(true);
    }
    const held = threads.flatMap(({ steps }) => steps.map(({ iteration }) => heldAfter(steps, iteration)?.proof));
    expect(new Set(held)).toEqual(new Set(proofs.map(({ id }) => id)));
    for (const { verdicts } of proofs) expect(verdicts['0'] + verdicts['0.5'] + verdicts['1']).toBe(SIZES.verdicts);
    expect(best).toMatchObject({ selfScore: 1, evidence: { length: SIZES.verdicts } });
    expect(iterations.at(-1)?.held['1']).toBe(threads.filter(({ steps }) => steps.at(-1)?.selfScore === 1).length);
  }
  const answers = lines.flatMap(({ threads }) => threads.flatMap(({ steps }) => steps)).length;
  const judged = lines.flatMap(({ proofs }) => proofs).length;
  expect(result.spent.calls).toBe(answers + judged * SIZES.verdicts);
  expect((await requests()) - before).toBe(result.spent.calls);
  const passes = passesOf(lines);
  expect(passes.at(-1)).toBeGreaterThan(passes[0] as number);
});

test('with the paper’s prompts one answer refines and evaluates; without a text for it there are two calls', async () => {
  const [again] = await outcomesOf('solve/threads/p1/iteration-2/again');
  expect(again).toMatchObject({
    task: 'selfVerify',
    text: expect.stringMatching(/Refined 1 times[^]*## Self Evaluation/),
  });
  const { results, spent } = await solved('two-calls', { prompts: 'mine' });
  expect((await outcomesOf('solve/two-calls/p1/iteration-1/anew'))[0]).toMatchObject({ task: 'selfVerify' });
  const written = await outcomesOf('solve/two-calls/p1/iteration-2/again');
  const evaluated = await outcomesOf('solve/two-calls/p1/iteration-2/evaluations');
  expect(written[0]).toMatchObject({ task: 'refine', text: expect.not.stringContaining('## Self Evaluation') });
  expect(evaluated.map(({ row, task }) => [row, task])).toEqual(written.map(({ row }) => [row, 'verify']));
  const lines = await linesOf(results);
  const second = lines[0]?.threads.flatMap(({ steps }) => steps[1] ?? []) ?? [];
  expect(second.map(({ selfScore }) => selfScore)).toEqual(evaluated.map(({ score }) => score));
  const steps = lines.flatMap(({ threads }) => threads.flatMap((thread) => thread.steps));
  const judged = lines.flatMap(({ proofs }) => proofs).length;
  expect(spent.calls).toBe(
    steps.length + steps.filter(({ iteration }) => iteration > 1).length + judged * SIZES.verdicts,
  );
});

test('an answer that cannot be read leaves a thread with what it has, and it tries on', async () => {
  await world.stub.change({ unparseable: 0.5 });
  const lines = await linesOf((await solved('unread', { refine: { ...SIZES, threads: 16 } })).results);
  const steps = lines.flatMap(({ threads }) => threads.map((thread) => thread.steps));
  const lost = steps.flat().filter(({ outcome }) => outcome === 'unparseable');
  expect(lost.length).toBeGreaterThan(10);
  expect(lost.every(({ proof, selfScore }) => proof === null && selfScore === null)).toBe(true);
  for (const of of steps) {
    expect(of.map(({ iteration }) => iteration)).toEqual(of.map((_, index) => index + 1));
    expect(of.length === SIZES.iterations || of.at(-1)?.selfScore === 1).toBe(true);
  }
  // A thread that had a proof and lost an answer is asked to refine that proof again.
  const kept = steps.some((of) => of.some(({ proof }, index) => index > 0 && proof === null && heldAfter(of, index)));
  expect(kept).toBe(true);
  expect(lines.every(({ iterations }) => iterations.every(({ held }) => sumOf(held) === 16))).toBe(true);
});

test('what not one thread could write is told as such, and nothing is judged', async () => {
  await world.stub.change({ unparseable: 1 });
  const { results, done } = await solved('none');
  expect(done).toMatchObject({ noProof: 2, claimed: 0 });
  expect(await linesOf(results)).toMatchObject([
    { best: null, proofs: [], end: 'noProof', reason: expect.stringContaining('0 of 6 answers') },
    { end: 'noProof' },
  ]);
});

test('whatever ends it, the same again goes on, pays for no call twice and comes to the same', async () => {
  const undisturbed = await world.store.readText((await solved('undisturbed')).results.uri);
  const before = await world.stub.stats();
  for (let calls = 6; calls < 60; calls += 18) {
    const handle = await start('killed');
    while ((await requests()) - before.requests < calls) await sleep(5);
    await handle.terminate('a test kills it');
  }
  const killed = await solved('killed');
  expect(await world.store.readText(killed.results.uri)).toBe(undisturbed);
  const after = await world.stub.stats();
  expect(after.requests - before.requests).toBe(killed.spent.calls + (after.counts['aborted'] ?? 0));
});

test('caps end it with what there is; under greater ones it goes on, and comes to the same', async () => {
  const free = await world.store.readText((await solved('uncapped')).results.uri);
  const before = await requests();
  const capped = await solved('capped', { caps: { calls: 20 } });
  expect(capped).toMatchObject({ done: { capped: 2 }, spent: { calls: 20 } });
  expect((await requests()) - before).toBe(20);
  const lines = await linesOf(capped.results);
  expect(lines[0]).toMatchObject({ end: 'capped', reason: expect.stringContaining('at most 20 calls') });
  const half = await solved('capped', { caps: { calls: 10_000 } });
  expect(await world.store.readText(half.results.uri)).toBe(free);
});

test('people’s grades are joined to the proofs, stay, and are a judge of their own', async () => {
  const { results, spent } = await solved('graded');
  const before = await requests();
  const asked = await world.rowsOf<Record<string, string>>('products/solve/graded/proofs.jsonl');
  expect(asked.map((row) => Object.keys(row))).toEqual(
    asked.map(() => ['problem_id', 'topic', 'problem', 'proof_id', 'proof']),
  );
  const lines = await linesOf(results);
  const written = lines.flatMap(({ proofs }) => proofs.map(({ id }) => id));
  expect(new Set(asked.map((row) => row['proof_id']))).toEqual(new Set(written));
  // People grade those of p1 alone, of seven marks.
  const grades = asked.map((row, index) => ({ ...row, grade: row['problem_id'] === 'p1' ? [7, 3, 0][index % 3] : '' }));
  const file = path.join(tmpdir(), `grades-${process.pid}.jsonl`);
  await writeFile(file, grades.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const { uri: graded } = await importGraded(world.store, 'proofs', [file], { grades: '7=1,1-6=0.5,0=0' });
  await rm(file);
  const first = await solved('graded', { graded });
  const later = await solved('graded');
  expect(later).toEqual(first);
  const [p1, p2] = await linesOf(later.results);
  const said = new Map(grades.map((row) => [(row as Record<string, unknown>)['proof_id'], row.grade]));
  const meant = { 7: 1, 3: 0.5, 0: 0 } as Readonly<Record<string, number>>;
  expect(p1?.proofs.map(({ people }) => people)).toEqual(p1?.proofs.map(({ id }) => meant[String(said.get(id))]));
  expect(p2?.proofs.map(({ people }) => people)).toEqual(p2?.proofs.map(() => undefined));
  expect(await requests()).toBe(before);
  expect(later.spent).toEqual(spent);
});

test('its progress tells the iterations that are done', async () => {
  await world.stub.change({ medianMs: 60 });
  const handle = await start('shown');
  let seen: SolveProgress['underWay'][number] | undefined;
  while (seen === undefined) {
    const told = await handle.query<SolveProgress>('progress').catch(() => undefined); // it has not begun
    seen = told?.underWay.find(({ iteration }) => iteration !== undefined);
    await sleep(20);
  }
  expect(seen).toMatchObject({
    round: seen.iteration?.iteration,
    iteration: { answers: { answered: expect.any(Number) } },
  });
  await handle.result();
});

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
