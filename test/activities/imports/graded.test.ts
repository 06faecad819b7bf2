import { gzipSync } from 'node:zlib';
import { importGraded } from '../../../activities/imports/graded/graded.ts';
import type { GradedOptions } from '../../../activities/imports/graded/reader.ts';
import type { GradedKind } from '../../../activities/imports/graded/fields.ts';
import type { ScoredAnalysis, ScoredProof } from '../../../shared/records.ts';
import { importWorld } from './fixture.ts';

const { put, store } = importWorld();
const jsonl = (rows: readonly object[]): string => rows.map((row) => JSON.stringify(row)).join('\n');

async function bring<Row = ScoredProof>(
  kind: GradedKind,
  name: string,
  content: string | Buffer,
  options: Partial<GradedOptions> = {},
) {
  const brought = await importGraded(store(), kind, [await put(name, content)], { grader: 'jury', ...options });
  const rows = (await store().readText(brought.uri))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
  return { ...brought, rows };
}
const scores = (rows: readonly ScoredProof[]) => rows.map(({ problem, proof, score }) => [problem.id, proof, score]);

test('a table of common names: the response is graded, and not the reference solution', async () => {
  const { rows, took, scale, problems, byScore } = await bring(
    'proofs',
    'gradingbench.csv',
    [
      'Grading ID,Problem ID,Problem,Solution,Grading guidelines,Response,Points,Reward,Problem Source',
      'GB-1,PB-1,Prove A.,Ref A,(Partial),"Let n = 1,\nso.",7,Correct,IMO 2024',
      'GB-2,PB-1,Prove A.,Ref A,(Partial),By luck.,1,Partial,IMO 2024',
      'GB-3,PB-2,Prove B.,Ref B,(Partial),Nearly.,6,Almost,IMO 2024',
    ].join('\n'),
    { format: 'plain' },
  );
  expect(scores(rows)).toEqual([
    ['PB-1', 'Let n = 1,\nso.', 1],
    ['PB-1', 'By luck.', 0],
    ['PB-2', 'Nearly.', 0.5],
  ]);
  expect(took.fields).toMatchObject({ statement: 'Problem', proof: 'Response', grade: 'Points', id: 'Problem ID' });
  expect(took.beside).toContainEqual({ target: 'proof', chosen: 'Response', others: ['Solution'] });
  expect(took.beside).toContainEqual({ target: 'grade', chosen: 'Points', others: ['Reward'] });
  expect([scale, problems, byScore]).toEqual(['0 to 7: 7 = 1, 5 to 6.5 = 0.5, below = 0', 2, { 0: 1, 0.5: 1, 1: 1 }]);
});

test('models and judges are kept', async () => {
  const row = { problem_id: 'p-1', problem: 'Prove A.', model_id: 'o3', solution: 'So.', score: 1, judge: 'J7' };
  const { rows } = await bring('proofs', 'opc.jsonl', jsonl([row, { ...row, solution: 'No.', score: 0 }]));
  expect(rows[0]).toEqual({
    id: expect.stringMatching(/^given-[0-9a-f]{12}$/) as string,
    problem: { id: 'p-1', statement: 'Prove A.', topic: 'unknown', source: 'opc' },
    proof: 'So.',
    model: 'o3',
    score: 1,
    source: 'given',
    grader: 'jury (J7)',
    grade: '1',
  });
});

test('steps are one proof, and a scale of the place of the first error is said by hand', async () => {
  const rows = [
    { id: 'a', problem: 'Prove A.', steps: ['One.', 'Two.'], label: -1 },
    { id: 'b', problem: 'Prove B.', steps: ['One.', 'Wrong.'], label: 1 },
  ];
  const file = jsonl(rows);
  await expect(bring('proofs', 'processbench.jsonl', file)).rejects.toThrow('got -1 (1), 1 (1)');
  const brought = await bring('proofs', 'processbench.jsonl', file, { grades: '-1=1,0-999=0' });
  expect(scores(brought.rows)).toEqual([
    ['a', 'One.\n\nTwo.', 1],
    ['b', 'One.\n\nWrong.', 0],
  ]);
});

test('rows that name problems by id are looked up, and a statement that is known is that problem', async () => {
  const problems = await put(
    'contest.csv',
    'id,statement,topic,source\np1,Prove A.,algebra,C 2026\np2,Prove B.,geometry,C 2026\n',
  );
  const byId = await bring('proofs', 'g.tsv', 'problem_id\tproof\tgrade\np2\tSo.\tcorrect\np9\tSo.\twrong\n', {
    problems,
  });
  expect(byId.rows.map(({ problem }) => problem)).toEqual([
    { id: 'p2', statement: 'Prove B.', topic: 'geometry', source: 'C 2026' },
  ]);
  expect(byId.dropped).toEqual([{ where: 'line 3', kind: 'unknown problem', why: 'there is no problem "p9"' }]);
  const named = { problem: 'p1', proof: 'So.', grade: 1 };
  const told = { problem: 'Prove B.', proof: 'So.', grade: 0 };
  const both = await bring('proofs', 'g.jsonl', jsonl([named, told]), { problems });
  expect(both.rows.map(({ problem }) => problem.id)).toEqual(['p1', 'p2']);
  await expect(bring('proofs', 'g.csv', 'problem_id,proof,grade\np1,So.,1\n')).rejects.toThrow(
    'or --problems with the file of the problems that its rows name by id',
  );
});

test('what cannot be taken is told: no proof, no such grade, the same proof, grades that differ', async () => {
  const row = { problem: 'Prove A.', proof: 'So.', grade: 7 };
  const rows = [
    row,
    { ...row, proof: '' },
    { ...row, proof: 'x', grade: null },
    { ...row, proof: 'y', grade: 9 },
    { ...row, proof: ' So. ' },
    { ...row, proof: 'z', grade: 0 },
    { ...row, proof: 'z', grade: 7 },
    { ...row, proof: 'half \ud835', grade: 7 },
    { ...row, proof: 'long'.repeat(9), grade: 7 },
  ];
  const brought = await bring('proofs', 'g.jsonl', jsonl(rows), { grades: '0-6=0,7=1', longest: 30 });
  expect(scores(brought.rows)).toMatchObject([[expect.any(String), 'So.', 1]]);
  expect(brought.dropped.map(({ where, kind }) => [where, kind])).toEqual([
    ['line 2', 'no proof'],
    ['line 3', 'no grade'],
    ['line 8', 'broken text'],
    ['line 9', 'too long'],
    ['line 4', 'of no such grade'],
    ['line 5', 'the same proof'],
    ['line 7', 'the same proof'],
    ['line 6', 'graded twice'],
  ]);
});

test('a set is the same artifact in whatever form it comes, and its ids follow its texts', async () => {
  const rows = [
    { problem: 'Prove A.', proof: 'So.', grade: 1 },
    { problem: 'Prove B.', proof: 'So.', grade: 0 },
  ];
  const first = await bring('proofs', 'set.jsonl', jsonl(rows));
  const again = await bring('proofs', 'set.csv.gz', gzipSync('grade,proof,problem\n1,So.,Prove A.\n0,So.,Prove B.\n'));
  expect([again.uri, again.sha256]).toEqual([first.uri, first.sha256]);
  expect(new Set(first.rows.map(({ id }) => id)).size).toBe(2);
  const other = await bring('proofs', 'set.jsonl', jsonl(rows.toReversed()));
  expect(other.rows.map(({ id }) => id)).toEqual(first.rows.map(({ id }) => id).toReversed());
  expect(await store().readMade(first.uri)).toMatchObject({ by: 'importGraded', from: [{ file: 'set.jsonl' }] });
});

test('analyses say the score that they give in our format, or in a field', async () => {
  const verdict = (box: string) =>
    `Here is my evaluation of the solution:\nStep 2 is wrong.\n` +
    `Based on my evaluation, the final overall score should be:\n\\boxed{${box}}`;
  const row = { problem: 'Prove A.', proof: 'So.', quality: 'correct' };
  const rows = [
    { ...row, analysis: verdict('0') },
    { ...row, analysis: 'Fine.', verifier_score: 7 },
    { ...row, analysis: 'Nothing.', quality: 'wrong', verifier_score: 0 },
    { ...row, analysis: 'No score.' },
  ];
  const brought = await bring<ScoredAnalysis>('analyses', 'critiques.jsonl', jsonl(rows));
  expect(brought.rows.map(({ analysisScore, quality }) => [analysisScore, quality])).toEqual([
    [0, 1],
    [1, 1],
    [0, 0],
  ]);
  expect(brought.rows[0]).toMatchObject({ source: 'given', grader: 'jury', model: 'unknown' });
  expect(brought.dropped).toEqual([
    { where: 'line 4', kind: 'no score', why: 'neither its text nor a field says what it scores the proof' },
  ]);
  const proofs = await bring('proofs', 'p.jsonl', jsonl([{ problem: 'Prove A.', proof: 'So.', grade: 1 }]));
  expect(brought.rows[0]?.proofId).toBe(proofs.rows[0]?.id);
});

test.each<[what: string, content: string, options: Partial<GradedOptions>, message: string]>([
  ['no grades', 'problem,proof\nA,So.\n', {}, 'expected a field with their grades (grade, human_grade, human_score,'],
  ['no proofs', 'problem,grade\nA,1\n', {}, 'expected a field with the proofs (proof, response,'],
  ['grades in doubt', 'problem,proof,grade\nA,So.,3\n', {}, 'got 3 (1): say what they mean'],
  ['a scale that says nothing', 'problem,proof,grade\nA,So.,3\n', { grades: '3' }, '--grades: expected grades and'],
  ['nobody', 'problem,proof,grade\nA,So.,1\n', { grader: ' ' }, '--grader: expected who graded'],
  ['rows that cannot be taken', 'problem,proof,grade\nA,,1\nA,,1\n', {}, 'expected a field with the proofs'],
  ['an empty file', '', {}, 'got an empty file'],
])('%s are refused, and nothing is taken in', async (_, content, options, message) => {
  await expect(bring('proofs', 'g.csv', content, options)).rejects.toThrow(message);
  expect(await store().exists('imports')).toBe(false);
});
