import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readProblems, splitProblems, writeProblems } from '../../../activities/datasets/problems.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { PRESETS } from '../../../domains/rehearsal/presets.ts';
import type { Recipe } from '../../../shared/lap/recipe.ts';
import type { DatasetRef, Problem } from '../../../shared/records.ts';

let store: FileStore;
const prepareProblems = async (lap: string, recipe: Recipe) =>
  writeProblems(store, lap, await splitProblems(store, { turn: 1, recipe }));
beforeEach(async () => {
  store = new FileStore(await mkdtemp(path.join(os.tmpdir(), 'flywheel-store-')));
});
afterEach(() => rm(store.root, { recursive: true }));

async function file(...lines: unknown[]): Promise<string> {
  await mkdir(store.path('imports'), { recursive: true });
  await writeFile(
    store.path('imports/p.jsonl'),
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  );
  return 'imports/p.jsonl';
}
const problem = (id: string, statement = `Prove ${id}.`) => ({ id, statement, topic: 'algebra', source: 'contest' });

describe('a team’s problems file', () => {
  it('is read line by line; empty lines do not matter', async () => {
    expect(await readProblems(store, await file(problem('a'), '', problem('b')))).toEqual([problem('a'), problem('b')]);
  });

  it.each([
    [
      'an id that comes twice',
      [problem('a'), problem('a', 'Other.')],
      /line 2: the id of problem a stands on line 1 already/,
    ],
    [
      'a statement that comes twice',
      [problem('a', 'Same.'), problem('b', ' Same. ')],
      /line 2: the statement of problem b stands on line 1 already/,
    ],
    ['a missing field', [{ id: 'a', statement: 'x', topic: 'algebra' }], /line 1: source: /],
    ['a misspelt field', [{ ...problem('a'), Topic: 'x' }], /line 1: .*Topic/],
    ['a line that is not JSON', [problem('a'), 'oops'], /line 2: expected a JSON object, got oops/],
    ['an id that would make a path', [problem('../a')], /line 1: id: expected letters/],
  ])('is refused by name for %s', async (_, lines, message) => {
    await expect(readProblems(store, await file(...lines))).rejects.toThrow(message);
  });

  it('that is not there is asked for by its place', async () => {
    await expect(readProblems(store, 'imports/none.jsonl')).rejects.toThrow(
      `got "imports/none.jsonl": put it at ${store.path('imports/none.jsonl')}`,
    );
  });

  it('cannot lie outside the store', async () => {
    await expect(readProblems(store, '../problems.jsonl')).rejects.toThrow(/inside the artifact store/);
  });
});

const read = async (ref: DatasetRef) => (await store.readRows<Problem>(ref)).map(({ id }) => id);

describe('D_p', () => {
  it('is split by problem: no problem is in two splits', async () => {
    const splits = await prepareProblems('main/lap-0001', PRESETS.smoke);
    const all = (await Promise.all([splits.train, splits.validation, splits.heldOut, splits.next].map(read))).flat();
    expect(new Set(all).size).toBe(all.length);
  });

  it('keeps the held-out set whatever the seed, and changes the training problems', async () => {
    const one = await prepareProblems('one/lap-0001', PRESETS.smoke);
    const two = await prepareProblems('two/lap-0001', { ...PRESETS.smoke, seed: 2 });
    expect(two.heldOut.sha256).toBe(one.heldOut.sha256);
    expect(two.train.sha256).not.toBe(one.train.sha256);
  });

  it('of a file is split by its shares, and all of it is used', async () => {
    const path = await file(...Array.from({ length: 20 }, (_, index) => problem(`p${index}`)));
    const recipe = {
      ...PRESETS.smoke,
      domain: {
        ...PRESETS.smoke.domain,
        problems: { kind: 'file' as const, path, validationShare: 0.1, heldOutShare: 0.2 },
      },
    };
    const splits = await prepareProblems('main/lap-0001', recipe);
    expect([splits.heldOut.rows, splits.validation.rows, splits.train.rows]).toEqual([4, 2, 14]);
  });
});
