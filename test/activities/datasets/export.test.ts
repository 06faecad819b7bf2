import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { exportedLines } from '../../../activities/datasets/given/export.ts';
import { importGraded } from '../../../activities/imports/graded/graded.ts';
import type { ScoredAnalysis, ScoredProof } from '../../../shared/records.ts';
import { newFolder, newStore, proofRow } from '../../reports/figures/lapFixture.ts';

const scored = (index: number, more: Partial<ScoredProof> = {}): ScoredProof => ({
  ...proofRow(index, 1),
  score: 1,
  source: 'expert',
  lap: 'main/lap-0001',
  ...more,
});
const analysed = (index: number, more: Partial<ScoredAnalysis> = {}): ScoredAnalysis => ({
  ...proofRow(index, 1),
  proofId: `proof-${index}`,
  analysis: `Of ${index}.`,
  analysisScore: 0,
  quality: 1,
  source: 'program',
  lap: 'main/lap-0001',
  ...more,
});

async function lap() {
  const store = await newStore();
  const put = (name: string, rows: readonly object[]) => store.writeJsonl(`datasets/${name}.jsonl`, rows);
  const whole = scored(7, {
    selfAnalysis: 'Mine.',
    selfScore: 0.5,
    score: 0.5,
    firstScore: 0,
    source: 'given',
    grader: 'jury',
    grade: '6',
    scoredAt: '2026-02-01',
    round: 2,
  });
  const manifest = {
    proofScores: {
      train: [
        await put('one', [scored(1), scored(2, { score: 0 })]),
        await put('two', [scored(3, { source: 'auto' })]),
      ],
      grown: await put('grown', [whole]),
      validation: await put('validation', [scored(4, { problem: { ...proofRow(4, 1).problem, difficulty: 2.5 } })]),
    },
    analysisScores: {
      train: [await put('analyses', [analysed(1), analysed(2, { quality: 0.5 })])],
      validation: await put('held', [analysed(3)]),
    },
  };
  const lines = async (kind: 'proofs' | 'analyses', of: Parameters<typeof exportedLines>[1] = manifest) => {
    const all: string[] = [];
    for await (const line of exportedLines(store, of, kind)) all.push(line);
    return all;
  };
  return { store, lines, manifest };
}

test('all parts are one table: the same fields in the same order, null where there is nothing', async () => {
  const { lines } = await lap();
  const written = await lines('proofs');
  const rows = written.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(new Set(rows.map((row) => Object.keys(row).join())).size).toBe(1);
  expect(rows.map(({ id, split, scored_by: by }) => [id, split, by])).toEqual([
    ['proof-1', 'train', 'expert'],
    ['proof-7', 'train', 'given'],
    ['proof-2', 'train', 'expert'],
    ['proof-3', 'train', 'auto'],
    ['proof-4', 'validation', 'expert'],
  ]);
  expect(rows[0]).toMatchObject({ problem: 'Prove claim 1.', problem_id: 'p1', self_analysis: null, grader: null });
  expect(rows[1]).toMatchObject({
    given_grade: '6',
    grader: 'jury',
    first_score: 0,
    scored_at: '2026-02-01',
    round: 2,
  });
});

test('scores are written with their point, and rows with a value in each field come first', async () => {
  const { lines } = await lap();
  const written = await lines('proofs');
  expect(written[0]).toContain('"difficulty":2.0');
  expect(written[0]).toContain('"score":1.0');
  expect(written[4]).toContain('"difficulty":2.5');
  const first = written.slice(0, 2).map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const name of Object.keys(first[0] ?? {})) expect(first.some((row) => row[name] !== null)).toBe(true);
});

test.each(['proofs', 'analyses'] as const)(
  'what is written out of %s is taken in again, and says who scored it',
  async (kind) => {
    const { store, lines } = await lap();
    const file = path.join(await newFolder(), 'out.jsonl');
    const written = await lines(kind);
    await writeFile(file, written.join(''));
    const { uri, dropped, count } = await importGraded(store, kind, [file], { grader: 'our first lap' });
    expect([dropped, count]).toEqual([[], written.length]);
    const again = (await store.readText(uri)).trimEnd().split('\n');
    const rows = again.map((line) => JSON.parse(line) as ScoredProof & ScoredAnalysis);
    const of = (row: Record<string, unknown>) => [row['problem_id'], row['problem'], row['proof'], row['analysis']];
    expect(rows.map(({ problem, proof, analysis }) => [problem.id, problem.statement, proof, analysis])).toEqual(
      written.map((line) => of(JSON.parse(line) as Record<string, unknown>)),
    );
    expect(rows[0]).toMatchObject({
      source: 'given',
      grader: `our first lap (${kind === 'proofs' ? 'expert' : 'program'})`,
    });
    expect(rows.map(({ score, quality }) => quality ?? score)).toEqual(
      written.map((line) => (JSON.parse(line) as Record<string, unknown>)[kind === 'proofs' ? 'score' : 'quality']),
    );
  },
);

/** What Hugging Face's library makes of a file, in the trainer's Python. */
const READ = `
import json, sys, datasets
datasets.disable_progress_bars()
rows = datasets.load_dataset("json", data_files=sys.argv[1], cache_dir=sys.argv[2])["train"]
features = {name: str(of.dtype) for name, of in rows.features.items()}
print(json.dumps({"rows": rows.num_rows, "features": features, "scores": sorted(set(rows["score"]))}))
`;

test('datasets reads it, also where half scores and other fields come after what it infers types from', async () => {
  const { store, lines, manifest } = await lap();
  // It infers types from 10 MB at a time, and refuses what the next ones have otherwise.
  const long = Array.from({ length: 3_000 }, (_, index) => scored(100 + index, { proof: 'x'.repeat(8_000) }));
  const large = await store.writeJsonl('datasets/large.jsonl', long);
  const { proofScores } = manifest;
  const folder = await newFolder();
  const file = path.join(folder, 'out.jsonl');
  await writeFile(
    file,
    await lines('proofs', { proofScores: { ...proofScores, train: [large, ...proofScores.train] } }),
  );
  const read = execFileSync(process.env['FLYWHEEL_TRAINER_PYTHON'] ?? '', [
    '-c',
    READ,
    file,
    path.join(folder, 'cache'),
  ]);
  expect(JSON.parse(read.toString())).toMatchObject({
    rows: 3_005,
    scores: [0, 0.5, 1],
    features: { problem: 'string', difficulty: 'float64', score: 'float64', round: 'int64', self_analysis: 'string' },
  });
});

test('a lap without scored analyses has no line of them', async () => {
  const { lines, manifest } = await lap();
  expect(await lines('analyses', { proofScores: manifest.proofScores })).toEqual([]);
});
