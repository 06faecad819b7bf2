import { appendFile, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { madeUri, type ArtifactStore } from '../../../activities/store/types.ts';

/**
 * What every store promises (activities/store/types.ts). For an implementation: `describe('…', () => contract(open))`.
 * @param open an empty store. What comes after a kill or a power cut cannot be tried here.
 */
export function contract(open: () => Promise<ArtifactStore>): void {
  let store: ArtifactStore;
  beforeEach(async () => {
    store = await open();
  });
  const listed = async (prefix: string): Promise<string[]> => {
    const uris: string[] = [];
    for await (const uri of store.list(prefix)) uris.push(uri);
    return uris;
  };

  test('what was written is read, by its digest, and in place of what was there', async () => {
    await store.write('a/b.txt', 'first, and longer');
    const ref = await store.write('a/b.txt', 'ü\n');
    expect(await store.readText('a/b.txt')).toBe('ü\n');
    expect(await store.stat('a/b.txt')).toEqual({ bytes: 3, changedAt: expect.any(Number) });
    expect(ref).toEqual(await store.refOf('a/b.txt'));
    expect(Math.abs(Date.now() - ((await store.stat('a/b.txt'))?.changedAt ?? 0))).toBeLessThan(60_000);
  });

  test('what is not there has no size, cannot be read, and is no folder', async () => {
    await store.write('a/b/c', '');
    for (const uri of ['x', 'a/x', 'a/b', 'a/b/c/d']) expect(await store.stat(uri)).toBeUndefined();
    await expect(store.readText('a/x')).rejects.toMatchObject({ name: 'NoArtifact', code: 'ENOENT' });
    await expect(store.readText('a/b/c/d')).rejects.toMatchObject({ name: 'NoArtifact', code: 'ENOENT' });
    await expect(store.readText('a/b')).rejects.toThrow('Expected a/b to be an artifact of the store, got a folder');
    await store.remove('a/x');
    expect(await Promise.all(['a/b/c', 'a/b', 'a', 'a/x', 'a/b/c/d'].map((uri) => store.exists(uri)))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  test('a range is read without what lies beside it', async () => {
    await store.write('a', Buffer.from('0123456789'));
    const text = async (from: number, to: number): Promise<string> =>
      (await store.readBytes('a', { from, to })).toString();
    expect(await text(2, 5)).toBe('234');
    expect(await text(8, 99)).toBe('89');
    expect(await text(8, Infinity)).toBe('89');
    expect(await text(4, 4)).toBe('');
    expect(await text(10, Infinity)).toBe('');
  });

  test('a write that fails changes nothing and leaves nothing', async () => {
    await store.write('a/b', 'old');
    async function* failing(): AsyncGenerator<string> {
      yield 'new';
      throw new Error('its source broke');
    }
    const made = { by: 'nobody', from: [] };
    await expect(store.write('a/b', failing(), made)).rejects.toThrow('its source broke');
    await expect(store.write('a/c', failing(), made)).rejects.toThrow('its source broke');
    expect(await store.readText('a/b')).toBe('old');
    expect(await listed('a')).toEqual(['a/b']);
  });

  test('what is being written is not listed, and the old one is read', async () => {
    await store.write('a/b', 'old');
    async function* inParts(): AsyncGenerator<string> {
      yield 'new ';
      expect(await listed('')).toEqual(['a/b']);
      expect(await listed('a/')).toEqual(['a/b']);
      expect(await store.readText('a/b')).toBe('old');
      yield 'one';
    }
    for (const uri of ['a/c', 'd', 'a/b']) {
      await store.write(uri, inParts());
      expect(await store.readText(uri)).toBe('new one');
      if (uri !== 'a/b') await store.remove(uri);
    }
  });

  test('a URI is in plain form', async () => {
    const ref = await store.write('b//c/../d', '1', { by: 'nobody', from: [] });
    expect(ref).toEqual(await store.refOf('b/d'));
    expect(await store.refOf('./b//d/')).toEqual(ref);
    expect(await listed('')).toEqual(['b/d', madeUri('b/d')]);
    expect(await listed('b//')).toEqual(['b/d', madeUri('b/d')]);
    expect(await store.readMade('b//d/')).toEqual({ sha256: ref.sha256, by: 'nobody', from: [] });
    expect(await store.create('b/./d', '2')).toBe('exists');
    await (await store.appendable('b//d')).close();
    await store.remove('b//d');
    expect(await listed('')).toEqual([]);
  });

  test('a URI is an artifact’s or a folder’s, and neither gives way', async () => {
    await store.write('f', 'f');
    await store.write('g/h', 'h');
    for (const uri of ['f/g', 'f/g/h', 'g']) {
      const refusal = `Expected ${uri} to be free for an artifact, got a folder there or an artifact above it`;
      await expect(store.write(uri, '', { by: 'nobody', from: [] })).rejects.toThrow(refusal);
      await expect(store.create(uri, '')).rejects.toThrow(refusal);
      await expect(store.appendable(uri)).rejects.toThrow(refusal);
      await store.remove('f/g');
    }
    expect(await listed('')).toEqual(['f', 'g/h']);
  });

  test('a reader sees the old or the new, never a part', async () => {
    const texts = ['1', '2', '3', '4'].map((digit) => digit.repeat(300_000));
    await store.write('a', texts[0] ?? '');
    let over = false;
    const writing = (async () => {
      for (const text of [...texts, ...texts]) await store.write('a', text);
      over = true;
    })();
    while (!over) {
      expect(texts).toContain(await store.readText('a'));
      await endOfTurn();
    }
    await writing;
  });

  test('of fifty who create an artifact at once one does, and its content stays', async () => {
    const made = await Promise.all(Array.from({ length: 50 }, (_, n) => store.create('locks/a', `${n}`)));
    expect(made.filter((each) => each === 'created')).toHaveLength(1);
    expect(await store.readText('locks/a')).toBe(`${made.indexOf('created')}`);
    await store.remove('locks/a');
    expect(await store.create('locks/a', 'again')).toBe('created');
    await store.write('locks/b', '');
    expect(await store.create('locks/b', 'late')).toBe('exists');
    expect(await listed('locks/')).toEqual(['locks/a', 'locks/b']);
  });

  test('a list is of all that begins with the prefix, sorted, at any depth', async () => {
    for (const uri of ['l/b/2', 'l/b/10', 'l/a', 'l/b.txt', 'm', 'l/.hidden', 'l/b-1/x']) await store.write(uri, uri);
    expect(await listed('l/b')).toEqual(['l/b-1/x', 'l/b.txt', 'l/b/10', 'l/b/2']);
    expect(await listed('l/b/')).toEqual(['l/b/10', 'l/b/2']);
    expect(await listed('l/')).toHaveLength(6);
    expect(await listed('')).toHaveLength(7);
    expect(await listed('n/')).toEqual([]);
    await store.remove('l/b/10');
    expect(await listed('l/b/')).toEqual(['l/b/2']);
  });

  test.each(['', '..', '../x', 'a/../../x', '/x', '.', 'a\nb', 'a\0b', 'a\x7fb'])(
    'the URI %j is refused by everything',
    async (uri) => {
      const refusal = `Expected a path inside the artifact store, got ${JSON.stringify(uri)}`;
      await expect(store.stat(uri)).rejects.toThrow(refusal);
      await expect(store.readText(uri)).rejects.toThrow(refusal);
      await expect(store.write(uri, '')).rejects.toThrow(refusal);
      await expect(store.create(uri, '')).rejects.toThrow(refusal);
      await expect(store.remove(uri)).rejects.toThrow(refusal);
      await expect(store.exists(uri)).rejects.toThrow(refusal);
      await expect(store.refOf(uri)).rejects.toThrow(refusal);
      await expect(store.readMade(uri)).rejects.toThrow(refusal);
      await expect(store.appendable(uri)).rejects.toThrow(refusal);
      await expect(store.local(uri)).rejects.toThrow(refusal);
      expect(() => store.address(uri)).toThrow(refusal);
    },
  );

  test.each(['../', '/', './', 'a/../../x', '../a'])('of the prefix %j there is no list', async (prefix) => {
    await expect(listed(prefix)).rejects.toThrow('Expected a path inside the artifact store, got');
  });

  test('what an artifact was made of goes with it', async () => {
    const made = { by: 'draft', from: [] };
    await store.write('a', '1', made);
    await store.write('a', '2');
    expect(await store.readMade('a')).toBeUndefined();
    await store.write('a', '3', made);
    await store.remove('a');
    expect(await store.readMade('a')).toBeUndefined();
    expect(await listed('')).toEqual([]);
  });

  test('an artifact is not there before what it was made of', async () => {
    await store.write(`${madeUri('a')}/in-the-way`, '');
    await expect(store.write('a', '', { by: 'draft', from: [] })).rejects.toThrow(
      `Expected ${madeUri('a')} to be free`,
    );
    expect(await store.exists('a')).toBe(false);
  });

  test('what an artifact was made of is there with its digest, and changes with it', async () => {
    const made = {
      by: 'draft',
      from: [
        { as: 'problems', uri: 'p.jsonl', sha256: 'x' },
        { as: 'proofs', setId: 's' },
      ],
    };
    const ref = await store.writeJsonl('d.jsonl', [1, 2], made);
    expect(await store.readMade('d.jsonl')).toEqual({ sha256: ref.sha256, ...made });
    const again = await store.writeJson('d.jsonl', [3], { by: 'draft', from: [] });
    expect(await store.readMade('d.jsonl')).toEqual({ sha256: again.sha256, by: 'draft', from: [] });
    await store.write('e', '');
    expect(await store.readMade('e')).toBeUndefined();
    expect(await listed('d')).toEqual(['d.jsonl', madeUri('d.jsonl')]);
  });

  test('rows are read as they were written, whatever characters they hold; others are refused', async () => {
    const rows = [{ text: 'first\u2028second\r' }, { text: 'c'.repeat(200_000) }, null];
    const ref = await store.writeJsonl('x.jsonl', rows);
    expect(ref.rows).toBe(3);
    expect(await store.readRows(ref)).toEqual(rows);
    await expect(store.readRows({ ...ref, rows: 4 })).rejects.toThrow('and 4 rows, got');
    const unended = await store.write('unended.jsonl', '1\n2');
    expect(await store.readRows({ ...unended, rows: 2 })).toEqual([1, 2]);
    await store.write('x.jsonl', 'null\n');
    await expect(store.readRows(ref)).rejects.toThrow('it was changed after it was written');
    expect(await store.writeJsonl('none.jsonl', [])).toMatchObject({ rows: 0 });
  });

  test('what is appended is there when that has resolved, after what was there', async () => {
    const one = await store.appendable('log/a');
    expect(one.size).toBe(0);
    await one.append(Buffer.from('first\n'), 'a power cut');
    expect(await store.readText('log/a')).toBe('first\n');
    await one.append(Buffer.from('second\nthi'), 'a kill');
    expect((await one.read(6, 13)).toString()).toBe('second\n');
    await one.close();
    const other = await store.appendable('log/a');
    expect(other.size).toBe(16);
    await other.cut(13);
    await other.append(Buffer.from('third\n'), 'a kill');
    expect(other.size).toBe(19);
    await other.close();
    expect(await store.readText('log/a')).toBe('first\nsecond\nthird\n');
    expect((await store.stat('log/a'))?.bytes).toBe(19);
  });

  test('a process gets files of this machine with what is stored', async () => {
    await store.write('models/m/config.json', '{}');
    await store.write('models/m/weights', 'w');
    const folder = await store.local('models/m');
    expect((await readdir(folder)).sort()).toEqual(['config.json', 'weights']);
    expect(await readFile(path.join(folder, 'weights'), 'utf8')).toBe('w');
    expect(await readFile(await store.local('models/m/config.json'), 'utf8')).toBe('{}');
    expect(new URL(store.address('models/m')).pathname).toMatch(/\/models\/m$/);
    await expect(readFile(await store.local('models/none'))).rejects.toMatchObject({ code: 'ENOENT' });
    if (!store.address('models').startsWith('file:')) return;
    expect(folder).toBe(fileURLToPath(store.address('models/m')));
    await appendFile(await store.local('models/m/log'), 'said by a process');
    expect(await store.readText('models/m/log')).toBe('said by a process');
  });
}
