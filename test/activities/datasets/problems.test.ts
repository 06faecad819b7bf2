import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { splitProblems, writeProblems } from '../../../activities/datasets/problems.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { domains } from '../../../domains/index.ts';
import { smoke } from '../../../domains/rehearsal/presets.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import type { DatasetRef, Problem } from '../../../shared/records.ts';

let store: FileStore;
const prepareProblems = async (lap: string, recipe: Recipe) =>
  writeProblems(store, lap, await splitProblems(store, domains.of(recipe.domain.name), { turn: 1, recipe }));
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

const read = async (ref: DatasetRef) => (await store.readRows<Problem>(ref)).map(({ id }) => id);

describe('D_p', () => {
  it('is split by problem: no problem is in two splits', async () => {
    const splits = await prepareProblems('main/lap-0001', smoke);
    const all = (await Promise.all([splits.train, splits.validation, splits.heldOut, splits.next].map(read))).flat();
    expect(new Set(all).size).toBe(all.length);
  });

  it('keeps the held-out set whatever the seed, and changes the training problems', async () => {
    const one = await prepareProblems('one/lap-0001', smoke);
    const two = await prepareProblems('two/lap-0001', { ...smoke, seed: 2 });
    expect(two.heldOut.sha256).toBe(one.heldOut.sha256);
    expect(two.train.sha256).not.toBe(one.train.sha256);
  });

  it('of a file is split by its shares, and all of it is used', async () => {
    const path = await file(...Array.from({ length: 20 }, (_, index) => problem(`p${index}`)));
    const recipe = {
      ...smoke,
      domain: { ...smoke.domain, name: 'proofs', settings: { path, validationShare: 0.1, heldOutShare: 0.2 } },
    };
    const splits = await prepareProblems('main/lap-0001', recipe);
    expect([splits.heldOut.rows, splits.validation.rows, splits.train.rows]).toEqual([4, 2, 14]);
  });

  it('of a file that is not in the store is refused by the field, with how to take it in', async () => {
    const of = (path: string) =>
      prepareProblems('main/lap-0001', {
        ...smoke,
        domain: { ...smoke.domain, name: 'proofs', settings: { path, validationShare: 0.1, heldOutShare: 0.2 } },
      });
    for (const path of ['imports/none.jsonl', '../problems.jsonl', '/home/ada/problems.jsonl', 'imports'])
      await expect(of(path)).rejects.toThrow(
        `domain.settings.path: expected a file of problems in the store, got "${path}", which is not there: ` +
          '`flywheel ' +
          'import problems FILE` takes a file of yours in',
      );
  });

  const ofFile = async (bytes: string | Buffer, more = {}) => {
    await store.write('imports/p.jsonl', bytes);
    const settings = { path: 'imports/p.jsonl', validationShare: 0.1, heldOutShare: 0.1, ...more };
    return prepareProblems('main/lap-0001', { ...smoke, domain: { ...smoke.domain, name: 'proofs', settings } });
  };
  const lines = (...statements: string[]): string =>
    statements.map((each, n) => `${JSON.stringify(problem(`p${n}`, each))}\n`).join('');

  it('of a file with a byte order mark, or of such files put together, is read without it', async () => {
    const splits = await ofFile(`\ufeff${lines('A1', 'A2', 'A3')}\ufeff${JSON.stringify(problem('d'))}\r\n`);
    expect([splits.heldOut.rows, splits.validation.rows, splits.train.rows]).toEqual([1, 1, 2]);
    expect(splits).not.toHaveProperty('leftOut');
  });

  it.each([
    ['UTF-16 with a mark', Buffer.from(`\ufeff${lines('A')}`, 'utf16le'), 'line 1: expected UTF-8, got UTF-16'],
    ['UTF-16 without one', Buffer.from(lines('A'), 'utf16le'), 'line 1: expected UTF-8, got UTF-16'],
    ['UTF-16 the other way round', Buffer.from(lines('A'), 'utf16le').swap16(), 'line 1: expected UTF-8, got UTF-16'],
    [
      'Latin 1',
      Buffer.from(lines('A', 'für'), 'latin1'),
      'line 2: expected UTF-8, got other bytes after 25 characters',
    ],
    [
      'a byte NUL',
      lines('A').replace('A', '\0'),
      'line 1: expected a JSON object, got {"id":"p0","statement":"\\u{0}"',
    ],
  ])('of a file in %s is refused by line, with what to do', async (_, bytes, refusal) => {
    await expect(ofFile(bytes)).rejects.toThrow(refusal);
  });

  it('keeps the names of what was left out', async () => {
    const splits = await ofFile(lines('A1', 'A2', 'A3', 'D'.repeat(40)), {
      maxStatementCharacters: 30,
      maxLeftOutShare: 0.25,
    });
    expect(await store.readRows(splits.leftOut!)).toEqual([
      { id: 'p3', why: 'its statement has 40 characters, more than 30' },
    ]);
  });

  it('of a domain that lets half a character in is refused by the problem', async () => {
    const careless = {
      ...domains.of('rehearsal'),
      problems: async () => ({ train: [problem('a', '\ud835')], next: [], validation: [], heldOut: [] }),
    };
    await expect(splitProblems(store, careless, { turn: 1, recipe: smoke })).rejects.toThrow(
      'Domain rehearsal, problem a: statement: expected whole characters',
    );
  });

  it('is refused where the domain breaks its promise', async () => {
    const leaking = {
      ...domains.of('rehearsal'),
      problems: async () => {
        const [one, two] = [problem('a'), problem('b', ' Prove a.')];
        return { train: [two], next: [two], validation: [], heldOut: [one] };
      },
    };
    await expect(splitProblems(store, leaking, { turn: 1, recipe: smoke })).rejects.toThrow(
      'Expected domain rehearsal to give each problem once, got b, the same as a',
    );
  });

  it('is refused where a later lap would train on what its chain holds out, whatever the domain says', async () => {
    const forgetful = {
      ...domains.of('rehearsal'),
      problems: async ({ seed }: { readonly seed: number }) => {
        const [heldOut, validation, train, next] = [0, 1, 2, 3].map((at) => [problem(`p${(at + seed) % 4}`)]);
        return { heldOut: heldOut!, validation: validation!, train: train!, next: next! };
      },
    };
    const first = await splitProblems(store, forgetful, { turn: 1, recipe: smoke });
    const inherited = await writeProblems(store, 'main/lap-0001', first);
    const later = { turn: 2, recipe: { ...smoke, seed: smoke.seed + 2 }, inherited };
    await expect(splitProblems(store, forgetful, later)).rejects.toThrow(
      'Expected domain rehearsal to give each problem',
    );
  });
});
