import { isAccepted, recordWord, wordsOf } from '../../../activities/datasets/leadsWord.ts';
import { withoutProblems } from '../../../activities/datasets/withoutProblems.ts';
import { parentLap, writeManifest } from '../../../activities/laps/parent.ts';
import { decideLater } from '../../../cli/labels/decisions.ts';
import type { LapManifest } from '../../../shared/lap/manifest.ts';
import { newStore, proofRow, writeLap } from '../../reports/figures/lapFixture.ts';

const first = 'main/lap-0001';
const word = (use: boolean) => ({ about: 'label 0', use, annotator: 'ada' });

/** Two laps, of which the first held its label 0 back. */
async function laps() {
  const store = await newStore();
  const made = await writeLap(store, { lap: first });
  const rows = await store.writeJsonl(`datasets/${first}/proof-scores/held-0.jsonl`, [
    { ...proofRow(1, 0), score: 0, source: 'auto', lap: first },
  ]);
  const one: LapManifest = { ...made, labels: { ...made.labels, held: [{ score: 0, rows }] } };
  const parent = { lap: first, manifest: await writeManifest(store, one) };
  const two: LapManifest = { ...(await writeLap(store, { lap: 'main/lap-0002' })), parent };
  return { store, one, two, parent };
}
const partsOf = async (store: Awaited<ReturnType<typeof laps>>['store'], manifest: LapManifest) =>
  (await parentLap(store, manifest, { uri: '', sha256: '' })).proofScores.train.map(({ uri }) => uri);
const RELEASED = `datasets/${first}/proof-scores/released-0.jsonl`;

test('a held label is no part of the next lap’s D_v until a lead says so, and the newest word holds', async () => {
  const { store, one } = await laps();
  expect(await partsOf(store, one)).not.toContain(RELEASED);
  await decideLater(store, first, 0, word(true), '2026-01-02T00:00:00.000Z');
  const parts = await partsOf(store, one);
  expect(parts.at(-1)).toBe(RELEASED);
  expect(await partsOf(store, one)).toEqual(parts);
  await decideLater(store, first, 0, word(false), '2026-01-03T00:00:00.000Z');
  expect(await partsOf(store, one)).not.toContain(RELEASED);
});

test('a label that is released after the next lap has begun is a part of the one after it, once', async () => {
  const { store, two } = await laps();
  expect(await partsOf(store, two)).not.toContain(RELEASED);
  await decideLater(store, first, 0, word(true), '2026-01-02T00:00:00.000Z');
  expect((await partsOf(store, two)).filter((uri) => uri === RELEASED)).toHaveLength(1);
  const parts = (await parentLap(store, two, { uri: '', sha256: '' })).proofScores.train;
  const three = { ...two, proofScores: { ...two.proofScores, train: parts } };
  expect((await partsOf(store, three)).filter((uri) => uri === RELEASED)).toHaveLength(1);
  await decideLater(store, first, 0, word(false), '2026-01-03T00:00:00.000Z');
  expect(await partsOf(store, three)).not.toContain(RELEASED);
});

test('a released label of which problems fell out since is not taken again', async () => {
  const { store, two } = await laps();
  await decideLater(store, first, 0, word(true), '2026-01-02T00:00:00.000Z');
  const { train } = (await parentLap(store, two, { uri: '', sha256: '' })).proofScores;
  const isOut = ({ id }: { id: string }) => id === 'p1';
  const less = await Promise.all(
    train.map((part, index) =>
      withoutProblems(store, part, { to: `datasets/less-${index}.jsonl`, isOut, because: {} }),
    ),
  );
  const three = { ...two, proofScores: { ...two.proofScores, train: less } };
  expect((await partsOf(store, three)).filter((at) => at === RELEASED || at.includes('less-'))).toHaveLength(1);
});

test('what was released says which rows and whose word it was made of', async () => {
  const { store, one } = await laps();
  await decideLater(store, first, 0, word(true));
  await partsOf(store, one);
  const made = await store.readMade(RELEASED);
  expect(made).toMatchObject({ by: 'releaseLabels', from: [{ as: 'held' }, { as: "lead's word" }] });
});

test('a word about a label that was not held back is refused, and names those that were', async () => {
  const { store } = await laps();
  await expect(decideLater(store, first, 1, word(true))).rejects.toThrow('got 1; it held back 0');
});

test('words are kept one by one; the same word again changes nothing', async () => {
  const store = await newStore();
  const said = { lap: first, word: word(true), at: '2026-01-02T00:00:00.000Z' };
  const recorded = await recordWord(store, said);
  expect(await recordWord(store, said)).toEqual(recorded);
  expect(await isAccepted(store, { lap: first, about: 'label 0' })).toBe(true);
  await recordWord(store, { lap: first, word: word(false), at: '2026-01-03T00:00:00.000Z' });
  expect(await isAccepted(store, { lap: first, about: 'label 0' })).toBe(false);
  const files: string[] = [];
  for await (const at of store.list(`laps/${first}/words/`)) files.push(at);
  expect(files).toHaveLength(2);
  expect((await wordsOf(store, first)).get('label 0')).toMatchObject({ use: false, annotator: 'ada' });
});
