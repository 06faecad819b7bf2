import fc from 'fast-check';
import { mixGold } from '../../../shared/review/gold.ts';
import type { ProofRow, ScoredProof } from '../../../shared/records.ts';
import { SCORES } from '../../../shared/scores.ts';

const question = (index: number): ProofRow => ({
  id: `p${index}-r${index % 3}-0`,
  problem: { id: `p${index}`, statement: `Prove ${index}.`, topic: index % 2 ? 'algebra' : 'geometry', source: 'ours' },
  proof: `Proof ${index}.`,
  model: 'a'.repeat(64),
  round: index % 3,
});
const known = (index: number): ScoredProof => ({
  id: `given-${index}`,
  problem: { id: `g${index}`, statement: `Prove gold ${index}.`, topic: 'algebra', source: 'a set of others' },
  proof: `Gold ${index}.`,
  model: 'unknown',
  score: SCORES[index % 3] ?? 0,
  source: 'given',
  grader: 'jury',
  lap: '',
});
const made = <Row>(count: number, of: (index: number) => Row): Row[] =>
  Array.from({ length: count }, (_, at) => of(at));
const SHARE = 0.1;

test('the stated share of questions has known answers, balanced over scores; the others keep their order', () => {
  const questions = made(90, question);
  const { rows, gold } = mixGold(questions, made(60, known), { share: SHARE, seed: 1, taken: [] });
  expect([rows.length, gold.length]).toEqual([100, 10]);
  const ids = new Set(gold.map(({ id }) => id));
  expect(rows.filter(({ id }) => !ids.has(id))).toEqual(questions);
  for (const score of SCORES) expect(gold.filter((row) => row.score === score).length).toBeGreaterThanOrEqual(3);
  const places = rows.flatMap(({ id }, place) => (ids.has(id) ? [place] : []));
  expect(Math.max(...places) - Math.min(...places)).toBeGreaterThan(30);
});

test('nothing but statement, topic and proof tells a known answer: all else is as the others’', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 30 }), fc.nat(), (count, of, seed) => {
      const questions = made(count, question);
      const taken = [...questions.map(({ id }) => id), 'p0-r0-1', 'p1-r1-1'];
      const { rows, gold } = mixGold(questions, made(of, known), { share: SHARE, seed, taken });
      expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
      for (const { id, score, of: named } of gold) {
        const row = rows.find((each) => each.id === id) as ProofRow;
        expect(taken).not.toContain(id);
        expect(id).toMatch(/^p\d+-r\d-\d+$/);
        expect(Object.keys(row)).toEqual(Object.keys(questions[0] as ProofRow));
        expect(Object.keys(row.problem)).toEqual(Object.keys((questions[0] as ProofRow).problem));
        expect([row.model, row.problem.source]).toEqual(['a'.repeat(64), 'ours']);
        const index = Number(named.slice('given-'.length));
        expect([row.proof, row.problem.statement, score]).toEqual([
          `Gold ${index}.`,
          `Prove gold ${index}.`,
          known(index).score,
        ]);
      }
    }),
  );
});

test('which questions they are, and where, follows from the seed', () => {
  const mixed = (seed: number) => mixGold(made(30, question), made(30, known), { share: SHARE, seed, taken: [] });
  expect(mixed(1)).toEqual(mixed(1));
  expect(mixed(2).gold.map(({ of }) => of)).not.toEqual(mixed(1).gold.map(({ of }) => of));
});

test('a proof that is asked about anyway is no gold, and where there are no questions there is none', () => {
  const same = { ...known(0), problem: question(1).problem, proof: question(1).proof };
  const questions = made(9, question);
  expect(mixGold(questions, [same], { share: SHARE, seed: 1, taken: [] })).toEqual({ rows: questions, gold: [] });
  expect(mixGold([], [known(1)], { share: SHARE, seed: 1, taken: [] })).toEqual({ rows: [], gold: [] });
});
