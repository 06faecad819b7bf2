import { importGraded } from '../../../activities/imports/graded/graded.ts';
import type { GradedOptions } from '../../../activities/imports/graded/reader.ts';
import type { ScoredProof } from '../../../shared/records.ts';
import { importWorld } from './fixture.ts';

// All rows are invented; their fields are those of the public sets.

const { put, store } = importWorld();
const jsonl = (rows: readonly object[]): string => rows.map((row) => JSON.stringify(row)).join('\n');

async function bring(name: string, content: string, options: GradedOptions = {}) {
  const brought = await importGraded(store(), 'proofs', [await put(name, content)], options);
  return { ...brought, rows: await store().readRows<ScoredProof>({ ...brought, rows: brought.count }) };
}
const scores = (rows: readonly ScoredProof[]) => rows.map(({ proof, score, grade }) => [proof, score, grade]);

const CORPUS = {
  problem_id: 'Q_2001_1',
  competition: 'Q',
  problem: 'Show that 1 + 1 = 2.',
  ground_truth_solution: 'Count.',
  model_id: 'lab/prover',
  solution: 'By counting.',
  thinking: null,
  score: [1],
  uncertain: [false],
  judge_id: ['a'],
  split: 'generic',
  category: ['Algebra'],
};

test('the Open Proof Corpus: two judges who agree are one grade, who differ are told, and doubts are counted', async () => {
  const { rows, form, isBinary, grader, dropped, notes } = await bring(
    'opc.jsonl',
    jsonl([
      CORPUS,
      { ...CORPUS, solution: 'No.', score: [0, 0], uncertain: [false, true], judge_id: ['a', 'b'] },
      { ...CORPUS, solution: 'Hm.', score: [0, 1], uncertain: [false, false], judge_id: ['a', 'b'] },
      { ...CORPUS, solution: 'Not graded.', score: [null] },
    ]),
  );
  expect(scores(rows)).toEqual([
    ['By counting.', 1, '1'],
    ['No.', 0, '0'],
  ]);
  expect(rows[0]).toMatchObject({
    problem: { id: 'Q_2001_1', topic: 'Algebra' },
    model: 'lab/prover',
    grader: 'judges of the Open Proof Corpus (a)',
  });
  expect({ form, isBinary, grader }).toEqual({
    form: 'Open Proof Corpus',
    isBinary: true,
    grader: 'judges of the Open Proof Corpus',
  });
  expect(dropped).toEqual([
    { where: 'line 3', kind: 'judges differ', why: 'they say 0 and 1' },
    { where: 'line 4', kind: 'no grade', why: 'score is empty, or no single grade' },
  ]);
  expect(notes).toContain('proofs of whose grade a judge was not certain were taken: 1');
});

test('ProofBench: its ratings are of seven, though nobody has them all', async () => {
  const row = {
    problem_id: 'Q-2001-1',
    problem: 'Show that 1 + 1 = 2.',
    generator: 'prover',
    model_solution: 'By counting.',
    reference_solution: 'Count.',
    expert_rating: 6,
    marking_scheme: '- 7 for counting',
    metadata: { contest: 'Q', contest_year: '2001' },
    response_number: 1,
  };
  const { rows, form, isBinary, dropped } = await bring(
    'pb.jsonl',
    jsonl([
      row,
      { ...row, model_solution: 'No.', expert_rating: 2 },
      { ...row, model_solution: '?', expert_rating: 8 },
    ]),
  );
  expect(scores(rows)).toEqual([
    ['By counting.', 0.5, '6'],
    ['No.', 0, '2'],
  ]);
  expect(rows[0]).toMatchObject({ model: 'prover', problem: { source: 'Q', id: 'Q-2001-1' } });
  expect({ form, isBinary }).toEqual({ form: 'ProofBench', isBinary: false });
  expect(dropped.map(({ kind }) => kind)).toEqual(['of no such grade']);
});

test('IMO-GradingBench: the response is graded, by points, and by its category where there are none', async () => {
  const { rows, form } = await bring(
    'gradingbench.csv',
    [
      'Grading ID,Problem ID,Problem,Solution,Grading guidelines,Response,Points,Reward,Problem Source',
      'GB-1,PB-1,Prove A.,Ref A,(Partial),"Let n = 1,\nso.",7,Correct,Q 2001',
      'GB-2,PB-1,Prove A.,Ref A,(Partial),By luck.,,Partial,Q 2001',
      'GB-3,PB-2,Prove B.,Ref B,(Partial),Nearly.,6,Almost,Q 2001',
    ].join('\n'),
  );
  expect(scores(rows)).toEqual([
    ['Let n = 1,\nso.', 1, '7'],
    ['By luck.', 0, 'partial'],
    ['Nearly.', 0.5, '6'],
  ]);
  expect(form).toBe('IMO-GradingBench');
});

describe('the outputs of DeepSeekMath-V2', () => {
  const output = (problem_idx: string, human_rating: number | null) => ({
    question: `Show ${problem_idx}.`,
    problem_idx,
    model_prediction: { proof: `Proof of ${problem_idx}.`, average_automatic_rating: 1, human_rating },
  });
  const outputs = jsonl([
    output('IMO3000-1', 7),
    output('CMO3000-1', 7),
    output('CMO3000-2', 21),
    output('Putnam3000-A1', 9),
    output('PB-Basic-900', 5),
    output('Other3000-1', 7),
    output('IMO3000-2', null),
  ]);

  test('are graded of as many marks as their contest has', async () => {
    const { rows, dropped, form } = await bring('outputs.jsonl', outputs);
    expect(scores(rows)).toEqual([
      ['Proof of IMO3000-1.', 1, '7/7'],
      ['Proof of CMO3000-1.', 0, '7/21'],
      ['Proof of CMO3000-2.', 1, '21/21'],
      ['Proof of Putnam3000-A1.', 0.5, '9/10'],
      ['Proof of PB-Basic-900.', 0.5, '5/7'],
    ]);
    expect(dropped.map(({ where, kind }) => [where, kind])).toEqual([
      ['line 6', 'unknown contest'],
      ['line 7', 'no grade'],
    ]);
    expect([form, rows[0]?.model]).toEqual(['outputs of DeepSeekMath-V2', 'DeepSeekMath-V2']);
  });

  test('become what a person says of their marks', async () => {
    const { rows } = await bring('outputs.jsonl', outputs, { grades: '7->1,9-21->0,5->0' });
    expect(rows.map(({ score }) => score)).toEqual([1, 1, 0, 0, 0, 1]);
  });
});

test('rows of D_v keep their scores, and who gave them', async () => {
  const row = {
    id: 'p1',
    problem: { id: 'q', statement: 'Show it.', topic: 'algebra', source: 'Q' },
    proof: 'So.',
    model: 'm',
    score: 0.5,
    grade: '6',
  };
  const { rows, grader } = await bring(
    'd_v.jsonl',
    jsonl([
      { ...row, source: 'given', grader: 'jury' },
      { ...row, proof: 'Thus.', source: 'expert' },
    ]),
  );
  expect(rows.map((scored) => [scored.score, scored.grader])).toEqual([
    [0.5, 'jury'],
    [0.5, 'expert'],
  ]);
  expect(grader).toBe('jury; expert');
});

test('a form that the file does not have is refused with what it has, one that nobody knows with the names', async () => {
  const file = jsonl([{ problem: 'Show it.', proof: 'So.', grade: 1 }]);
  await expect(bring('g.jsonl', file, { format: 'proofbench' })).rejects.toThrow(
    'expected rows of ProofBench, with problem, problem_id, model_solution, expert_rating, generator, ' +
      'metadata.contest, got rows with problem, proof, grade: leave --format out, or say plain',
  );
  await expect(bring('g.jsonl', file, { format: 'opc' })).rejects.toThrow(
    '--format: expected one of open-proof-corpus, proofbench, imo-gradingbench, deepseekmath-v2, plain, got "opc"',
  );
});
