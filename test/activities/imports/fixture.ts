import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { importProblems, type ImportOptions } from '../../../activities/imports/problems.ts';
import { readProblems } from '../../../domains/proofs/problems.ts';
import type { Problem } from '../../../shared/records.ts';
import { MemoryStore } from '../store/memoryStore.ts';

/** A store and a person's folder, anew for each test. */
export function importWorld() {
  let store: MemoryStore;
  let folder: string;
  beforeEach(async () => {
    store = new MemoryStore();
    folder = await mkdtemp(path.join(tmpdir(), 'flywheel-imports-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  async function put(name: string, content: string | Buffer): Promise<string> {
    const file = path.join(folder, name);
    await writeFile(file, content);
    return file;
  }
  return {
    store: () => store,
    folder: () => folder,
    put,
    bring: async (name: string, content: string | Buffer, options?: ImportOptions) =>
      importProblems(store, await put(name, content), options),
    /** The problems as a lap reads them. */
    problemsIn: async (uri: string): Promise<Problem[]> => {
      const lines = (await store.readText(uri)).split('\n');
      // oxlint-disable-next-line require-yield
      const read = readProblems(uri, async function* () {
        yield* lines;
      });
      return (await read).problems;
    },
  };
}

/** As the MATH data set has them. */
export const MATH = [
  { problem: 'Prove that $1+1=2$.', level: 'Level 1', type: 'Algebra', solution: 'Trivial.', unique_id: 'a-1' },
  { problem: 'Show, that\n"x" is even.', level: 'Level 5', type: 'Number Theory', solution: '', unique_id: 'n-2' },
  { problem: 'Ist φ ≥ 1? \u{1d400}', level: 'Level ?', type: 'Geometry', solution: 'Ja.', unique_id: 'g-3' },
];
export const lines = MATH.map((row) => JSON.stringify(row));
