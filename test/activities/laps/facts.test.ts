import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readLap } from '../../../activities/laps/read.ts';
import type { Surroundings } from '../../../activities/laps/facts.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { domains } from '../../../domains/index.ts';
import { config } from '../../../temporal.config.ts';

let store: FileStore;
beforeEach(() => {
  store = new FileStore(mkdtempSync(path.join(os.tmpdir(), 'flywheel-facts-')));
});
afterEach(() => rmSync(store.root, { recursive: true }));

const factsOf = async (input: object, more: Partial<Surroundings> = {}) =>
  (await readLap(store, { domains, root: config.root, ...more }, input)).facts;

const problem = (index: number) =>
  JSON.stringify({ id: `p-${index}`, statement: `Is ${'9'.repeat(index + 1)} prime?`, topic: 't', source: 's' });
const team = {
  preset: 'smoke',
  domain: { name: 'proofs', settings: { path: 'problems.jsonl', validationShare: 0.25 }, base: 'imports/base' },
};

test("a shipped base's sizes and the prompts' tokens are read where they lie, and nothing is written", async () => {
  const facts = await factsOf({ preset: 'smoke' });
  expect(facts).toMatchObject({
    problems: { count: 50, leftOut: 0, splits: { train: 16, validation: 8, heldOut: 14, next: 12 } },
    prompts: { prove: 2, metaVerify: 8 },
    base: {
      parameters: 454_176,
      context: 1024,
      sha256: expect.stringMatching(/^6e165e89/) as string,
      shape: { layers: 4 },
    },
    server: { context: 1024, of: 'the base' },
  });
  expect(facts.refused).toBeUndefined();
  expect(readdirSync(store.root)).toEqual([]);
});

test('problems are counted as the lap will have them: without those that are too long', async () => {
  await store.write('problems.jsonl', Array.from({ length: 16 }, (_, index) => `${problem(index)}\n`).join(''));
  const settings = { ...team.domain.settings, maxStatementCharacters: 24, maxLeftOutShare: 0.2 };
  const facts = await factsOf({ ...team, domain: { ...team.domain, base: 'hf:org/name@main', settings } });
  expect(facts.problems).toEqual({ count: 14, leftOut: 2, splits: { train: 8, validation: 4, heldOut: 2, next: 8 } });
  expect(facts.notes).toEqual(['hf:org/name@main was not fetched yet: its tokens and sizes are not known']);
});

test('what the recipe names and is not there is told field by field, all of it', async () => {
  const domain = { ...team.domain, base: '/models/base', prompts: 'mine' };
  const facts = await factsOf(
    { ...team, domain, inference: { engine: 'external' } },
    { windowOf: () => Promise.reject(new Error('Expected FLYWHEEL_ENDPOINTS to be set')) },
  );
  expect(facts.refused?.map(({ field }) => field)).toEqual([
    'domain.base',
    'domain.prompts',
    'domain.settings',
    'inference.engine',
  ]);
});

test("a server's word on its window counts, and one that is silent is told and not waited for", async () => {
  const asked = { preset: 'smoke' };
  const of = 'http://gpu:8000/v1';
  expect((await factsOf(asked, { windowOf: () => Promise.resolve({ context: 700, of }) })).server).toEqual({
    context: 700,
    of,
  });
  const silent = await factsOf(asked, { windowOf: () => Promise.resolve({ silent: `${of} did not answer` }) });
  expect(silent).toMatchObject({ server: { context: 1024, of: 'the base' }, notes: [`${of} did not answer`] });
});
