import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openEvaluation } from '../../../activities/products/evaluation.ts';
import { FileStore } from '../../../activities/store/files.ts';
import type { EvaluateInput } from '../../../shared/products/evaluationInput.ts';

let root: string;
let store: FileStore;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'flywheel-evaluate-'));
  store = new FileStore(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const V = { endpoint: 'http://127.0.0.1:1/v1', model: 'v' };
const row = (id: string, score: unknown = 1, more: object = {}) => ({
  id,
  problem: { id: `p-${id}`, statement: 'Show it.', topic: 'algebra', source: 'made up' },
  proof: 'So.',
  model: 'm',
  score,
  source: 'given',
  ...more,
});
const PROOFS = 'imports/proofs/graded.jsonl';
const PROBLEMS = 'imports/problems/some.jsonl';

async function opened(input: unknown, rows: readonly object[] = [row('a'), row('b', 0)]) {
  await store.writeJsonl(PROOFS, rows);
  await store.writeJsonl(PROBLEMS, [{ id: 'p', statement: 'Show it.', topic: 'algebra', source: 'made up' }]);
  return openEvaluation({ store }, input as EvaluateInput, { workflowId: 'w', runId: 'r' });
}

test.each<[what: string, input: object, says: string]>([
  ['nothing', {}, 'proofs: expected a file of the store with graded proofs'],
  ['no file of a generator', { subject: 'generator' }, 'problems: expected a file of the store with problems'],
  ['a field that is none', { proofs: PROOFS, verifer: V }, 'verifer'],
  ['no model', { proofs: PROOFS }, 'verifier: expected a model'],
  ['a path of the machine', { proofs: '/etc/hosts', verifier: V }, 'got "/etc/hosts", which is not there'],
  ['problems for a verifier', { proofs: PROOFS, problems: PROBLEMS, verifier: V }, 'problems: expected none'],
  ['a generator for a verifier', { proofs: PROOFS, generator: V, verifier: V }, 'generator: expected none'],
  ['the same model twice', { proofs: PROOFS, verifier: V, against: V }, 'against: expected another model than v'],
  [
    'two second models',
    { proofs: PROOFS, verifier: V, against: { ...V, model: 'w' }, againstLap: 'main/lap-0001' },
    'againstLap: expected none',
  ],
  ['no lap', { proofs: PROOFS, lap: 'lap three' }, 'lap: expected the name of a lap'],
  ['no judge', { subject: 'generator', problems: PROBLEMS, generator: V }, 'verifier: expected a model'],
  [
    'a judge of proofs that people graded',
    { subject: 'generator', proofs: PROOFS, verifier: V },
    "verifier: expected none, since people's grades",
  ],
  [
    'meta-analyses of a generator',
    { subject: 'generator', problems: PROBLEMS, generator: V, verifier: V, metaAnalyses: 2 },
    'metaAnalyses: expected none',
  ],
  [
    'a truth of what is not written yet',
    { subject: 'generator', problems: PROBLEMS, generator: V, verifier: V, truth: { by: 'jury' } },
    'truth: expected none',
  ],
  [
    'money without a price',
    { proofs: PROOFS, verifier: V, caps: { cost: 1 } },
    'caps.cost (--max-cost): expected a price of v, got none',
  ],
  ['no analyses', { proofs: PROOFS, verifier: V, analyses: 0 }, 'analyses'],
  ['a half of three grades', { proofs: PROOFS, verifier: V, truth: { isBinary: false, half: 1 } }, 'truth.half'],
])('%s is refused by its field', async (_, input, says) => {
  await expect(opened(input)).rejects.toMatchObject({
    type: 'InvalidProduct',
    nonRetryable: true,
    message: expect.stringContaining(says) as string,
  });
});

test.each<[what: string, rows: readonly object[], says: string]>([
  ['no row', [], 'expected at least one graded proof, got none'],
  ['a score of seven', [row('a', 7)], 'row 1 of imports/proofs/graded.jsonl: expected a scored proof'],
  ['a score that is no number', [row('a'), row('b', null)], 'row 2 of'],
  ['an empty proof', [row('a', 1, { proof: '' })], 'row 1 of'],
  ['a problem that is a text', [row('a', 1, { problem: 'Show it.' })], 'row 1 of'],
  ['an id twice', [row('a'), row('a', 0)], 'row 2 of imports/proofs/graded.jsonl: expected an id of its own, got "a"'],
  ['a row that is a list', [[1]], 'row 1 of'],
])('a file with %s is refused by the row', async (_, rows, says) => {
  await expect(opened({ proofs: PROOFS, verifier: V }, rows)).rejects.toThrow(says);
});

test('the verifier writes its own meta-analyses, eight analyses are asked for, and answers are taken as they come', async () => {
  const { n, m, attempts, models, judges, truth, name } = await opened({
    proofs: PROOFS,
    verifier: V,
    metaAnalyses: 2,
  });
  expect({ n, m, attempts }).toEqual({ n: 8, m: 2, attempts: 1 });
  expect(models).toMatchObject([{ name: 'v', ref: { role: 'verifier', name: 'v' } }]);
  expect(judges).toMatchObject([{ name: 'v', ref: { role: 'metaVerifier', name: 'v' } }]);
  expect(truth).toMatchObject({ by: 'given', set: PROOFS, isBinary: true, half: 0, proofs: 2, problems: 2 });
  expect(name).toMatch(/^graded-[0-9a-f]{8}$/);
});

test('who graded is read from the rows, or said', async () => {
  const rows = [row('a', 1, { grader: 'jury' }), row('b', 0.5, { grader: 'jury' }), row('c', 0, { source: 'expert' })];
  expect((await opened({ proofs: PROOFS, verifier: V }, rows)).truth).toMatchObject({
    by: 'jury; expert',
    isBinary: false,
  });
  const told = { by: 'the council', set: 'trials', leftOut: { 'no grade': 3 } };
  expect((await opened({ proofs: PROOFS, verifier: V, truth: told }, rows)).truth).toMatchObject(told);
});

test('models of one name are told apart', async () => {
  const { models } = await opened({
    proofs: PROOFS,
    verifier: V,
    against: { ...V, endpoint: 'http://127.0.0.1:2/v1' },
  });
  expect(models.map(({ name }) => name)).toEqual(['v@1 of http://127.0.0.1:1/v1', 'v@1 of http://127.0.0.1:2/v1']);
});
