import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { writeProblems } from '../../../activities/datasets/problems.ts';
import { heldOutBefore, splitOf, withoutHeldBack } from '../../../activities/laps/heldOut.ts';
import type { ParentLap } from '../../../activities/laps/parent.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { domains } from '../../../domains/index.ts';
import { smoke } from '../../../domains/rehearsal/presets.ts';
import { placeOf, uri } from '../../../shared/ids.ts';
import type { LapManifest, ProblemSplits } from '../../../shared/lap/manifest.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import type { AlikePair } from '../../../shared/problems/held.ts';
import { sameAs } from '../../../shared/problems/sameAs.ts';
import type { DatasetRef, Problem } from '../../../shared/records.ts';
import { EIGHT_WORDINGS, NOTATIONS } from '../../shared/problems/cases.ts';

let store: FileStore;
beforeEach(() => {
  store = new FileStore(mkdtempSync(path.join(os.tmpdir(), 'flywheel-held-')));
});
afterEach(() => rmSync(store.root, { recursive: true }));

const proofs = domains.of('proofs');
const problem = (id: string, statement: string): Problem => ({ id, statement, topic: 'algebra', source: 'a contest' });
const write = (at: string, problems: readonly Problem[]) => store.writeJsonl(at, problems);
const recipeOf = (seed: number, settings: object): Recipe => ({
  ...smoke,
  seed,
  domain: { ...smoke.domain, name: 'proofs', settings: { validationShare: 0.1, heldOutShare: 0.1, ...settings } },
});

/** A lap's problems, laid out as `openLap` does it, and its manifest as far as the next lap's problems need it. */
async function open(lap: string, recipe: Recipe, manifest?: LapManifest) {
  const divided = await splitOf(store, proofs, { turn: manifest ? 2 : 1, recipe, manifest });
  await store.writeJson(uri.recipe(lap), recipe);
  const problems = await writeProblems(store, lap, divided);
  return { problems, divided, manifest: { lap, recipe, problems } as LapManifest };
}
const rows = (ref: DatasetRef) => store.readRows<Problem>(ref);
const NAMES = ['train', 'validation', 'heldOut', 'next'] as const;

/** Of each family the splits that its members are in; training and next are one. */
async function splitsOf(problems: ProblemSplits, families: readonly (readonly string[])[]): Promise<string[][]> {
  const found = families.map(() => new Set<string>());
  for (const name of NAMES)
    for (const { statement } of await rows(problems[name]))
      for (const [index, family] of families.entries())
        if (family.includes(statement)) found[index]?.add(name === 'next' ? 'train' : name);
  return found.map((names) => [...names].sort());
}

const wordings = EIGHT_WORDINGS.flatMap((family, index) => family.map((each, n) => problem(`p${index}-${n}`, each)));

test('no problem is in two splits, in whichever of its eight wordings, and every pair is listed', async () => {
  await write('imports/p.jsonl', wordings);
  const { problems } = await open('main/lap-0001', recipeOf(1, { path: 'imports/p.jsonl' }));
  const splits = await splitsOf(problems, EIGHT_WORDINGS);
  expect(splits.filter((names) => names.length !== 1)).toEqual([]);
  expect([problems.heldOut.rows, problems.validation.rows, problems.train.rows]).toEqual([32, 32, 256]);
  expect(problems.alike).toMatchObject({ exact: 280, near: 0 });
  const pairs = await store.readRows<AlikePair>(problems.alike!.pairs);
  expect(pairs).toHaveLength(280);
  expect(pairs[0]).toMatchObject({ kind: 'exact', one: { id: 'p0-0' }, other: { id: 'p0-1' } });
});

test('nor in whichever notation, whatever the seed and the shares', async () => {
  const families = [...NOTATIONS, ...EIGHT_WORDINGS.slice(0, 12)];
  await write(
    'imports/p.jsonl',
    families.flatMap((family, index) => family.map((each, n) => problem(`p${index}-${n}`, each))),
  );
  for (const [seed, share] of [
    [1, 0.1],
    [2, 0.3],
    [3, 0.05],
    [4, 0.2],
    [5, 0.01],
  ] as const) {
    const settings = { path: 'imports/p.jsonl', heldOutShare: share, validationShare: share };
    const divided = await splitOf(store, proofs, { turn: 1, recipe: recipeOf(seed, settings) });
    const problems = await writeProblems(store, `seed-${seed}/lap-0001`, divided);
    const splits = await splitsOf(problems, families);
    expect(splits.filter((names) => names.length !== 1)).toEqual([]);
    expect(new Set(splits.flat())).toEqual(new Set(['train', 'validation', 'heldOut']));
  }
});

const first = (from: number, to: number) =>
  EIGHT_WORDINGS.slice(from, to).map((each, n) => problem(`a${from + n}`, each[0]!));
const later = (from: number, to: number) =>
  EIGHT_WORDINGS.slice(from, to).map((each, n) => problem(`b${from + n}`, each[7]!));

test('what a later file has of held-out and validating problems trains nothing, and is listed with why', async () => {
  await write('imports/a.jsonl', first(0, 30));
  const lap1 = await open('main/lap-0001', recipeOf(1, { path: 'imports/a.jsonl', heldOutShare: 0.2 }));
  await write('imports/b.jsonl', later(0, 40));
  const lap2 = await open('main/lap-0002', recipeOf(1, { path: 'imports/b.jsonl', heldOutShare: 0.2 }), lap1.manifest);
  expect([lap2.problems.heldOut, lap2.problems.validation]).toEqual([lap1.problems.heldOut, lap1.problems.validation]);
  const splits = await splitsOf(lap2.problems, EIGHT_WORDINGS);
  expect(splits.filter((names) => names.length !== 1)).toEqual([]);
  const kept = [...(await rows(lap1.problems.heldOut)), ...(await rows(lap1.problems.validation))];
  const out = await store.readRows<{ id: string; why: string }>(lap2.problems.leftOut!);
  expect(new Set(out.map(({ id }) => id))).toEqual(new Set(kept.map(({ id }) => id.replace('a', 'b'))));
  const [held] = await rows(lap1.problems.heldOut);
  expect(out).toContainEqual({
    id: held!.id.replace('a', 'b'),
    why: `one problem with ${held!.id}, which is held out`,
  });
  expect(lap2.problems.train.rows).toBe(40 - out.length);
});

test('another run, of whatever seed, holds out what was held out: over the same file, the same bytes', async () => {
  await write('imports/a.jsonl', first(0, 30));
  const one = await open('main/lap-0001', recipeOf(1, { path: 'imports/a.jsonl' }));
  const other = await open('seed-2/lap-0001', recipeOf(2, { path: 'imports/a.jsonl' }));
  expect(other.problems.heldOut.sha256).toBe(one.problems.heldOut.sha256);
  expect(other.problems.validation.sha256).not.toBe(one.problems.validation.sha256);
  expect(other.problems.alike).toBeUndefined();
  const made = await store.readMade(other.problems.heldOut.uri);
  expect(made?.from).toContainEqual({
    as: 'held out before',
    uri: one.problems.heldOut.uri,
    sha256: expect.any(String),
  });
});

test('a run over another file holds out the near-copies first, and fills its share with others', async () => {
  await write('imports/a.jsonl', first(0, 20));
  const one = await open('main/lap-0001', recipeOf(1, { path: 'imports/a.jsonl' }));
  await write('imports/b.jsonl', later(0, 40));
  const other = await open('other/lap-0001', recipeOf(5, { path: 'imports/b.jsonl' }));
  const before = (await rows(one.problems.heldOut)).map(({ id }) => id.replace('a', 'b'));
  const now = (await rows(other.problems.heldOut)).map(({ id }) => id);
  expect(now.slice(0, 2)).toEqual(before);
  expect(now).toHaveLength(4);
  // And the first run's next lap does not train on what the second has held out since.
  await write('imports/c.jsonl', [...first(0, 20), ...first(20, 40)]);
  const next = await open('main/lap-0002', recipeOf(1, { path: 'imports/c.jsonl' }), one.manifest);
  const trained = new Set((await rows(next.problems.train)).map(({ id }) => id));
  for (const id of now) expect(trained.has(id.replace('b', 'a'))).toBe(false);
});

test('what laps of generated problems hold out is theirs: it is not read', async () => {
  await store.writeJson(uri.recipe('main/lap-0001'), smoke);
  await write(uri.dataset(placeOf('main/lap-0001', 'open'), 'heldOut'), first(0, 3));
  expect(await heldOutBefore(store, domains.of('rehearsal'))).toEqual({ problems: [], read: [] });
  expect((await heldOutBefore(store, proofs)).problems).toEqual([]);
});

test('problems of a benchmark that the recipe names are left out, in every notation', async () => {
  await write('imports/a.jsonl', first(0, 20));
  await write('imports/benchmark.jsonl', later(3, 5));
  const settings = { path: 'imports/a.jsonl', decontaminate: ['imports/benchmark.jsonl'] };
  const { problems } = await open('main/lap-0001', recipeOf(1, settings));
  expect(await store.readRows(problems.leftOut!)).toEqual([
    { id: 'a3', why: 'one problem with b3, of imports/benchmark.jsonl' },
    { id: 'a4', why: 'one problem with b4, of imports/benchmark.jsonl' },
  ]);
  const all = (await Promise.all(NAMES.map((name) => rows(problems[name])))).flat();
  expect(all.filter(({ id }) => ['a3', 'a4'].includes(id))).toEqual([]);
  const missing = recipeOf(1, { ...settings, decontaminate: ['imports/none.jsonl'] });
  await expect(open('x/lap-0001', missing)).rejects.toThrow(
    'domain.settings.decontaminate: expected a file of problems in the store, got "imports/none.jsonl"',
  );
});

test('a field joins problems that differ in numbers alone, and another says how similar is alike', async () => {
  await write('imports/a.jsonl', first(0, 20));
  await expect(open('main/lap-0001', recipeOf(1, { path: 'imports/a.jsonl', ignoreNumbers: true }))).rejects.toThrow(
    'Expected imports/a.jsonl to hold problems to train on, got 20 in all, 20 held out and 0 that validate',
  );
  const two = 'Let n be a positive integer. Prove that the sum of the first n odd numbers is the square of n.';
  await write('imports/b.jsonl', [...first(0, 9), problem('c', two), problem('d', two.replace('Let n', 'Say n'))]);
  const strict = await open('b/lap-0001', recipeOf(1, { path: 'imports/b.jsonl', similarity: 1 }));
  expect(strict.problems.alike).toBeUndefined();
  const usual = await open('c/lap-0001', recipeOf(1, { path: 'imports/b.jsonl' }));
  expect(usual.problems.alike).toMatchObject({ exact: 0, near: 1 });
});

describe('a chain that was split before statements were compared', () => {
  const proofOf = (of: Problem) => ({ id: `${of.id}-r0-0`, problem: of, proof: 'P', model: 'm', score: 1 });
  let manifest: LapManifest;
  let parent: ParentLap;
  const [held, copy, other] = [first(0, 1)[0]!, later(0, 1)[0]!, first(1, 2)[0]!];

  beforeEach(async () => {
    const at = (name: string) => uri.dataset(placeOf('main/lap-0001', 'open'), name);
    const train = await write(at('train'), [copy, other]);
    const [validation, heldOut] = [
      await write(at('validation'), [first(2, 3)[0]!]),
      await write(at('heldOut'), [held]),
    ];
    const rowsOf = (name: string, problems: readonly Problem[]) =>
      store.writeJsonl(`datasets/main/lap-0001/${name}.jsonl`, problems.map(proofOf));
    const recipe = recipeOf(1, { path: 'imports/a.jsonl' });
    await store.writeJson(uri.recipe('main/lap-0001'), recipe);
    manifest = { lap: 'main/lap-0001', recipe, problems: { train, validation, heldOut, next: train } } as LapManifest;
    parent = {
      lap: 'main/lap-0001',
      proofScores: { train: [await rowsOf('old', [other]), await rowsOf('grown', [copy, other])], validation },
      labels: { proofs: await rowsOf('labelled', [copy]), carried: await rowsOf('carried', [copy, other]) },
    } as unknown as ParentLap;
    await write('imports/a.jsonl', [held, copy, other, first(2, 3)[0]!]);
  });

  test('trains on no near-copy from its next lap on: no problem, and no scored or carried proof', async () => {
    const { divided, problems } = await open('main/lap-0002', manifest.recipe, manifest);
    expect((await rows(problems.train)).map(({ id }) => id)).toEqual([other.id]);
    const taken = await withoutHeldBack(store, 'main/lap-0002', proofs, manifest.recipe, { parent, manifest, divided });
    const ids = async (ref: DatasetRef) => (await rows(ref)).map(({ id }) => id);
    const [old, grown] = taken.parent.proofScores.train;
    expect(old).toEqual(parent.proofScores.train[0]);
    expect(await ids(grown!)).toEqual([`${other.id}-r0-0`]);
    expect(await ids(taken.parent.labels.proofs)).toEqual([]);
    expect(await ids(taken.parent.labels.carried!)).toEqual([`${other.id}-r0-0`]);
    expect(taken.divided.leftOut).toEqual([{ id: copy.id, why: `one problem with ${held.id}, which is held out` }]);
  });

  test('that has none takes over what it has as it is, and writes nothing', async () => {
    const own = { ...parent, proofScores: { ...parent.proofScores, train: parent.proofScores.train.slice(0, 1) } };
    const { proofScores, labels } = own;
    const clean = { ...own, labels: { ...labels, proofs: proofScores.train[0]!, carried: proofScores.train[0]! } };
    const { divided } = await open('main/lap-0002', manifest.recipe, manifest);
    const files = readdirSync(store.path('datasets/main/lap-0002/problems'));
    const taken = await withoutHeldBack(store, 'main/lap-0002', proofs, manifest.recipe, {
      parent: clean,
      manifest,
      divided,
    });
    expect(taken.parent).toEqual(clean);
    expect(readdirSync(store.path('datasets/main/lap-0002/problems'))).toEqual(files);
    expect(existsSync(store.path('datasets/main/lap-0002/problems/proof-scores-0.jsonl'))).toBe(false);
  });
});

test('problems that are one with some others are told by the key of their domain, or by their statements', () => {
  const same = sameAs(proofs, [EIGHT_WORDINGS[0]![0]!]);
  expect([EIGHT_WORDINGS[0]![7]!, EIGHT_WORDINGS[1]![0]!].map(same)).toEqual([true, false]);
  const exact = sameAs(domains.of('rehearsal'), ['1 + 1']);
  expect([' 1 + 1 ', '1 + 2'].map(exact)).toEqual([true, false]);
});
