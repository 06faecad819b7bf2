import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { importCandidates, type CandidateOptions, type CandidateRow } from '../../../activities/imports/candidates.ts';
import type { SolvedProblem } from '../../../shared/products/search.ts';
import { importWorld } from './fixture.ts';

const { put, store } = importWorld();
const jsonl = (rows: readonly object[]): string => rows.map((row) => JSON.stringify(row)).join('\n');

async function bring(name: string, content: string | Buffer, options: CandidateOptions = {}) {
  const brought = await importCandidates(store(), [await put(name, content)], options);
  const text = await store().readText(brought.uri);
  return { ...brought, rows: rowsOf(text) };
}
const rowsOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as CandidateRow);
const known = (rows: readonly CandidateRow[]) => rows.map(({ id, problem, proof }) => [id, problem.id, proof]);

test('a problem and a proof make a row; ids follow from both where the file has none', async () => {
  const { rows, count, problems, dropped } = await bring(
    'mine.jsonl',
    jsonl([
      { problem: 'Prove A.', proof: 'So.' },
      { problem: 'Prove A.', proof: 'Because.' },
      { problem: 'Prove B.', proof: 'So.' },
    ]),
  );
  expect([count, problems, dropped]).toEqual([3, 2, []]);
  expect(rows[0]).toEqual({
    id: expect.stringMatching(/^mine-[0-9a-f]{12}-[0-9a-f]{12}$/) as string,
    problem: {
      id: expect.stringMatching(/^mine-[0-9a-f]{12}$/) as string,
      statement: 'Prove A.',
      topic: 'unknown',
      source: 'mine',
    },
    proof: 'So.',
    model: 'unknown',
  });
  expect(new Set(rows.map(({ id }) => id)).size).toBe(3);
});

test('a table: an id that stands in many rows is the problem’s, one of its own the proof’s', async () => {
  const shared = await bring('t.csv', 'id,question,response\np1,Prove A.,So.\np1,Prove A.,Nearly.\np2,Prove B.,Yes.\n');
  expect(shared.took.fields).toMatchObject({ statement: 'question', proof: 'response', problemId: 'id' });
  expect(shared.rows.map(({ problem }) => problem.id)).toEqual(['p1', 'p1', 'p2']);
  const own = await bring(
    't.tsv',
    'id\tproblem_id\tquestion\tresponse\na\tp1\tProve A.\tSo.\nb\tp1\tProve A.\tNearly.\n',
  );
  expect(known(own.rows)).toEqual([
    ['a', 'p1', 'So.'],
    ['b', 'p1', 'Nearly.'],
  ]);
  const each = await bring('e.csv', 'id,question,response\nx,Prove A.,So.\ny,Prove B.,Nearly.\n');
  expect(known(each.rows)).toEqual([
    ['x', 'x', 'So.'],
    ['y', 'y', 'Nearly.'],
  ]);
});

test('what a solve came to is taken as it is; a problem without a proof is left out by name', async () => {
  const problem = { id: 'p1', statement: 'Prove A.', topic: 'algebra', source: 'made up' };
  const line = (best: Partial<NonNullable<SolvedProblem['best']>> | null) => ({
    problem,
    end: 'passed',
    best,
    ancestry: [],
    rounds: [],
  });
  const { rows, dropped } = await bring(
    'results.jsonl',
    jsonl([line({ id: 'p1-r2-0', round: 2, proof: 'So.', mean: 1 }), line(null)]),
  );
  expect(rows).toEqual([{ id: 'p1-r2-0', problem, proof: 'So.', model: 'unknown' }]);
  expect(dropped).toEqual([{ where: 'line 2', kind: 'no proof', why: 'proof is empty, or no text' }]);
});

test('a proof that stands there twice is taken once; ids that are equal, or nearly, are made distinct', async () => {
  const rows = [
    { proof_id: 'a b', problem: 'Prove A.', proof: 'So.' },
    { proof_id: 'a/b', problem: 'Prove A.', proof: 'Nearly.' },
    { proof_id: 'A-B', problem: 'Prove A.', proof: 'Perhaps.' },
    { proof_id: '..', problem: 'Prove A.', proof: 'Up.' },
    { proof_id: 'rows-0-249', problem: 'Prove A.', proof: 'A part.' },
    { proof_id: 'fine', problem: 'Prove A.', proof: 'So.' },
  ];
  const brought = await bring('twice.jsonl', jsonl(rows));
  const ids = brought.rows.map(({ id }) => id);
  expect(ids[0]).toBe('a-b');
  expect(ids[1]).toMatch(/^a-b-[0-9a-f]{12}$/);
  expect(ids[2]).toMatch(/^A-B-[0-9a-f]{12}$/);
  expect(ids[3]).toMatch(/^twice-[0-9a-f]{12}-[0-9a-f]{12}$/);
  expect(ids[4]).toMatch(/^rows-0-249-[0-9a-f]{12}$/);
  expect(brought.rows.map(({ givenId }) => givenId)).toEqual(['a b', 'a/b', 'A-B', '..', 'rows-0-249']);
  expect(brought.dropped).toEqual([{ where: 'line 6', kind: 'the same proof', why: 'as line 1' }]);
  expect(brought.notes.join(' ')).toMatch(/ids were made such as they may be: 5, such as a-b of "a b"/);
});

test('whatever the ids, no two are one file’s name, and what was taken in is taken in again as it is', async () => {
  const id = fc.oneof(fc.string({ maxLength: 100 }), fc.constantFrom('a', 'A', 'a.', '.', 'a-b', 'a b', '😀', 'ä', ''));
  await fc.assert(
    fc.asyncProperty(fc.array(id, { minLength: 1, maxLength: 12 }), async (given) => {
      const rows = given.map((one, index) => ({
        proof_id: one,
        problem: `Prove ${index % 3}.`,
        proof: `Proof ${index}.`,
      }));
      const first = await bring('any.jsonl', jsonl(rows));
      const ids = first.rows.map((row) => row.id);
      expect(new Set(ids.map((one) => one.toLowerCase())).size).toBe(given.length);
      for (const one of ids) expect(one).toMatch(/^(?!\.+$)[\w.-]{1,100}$/);
      const again = await importCandidates(store(), [first.uri]);
      expect([again.uri, again.notes]).toEqual([first.uri, []]);
    }),
    { numRuns: 40 },
  );
});

test('public sets are known by their form, packed or not', async () => {
  const row = { question: 'Prove A.', problem_idx: 'IMO2025-1', model_prediction: { proof: 'So.', human_rating: 7 } };
  const { rows } = await bring('outputs.jsonl.gz', gzipSync(jsonl([row])));
  expect(known(rows)).toEqual([[expect.any(String), 'IMO2025-1', 'So.']]);
});

test.each([
  ['[]', /expected proofs, got none/],
  ['{"problem": "Prove A."}', /expected a field with the proofs \(proof, response.*--field proof=NAME/],
  ['{"proof": "So."}', /expected a field with the problems' statements, or --problems/],
  ['{"problem": "Prove A.", "proof": ""}', /expected a field with the proofs/],
  [
    '{"problem": "Prove A.", "proof": "a\\ud800"}',
    /none can be taken, such as line 1: proof: expected whole characters/,
  ],
  ['{"problem": 1, "proof": "So."}', /expected a field with the problems' statements/],
  ['not json', /expected JSON, JSONL, CSV/],
])('%s is refused in a sentence', async (text, message) => {
  await expect(bring('hostile.jsonl', text)).rejects.toThrow(message);
});

test('rows that name problems of another file are about them', async () => {
  const problems = await put('problems.jsonl', jsonl([{ id: 'p1', problem: 'Prove A.' }]));
  const { rows, dropped } = await bring(
    'answers.jsonl',
    jsonl([
      { problem_id: 'p1', proof: 'So.' },
      { problem_id: 'p2', proof: 'So.' },
    ]),
    { problems },
  );
  expect(rows[0]?.problem).toMatchObject({ id: 'p1', statement: 'Prove A.' });
  expect(dropped).toEqual([{ where: 'line 2', kind: 'unknown problem', why: 'there is no problem "p2"' }]);
});
