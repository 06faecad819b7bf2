import { chooseFields, type Fields } from '../../../activities/imports/fields.ts';

const chosen = (row: Record<string, unknown>, asked: Fields = {}) => chooseFields([row], asked, 'set.jsonl');
const chat = [{ role: 'user', content: 'Prove it.' }];

test.each<[set: string, row: Record<string, unknown>, fields: Fields]>([
  [
    'MATH',
    { problem: 'P', level: 'Level 5', type: 'Algebra', solution: 'S' },
    { statement: 'problem', topic: 'type', difficulty: 'level' },
  ],
  [
    'MATH-500',
    { problem: 'P', solution: 'S', answer: '2', subject: 'Algebra', level: 2, unique_id: 'test/algebra/1.json' },
    { statement: 'problem', id: 'unique_id', topic: 'subject', difficulty: 'level' },
  ],
  [
    'a mixture of contests',
    {
      problem: 'P',
      solution: 'S',
      answer: 'A',
      problem_type: 'Geometry',
      question_type: 'proof',
      source: 'aops',
      uuid: 'u',
    },
    { statement: 'problem', id: 'uuid', topic: 'problem_type', source: 'source' },
  ],
  [
    'a graded set of olympiads',
    { domain: ['Mathematics -> Algebra'], difficulty: 8.5, problem: 'P', solution: 'S', answer: 'A', source: 'imo' },
    { statement: 'problem', topic: 'domain', source: 'source', difficulty: 'difficulty' },
  ],
  [
    'a set with formal statements',
    { name: 'putnam_1962_a1', informal_statement: 'P', formal_statement: 'theorem …', tags: ['geometry'] },
    { statement: 'informal_statement', id: 'name', topic: 'tags' },
  ],
  [
    'a spreadsheet',
    { 'Problem ID': 'PB-1', Problem: 'P', Solution: 'S', Category: 'Algebra', Level: 'IMO-easy', Source: 'IMO 2019' },
    { statement: 'Problem', id: 'Problem ID', topic: 'Category', source: 'Source' },
  ],
  [
    'a set for reinforcement learning',
    {
      data_source: 'dapo',
      prompt: chat,
      ability: 'MATH',
      reward_model: { ground_truth: '3' },
      extra_info: { index: 'i' },
    },
    { statement: 'prompt', topic: 'ability', source: 'data_source' },
  ],
  ['camel case', { problemId: 4, problemText: 'P' }, { statement: 'problemText', id: 'problemId' }],
  [
    'ours',
    { id: 'a', statement: 'P', topic: 't', source: 's', difficulty: 3 },
    Object.fromEntries(['id', 'statement', 'topic', 'source', 'difficulty'].map((name) => [name, name])),
  ],
])('%s is known by the names of its fields', (_, row, fields) => {
  expect(chosen(row).fields).toEqual(fields);
});

test('of two fields that could be it the surer name is taken, and the other is told', () => {
  const { beside, left } = chosen({ prompt: 'Solve: P', problem: 'P', answer: 1 });
  expect(beside).toEqual([{ target: 'statement', chosen: 'problem', others: ['prompt'] }]);
  expect(left).toEqual(['prompt', 'answer']);
});

test('a field that few rows use gives way to one that all use', () => {
  const rows = Array.from({ length: 10 }, (_, at) => ({ statement: at === 0 ? 'P' : '', question: `Q${at}` }));
  expect(chooseFields(rows, {}, 'set').fields.statement).toBe('question');
});

test('a name that many problems share is no id', () => {
  const rows = Array.from({ length: 10 }, (_, at) => ({ problem: `P${at}`, name: 'IMO', idx: at }));
  expect(chooseFields(rows, {}, 'set').fields.id).toBe('idx');
});

test('a problem that stands in many rows, with proofs of it say, keeps its id', () => {
  const rows = Array.from({ length: 40 }, (_, at) => ({
    problem: `P${at % 4}`,
    problem_id: `p-${at % 4}`,
    id: at % 2,
  }));
  expect(chooseFields(rows, {}, 'set').fields.id).toBe('problem_id');
});

test('what a person says is taken, by a path within the row, too', () => {
  const row = { problem: 'P', original: 'Q', extra_info: { index: 'i-1' }, tags: ['easy', 'algebra'] };
  const { fields, beside } = chosen(row, { statement: 'original', id: 'extra_info.index', topic: 'tags.1' });
  expect(fields).toEqual({ statement: 'original', id: 'extra_info.index', topic: 'tags.1' });
  expect(beside).toEqual([]);
});

test('a field that is not there is refused with those that are, and so is a file without statements', () => {
  expect(() => chosen({ problem: 'P' }, { topic: 'area' })).toThrow(
    '--field topic=area: expected a field of set.jsonl, which has "problem"',
  );
  expect(() => chosen({ title: 'T', problem: 3 })).toThrow(
    "set.jsonl: expected a field with the problems' statements (statement, problem, question, problem_statement, " +
      '…), got "title", "problem": name it with --field statement=NAME',
  );
});
