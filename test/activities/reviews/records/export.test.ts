import { execFileSync } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { rowsOf } from '../../../../activities/imports/rows.ts';
import { openSource } from '../../../../activities/imports/source.ts';
import { ReviewLog } from '../../../../activities/reviews/log.ts';
import { recordAsked } from '../../../../activities/reviews/records/asked.ts';
import { exportVerdicts } from '../../../../activities/reviews/records/export.ts';
import { ownRow } from '../../../../activities/reviews/records/brought.ts';
import type { ReviewEntry, ReviewSetInput } from '../../../../shared/review/reviews.ts';
import type { Score } from '../../../../shared/scores.ts';
import { newFolder, newStore, proofRow } from '../../../reports/figures/lapFixture.ts';

const LAP = 'main/lap-0001';
const SET = `${LAP}/label/experts`;
let store: Awaited<ReturnType<typeof newStore>>;
let log: ReviewLog;

const minute = (at: number): string => new Date(Date.UTC(2026, 4, 1, 12, at)).toISOString();
const verdict = (annotator: string, score: Score, at: number, more: object = {}): ReviewEntry => ({
  kind: 'verdict',
  id: `verdict ${annotator}`,
  at: minute(at),
  seat: 1,
  seconds: 90,
  verdict: { annotator, score, source: 'expert', verdictId: annotator, comment: `So says ${annotator}.`, ...more },
});

beforeEach(async () => {
  store = await newStore();
  log = new ReviewLog(store);
  const proofs = [1, 2, 3].map((index) => proofRow(index, 1));
  const subject = await store.writeJsonl(`datasets/${LAP}/label/contested.jsonl`, proofs);
  await recordAsked(store, {
    setId: SET,
    kind: 'scoreContestedProof',
    lap: LAP,
    subject,
    experts: 'people',
    seats: 2,
    deadlineHours: 72,
    onDeadline: 'carry',
  } as ReviewSetInput);
  await log.append(SET, 'proof-1', [
    verdict('ada', 1, 1, { lines: [2, 3], uncertain: true }),
    verdict('emmy', 1, 2, { analyses: [{ analysis: 0, real: [true, false], score: 0.5 }] }),
    {
      kind: 'result',
      id: 'result',
      at: minute(2),
      result: { kind: 'scored', score: 1, source: 'expert', verdicts: 2, adjudicated: false },
    },
  ]);
  await log.append(SET, 'proof-2', [
    verdict('ada', 0, 3),
    { kind: 'withdrawn', id: 'withdrawn verdict ada', at: minute(4), annotator: 'ada', of: 'verdict ada' },
    { kind: 'givenBack', id: 'givenBack ada tooLong', at: minute(5), annotator: 'ada', reason: 'tooLong' },
    { kind: 'flag', id: 'flag emmy', at: minute(6), annotator: 'emmy', reason: 'cut off' },
  ]);
  await store.writeJsonl(`reviews/${SET}.jsonl`, [{ id: 'proof-1', result: { kind: 'open' } }], {
    by: 'collectReviews',
    from: {},
  } as never);
});

async function exported(options: Parameters<typeof exportVerdicts>[2] = {}) {
  const folder = await newFolder();
  const counts = await exportVerdicts(store, folder, options);
  const bytes = async (name: string) => (await readFile(path.join(folder, name))).toString('base64');
  const lines = async (name: string) =>
    (await readFile(path.join(folder, name), 'utf8')).split('\n').filter((line) => line !== '');
  const rows = async (name: string) => (await lines(name)).map((line) => JSON.parse(line) as Record<string, unknown>);
  return { folder, counts, bytes, lines, rows };
}

test('all that was said is a row with an id of its own, also what was taken back, and results of sets are none', async () => {
  const { counts, rows } = await exported();
  expect(counts).toEqual({ said: 7, questions: 2, withoutTexts: 0 });
  const said = await rows('verdicts.jsonl');
  expect(new Set(said.map(({ id }) => id))).toEqual(
    new Set([
      `${SET}/proof-1#verdict ada`,
      `${SET}/proof-1#verdict emmy`,
      `${SET}/proof-1#result`,
      `${SET}/proof-2#verdict ada`,
      `${SET}/proof-2#withdrawn verdict ada`,
      `${SET}/proof-2#givenBack ada tooLong`,
      `${SET}/proof-2#flag emmy`,
    ]),
  );
  const by = (id: string) => said.find((row) => row['id'] === `${SET}/${id}`);
  expect(by('proof-1#verdict ada')).toEqual({
    id: `${SET}/proof-1#verdict ada`,
    question: `${SET}/proof-1`,
    set: SET,
    lap: LAP,
    kind: 'scoreContestedProof',
    entry: 'verdict',
    at: minute(1),
    annotator: 'ada',
    source: 'expert',
    score: 1,
    assisted: false,
    uncertain: true,
    comment: 'So says ada.',
    reason: null,
    lines: '[2,3]',
    analyses: null,
    seat: 1,
    seconds: 90,
    verdict_id: 'ada',
    takes_back: null,
    result: null,
    taken_from: null,
  });
  expect(by('proof-2#withdrawn verdict ada')?.['takes_back']).toBe(`${SET}/proof-2#verdict ada`);
});

test('questions say how they stand, by what counts, and on request what they are about', async () => {
  const { rows } = await exported({ withTexts: true });
  expect(await rows('questions.jsonl')).toMatchObject([
    { row: 'proof-1', result: 'scored', score: 1, problem: 'Prove claim 1.', analysis: null },
    { row: 'proof-2', result: 'open', score: null, standing: `["${SET}/proof-2#flag emmy"]` },
  ]);
});

test('equal records give equal bytes, and after more verdicts every earlier row is there, unchanged', async () => {
  const [first, again] = [await exported(), await exported()];
  for (const name of ['verdicts.jsonl', 'verdicts.parquet', 'questions.jsonl', 'questions.parquet'])
    expect(await again.bytes(name)).toBe(await first.bytes(name));
  await log.append(SET, 'proof-2', [verdict('kurt', 0.5, 7, { lines: [1] })]);
  await log.append(SET, 'proof-3', [verdict('ada', 0, 8)]);
  const later = new Set(await (await exported()).lines('verdicts.jsonl'));
  const before = await first.lines('verdicts.jsonl');
  expect(before.filter((line) => later.has(line))).toEqual(before);
  expect(later.size).toBe(before.length + 2);
});

test('an export into its own folder takes the place of the earlier one, and leaves no parts', async () => {
  const { folder } = await exported();
  await log.append(SET, 'proof-3', [verdict('ada', 0, 8)]);
  expect(await exportVerdicts(store, folder, {})).toMatchObject({ said: 8 });
  expect((await readdir(folder)).sort()).toEqual([
    'questions.jsonl',
    'questions.parquet',
    'verdicts.jsonl',
    'verdicts.parquet',
  ]);
});

test('a lap, a set and a time leave the rest out', async () => {
  await log.append('main/lap-0002/label/experts', 'proof-9', [verdict('ada', 0, 9)]);
  await log.append(`${SET}-more`, 'proof-9', [verdict('ada', 0, 9)]);
  const saidOf = async (options: Parameters<typeof exportVerdicts>[2]) => (await exported(options)).counts.said;
  expect(await saidOf({})).toBe(9);
  expect(await saidOf({ below: LAP })).toBe(8);
  expect(await saidOf({ below: `${SET}/` })).toBe(7);
  expect(await saidOf({ since: minute(5) })).toBe(4);
  expect(await saidOf({ below: 'main/lap-0003' })).toBe(0);
});

test('what is written out of people can be taken in elsewhere', async () => {
  const { folder } = await exported();
  for (const file of ['verdicts.jsonl', 'verdicts.parquet']) {
    const read = [];
    for await (const row of rowsOf(await openSource(path.join(folder, file), 'verdicts')).rows) read.push(ownRow(row));
    expect(read.filter(({ kind }) => kind === 'unreadable')).toEqual([]);
    expect(read.filter(({ kind }) => kind === 'verdict')).toHaveLength(3);
    expect(read.filter(({ kind }) => kind === 'flag')).toHaveLength(1);
    expect(read).toContainEqual(
      expect.objectContaining({
        workflowId: `${SET}/proof-1`,
        sent: {
          annotator: 'emmy',
          score: 1,
          source: 'expert',
          comment: 'So says emmy.',
          uncertain: false,
          verdictId: 'emmy',
          analyses: [{ analysis: 0, real: [true, false], score: 0.5 }],
        },
      }),
    );
  }
});

const READ = `
import json, sys, datasets, pyarrow.parquet
datasets.disable_progress_bars()
out = {}
for form in ("json", "parquet"):
    file = sys.argv[1] + "/verdicts." + ("jsonl" if form == "json" else form)
    rows = datasets.load_dataset(form, data_files=file, cache_dir=sys.argv[2])["train"]
    out[form] = {"rows": rows.num_rows, "score": str(rows.features["score"].dtype),
                 "seconds": str(rows.features["seconds"].dtype), "comment": str(rows.features["comment"].dtype)}
out["arrow"] = pyarrow.parquet.read_table(sys.argv[1] + "/questions.parquet").num_rows
print(json.dumps(out))
`;

const python = process.env['FLYWHEEL_TRAINER_PYTHON'];
(python === undefined ? test.skip : test)("Hugging Face's datasets and pyarrow read both forms", async () => {
  const { folder } = await exported();
  const read = execFileSync(python ?? '', ['-c', READ, folder, path.join(folder, 'cache')]);
  const typed = { rows: 7, score: 'float64', seconds: 'int64', comment: 'string' };
  expect(JSON.parse(read.toString())).toEqual({ json: typed, parquet: typed, arrow: 2 });
});
