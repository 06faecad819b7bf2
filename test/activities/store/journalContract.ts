import { Journal, readJournal, type JournalLines } from '../../../activities/store/journal.ts';
import { LeaseHeld } from '../../../activities/store/lease.ts';
import { LeaseLost } from '../../../activities/store/refusals.ts';
import type { Appendable, ArtifactStore } from '../../../activities/store/types.ts';

const LOG = 'logs/a.jsonl';
const lines: JournalLines<{ n: number }> = {
  what: 'a number',
  remedy: 'Restore it',
  isOne: ({ n }) => typeof n === 'number',
};

/** What a journal is in every store. @param open an empty one. */
export function journalContract(open: () => Promise<ArtifactStore>): void {
  let store: ArtifactStore;
  beforeEach(async () => {
    store = await open();
  });
  const opened = async (): Promise<{ journal: Journal<{ n: number }>; there: number[] }> => {
    const there: number[] = [];
    return { journal: await Journal.open(store, LOG, { lines, onLine: ({ n }) => there.push(n) }), there };
  };
  const read = async (): Promise<number[]> => {
    const found: number[] = [];
    for await (const { value } of readJournal(store, LOG, lines)) found.push(value.n);
    return found;
  };

  test('a line is there once its append has resolved, and each has its ordinal', async () => {
    expect(await read()).toEqual([]);
    const { journal } = await opened();
    expect(await Promise.all([5, 6, 7].map((n) => journal.append({ n })))).toEqual([0, 1, 2]);
    expect(await read()).toEqual([5, 6, 7]);
    expect(await journal.line(1)).toBe('{"n":6}');
    expect(await (await journal.reader())(2)).toBe('{"n":7}');
    await journal.close();
    const again = await opened();
    expect(again.there).toEqual([5, 6, 7]);
    expect(await again.journal.append({ n: 8 })).toBe(3);
    expect(await again.journal.line(3)).toBe('{"n":8}');
    await again.journal.close();
    await expect(again.journal.append({ n: 9 })).rejects.toThrow('it was closed');
  });

  test('a last line without its end is none, and the next one takes its place', async () => {
    await store.write(LOG, '{"n":1}\n{"n":2}');
    expect(await read()).toEqual([1]);
    const { journal, there } = await opened();
    await journal.append({ n: 3 });
    await journal.close();
    expect(there).toEqual([1]);
    expect(await store.readText(LOG)).toBe('{"n":1}\n{"n":3}\n');
  });

  test.each(['{"n":1', '{"n":"1"}', 'null', ''])('the line %j among others is refused by its place', async (line) => {
    await store.write(LOG, `{"n":0}\n${line}\n{"n":2}\n`);
    const refusal = `Expected line 2 of ${LOG} (byte 8) to be a number, got ${JSON.stringify(line)}`;
    await expect(read()).rejects.toThrow(refusal);
    await expect(opened()).rejects.toThrow(refusal);
    await store.write(LOG, '');
    await (await opened()).journal.close();
  });

  test('it has one writer', async () => {
    const { journal } = await opened();
    await expect(opened()).rejects.toThrow(LeaseHeld);
    await journal.close();
    await (await opened()).journal.close();
    expect(await store.exists(`${LOG}.lock`)).toBe(false);
  });

  test('one whose lease another has taken writes nothing more, and changes nothing that is there', async () => {
    const { journal } = await opened();
    await journal.append({ n: 1 });
    const elapsed = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 61_000);
    await store.remove(`${LOG}.lock`);
    await store.write(LOG, '{"n":1}\n{"n":2}\n');
    await expect(journal.append({ n: 3 })).rejects.toThrow(LeaseLost);
    elapsed.mockRestore();
    await journal.close();
    expect(await read()).toEqual([1, 2]);
  });

  test('after a write that failed it takes nothing more, and opened again it goes on', async () => {
    const make = store.appendable.bind(store);
    store.appendable = async (uri): Promise<Appendable> => {
      const file = await make(uri);
      const append = file.append.bind(file);
      file.append = async (bytes, outlasts) => {
        await append(bytes.subarray(0, 5), outlasts);
        throw new Error('ENOSPC: no space left on device');
      };
      return file;
    };
    const { journal } = await opened();
    const failing = Promise.all([journal.append({ n: 1 }), journal.append({ n: 2 })]);
    await expect(failing).rejects.toThrow(`Could not append to ${LOG}: ENOSPC`);
    await expect(journal.append({ n: 3 })).rejects.toThrow('ENOSPC');
    await expect(journal.reader()).rejects.toThrow('ENOSPC');
    await journal.close();
    store.appendable = make;
    const again = await opened();
    await again.journal.append({ n: 4 });
    await again.journal.close();
    expect(await read()).toEqual([4]);
  });
}
