import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileStore } from '../../../activities/store/files.ts';
import { evidenceFrom, setOutcomes } from '../../../reports/products/evaluationOutcomes.ts';
import { evaluationPage } from '../../../reports/products/evaluationPage.ts';
import { evaluationLines } from '../../../reports/products/evaluationTable.ts';
import { gradedNotes, verifierNotes } from '../../../reports/products/evaluationNotes.ts';
import { NOTHING_SPENT } from '../../../shared/products/caps.ts';
import type {
  EvaluationReport,
  JudgedProof,
  TruthFacts,
  VerifierEvaluation,
} from '../../../shared/products/evaluation.ts';
import { verifierDifferences, verifierEstimates, verifierFigures } from '../../../shared/products/evaluationFigures.ts';
import { labelGrid } from '../../../shared/products/evaluationGrid.ts';
import type { Outcome } from '../../../shared/outcomes.ts';
import type { Score } from '../../../shared/scores.ts';

const TRUTH: TruthFacts = {
  by: 'the <jury>',
  set: 'trials.csv',
  scale: '0 to 7: 7 = 1, 5 to 6.5 = 0.5, below = 0',
  isBinary: false,
  proofs: 12,
  problems: 12,
  byScore: { '0': 6, '0.5': 0, '1': 6 },
  leftOut: { 'no grade': 3 },
};
const NONE = { asked: 0, unparseable: 0, truncated: 0, refused: 0, failed: 0 };
const POLICY = {
  analysesPerProof: 4,
  metaAnalysesPerAnalysis: 0,
  minValidAnalyses: 1,
  confirmingMetaScore: 1,
} as const;

/** Twelve proofs, the first half flawed, of which a verifier says as told. */
const judged = (of: (index: number, verdict: number) => Score | undefined): JudgedProof[] =>
  Array.from({ length: 12 }, (_, index) => ({
    id: `p${index}`,
    problem: `q${index}`,
    topic: index % 2 === 0 ? 'algebra' : 'geometry',
    truth: index < 6 ? 0 : 1,
    verdicts: Array.from({ length: 4 }, (_, verdict) => of(index, verdict)),
  }));

function evaluationOf(judge: string, proofs: readonly JudgedProof[]): VerifierEvaluation {
  const evidence = proofs.map(({ verdicts, ...proof }) => ({
    ...proof,
    evidence: verdicts.map((score) => ({ score, metaScores: [] })),
  }));
  return {
    judge,
    m: 0,
    ...verifierFigures(proofs, TRUTH, 4),
    grid: labelGrid(evidence, POLICY, TRUTH),
    losses: { verify: { ...NONE, asked: 48, truncated: 12 }, metaVerify: NONE },
    spent: { calls: 48, usage: { promptTokens: 100, completionTokens: 20 }, cost: 1.5 },
  };
}

const GOOD = judged((index, verdict) => (verdict === 3 ? undefined : index < 6 ? 0 : 1));
const CONSTANT = judged(() => 1);
const REPORT: EvaluationReport = {
  name: 'trials',
  isWhole: true,
  seed: 1,
  subject: 'verifier',
  notes: ['Beware'],
  truth: TRUTH,
  constant: { score: 0, accuracy: 0.5 },
  models: [evaluationOf('<b>good</b>', GOOD), evaluationOf('constant', CONSTANT)],
  differences: verifierDifferences(verifierEstimates(GOOD, TRUTH), verifierEstimates(CONSTANT, TRUTH)),
};

test('the page says who judged and who graded, shows both models and their difference, and takes no name for markup', () => {
  const page = evaluationPage(REPORT);
  expect(page).toContain('against the grades of the &lt;jury&gt;');
  expect(page).toContain('Judged by constant, against the grades of the &lt;jury&gt;.');
  expect(page).not.toContain('<b>good</b>');
  expect(page).toContain('Left out: 3 no grade.');
  expect(page).toContain('⚠ Beware.');
  expect(page).toMatch(/accuracy, one verdict<\/th>[^]*?0\.75[^]*?0\.50[^]*?−0\.25/);
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
  expect(evaluationPage(REPORT)).toBe(page);
});

test('so do the lines of a terminal, with what was lost and what it took', () => {
  const lines = evaluationLines(REPORT).join('\n');
  expect(lines).toContain(
    'Judged by <b>good</b> and constant, n = 4, m = 0, against the grades of the <jury> in trials.csv',
  );
  expect(lines).toMatch(/accuracy, majority of n +1\.00 \(\S+\) +0\.50 \(\S+\) +−0\.50 \(−\S+ to −\S+\) \*/);
  expect(lines).toContain(
    'Lost at the first attempt: 12 of 48 analyses. 48 calls, 100 prompt and 20 answer tokens, cost 1.50.',
  );
  expect(lines).toContain('Note: Beware.');
  expect(lines).not.toMatch(/NaN|undefined|Infinity/);
});

test('a generator that people graded has no row of what models alone do', () => {
  const figure = { value: 0.5, low: 0.2, high: 0.8, n: 12 };
  const figures = { score: figure, passed: figure, solved: figure, withoutProof: null, lost: null };
  const report: EvaluationReport = {
    name: 'trials',
    isWhole: true,
    seed: 1,
    subject: 'generator',
    notes: [],
    by: { kind: 'people', truth: TRUTH },
    models: [
      {
        generator: 'g',
        problems: 12,
        answers: 12,
        figures,
        byTopic: [{ topic: 'algebra', problems: 12, figures }],
        spent: NOTHING_SPENT,
      },
    ],
  };
  const lines = evaluationLines(report).join('\n');
  expect(lines).toContain('Graded by people: the grades of the <jury>');
  expect(lines).not.toContain('answers without a proof');
  expect(evaluationPage(report)).toContain('graded by people');
});

describe('what a person should know is told', () => {
  const notesOf = (truth: Partial<TruthFacts>, proofs: readonly JudgedProof[], stopped?: string) =>
    verifierNotes(
      { ...TRUTH, ...truth },
      [{ evaluation: evaluationOf('v', proofs), proofs }],
      [{ verdicts: 'set', stopped }],
    );

  test.each<[what: string, notes: readonly string[], says: string]>([
    ['how 0.5 counts', notesOf({ isBinary: true, half: 0 }, GOOD), 'a verdict of 0.5 counts as 0 in every figure but'],
    ['few problems', notesOf({ problems: 1 }, GOOD), 'Only 1 problem: intervals count problems'],
    ['one class', notesOf({ byScore: { '0': 0, '0.5': 0, '1': 12 } }, GOOD), 'All proofs have the score 1'],
    ['losses', notesOf({}, GOOD), 'v lost 25 % of 48 verdicts at the first attempt (12 truncated)'],
    ['a constant verdict', notesOf({}, CONSTANT), 'All verdicts of v are 1'],
    ['what cannot be measured', notesOf({}, CONSTANT), 'How far the verdicts of v agree is not measured'],
    ['a cap', notesOf({}, GOOD.slice(0, 5), 'capped'), 'capped'],
    [
      'what was not asked',
      notesOf({}, GOOD.slice(0, 5)),
      'v was asked all of 5 of 12 proofs: its figures are of these',
    ],
    ['few problems of people', gradedNotes({ ...TRUTH, problems: 2 }), 'Only 2 problems'],
  ])('%s', (_, notes, says) => {
    expect(notes).toContainEqual(expect.stringContaining(says));
  });
});

describe('the outcomes of a set', () => {
  let root: string;
  let store: FileStore;
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'flywheel-outcomes-'));
    store = new FileStore(root);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const outcome = (row: string, sample: number, more: Partial<Outcome> = {}): Outcome => ({
    key: `${row}-${sample}-${more.attempt ?? 0}-${more.task ?? 'verify'}`,
    row,
    sample,
    kind: 'answered',
    task: 'verify',
    model: 'v@1',
    seed: 1,
    text: '',
    score: 1,
    usage: { promptTokens: 10, completionTokens: 5 },
    latencyMs: 1,
    requests: 1,
    ...more,
  });

  async function kept(outcomes: readonly object[]) {
    await store.writeJson('ledger/evaluate/it/verdicts-0/plan.json', {
      rows: { uri: 'x', sha256: 'x', rows: 1 },
      shardRows: 1,
      shards: [{ offset: 0, bytes: 0, rows: 1, sha256: 'x' }],
    });
    await store.write(
      'ledger/evaluate/it/verdicts-0/shard-0000.jsonl',
      outcomes.map((each) => `${JSON.stringify(each)}\n`).join(''),
    );
    const ref = { role: 'verifier', endpoint: 'http://127.0.0.1:1/v1', name: 'v', revision: '1' } as const;
    return setOutcomes(store, 'evaluate/it/verdicts-0', [
      { ref, name: 'v', price: { perMillionPromptTokens: 1e5, perMillionCompletionTokens: 2e5 } },
    ]);
  }

  test('the last attempt at a sample counts, the first one tells what was lost, and each is paid for', async () => {
    const { verdicts, losses, spent } = await kept([
      outcome('p', 1),
      outcome('p', 0, { kind: 'unparseable', score: undefined }),
      outcome('p', 0, { attempt: 1, score: 0.5 }),
    ]);
    expect(verdicts('p', 'verify')).toEqual([0.5, 1]);
    expect(losses('verify')).toEqual({ ...NONE, asked: 2, unparseable: 1 });
    expect(spent).toEqual({
      calls: 3,
      usage: { promptTokens: 30, completionTokens: 15 },
      cost: expect.closeTo(6) as number,
    });
  });

  test('a proof is known once all of it was asked: what is lost is, what was not asked is not', async () => {
    const issue = { score: 0 } as const;
    const meta = (sample: number, more: Partial<Outcome> = {}) =>
      outcome('p#0', sample, { task: 'metaVerify', ...more });
    const some = await kept([
      outcome('p', 0, issue),
      outcome('p', 1, { kind: 'truncated', score: undefined }),
      meta(0),
    ]);
    expect(evidenceFrom(some, 'p', 2, 2)).toBeUndefined();
    expect(evidenceFrom(some, 'p', 3, 0)).toBeUndefined();
    expect(evidenceFrom(some, 'p', 2, 0)).toEqual([
      { score: 0, metaScores: [] },
      { score: undefined, metaScores: [] },
    ]);
    const all = await kept([
      outcome('p', 0, issue),
      outcome('p', 1),
      meta(0),
      meta(1, { kind: 'failed', score: undefined, cause: 'overflow' }),
    ]);
    expect(evidenceFrom(all, 'p', 2, 2)).toEqual([
      { score: 0, metaScores: [1, undefined] },
      { score: 1, metaScores: [] },
    ]);
    expect(all.losses('metaVerify')).toEqual({ ...NONE, asked: 2, refused: 1 });
  });

  test('calls that are no part of the set are paid for and say nothing; a set that was never begun says nothing', async () => {
    const { verdicts, spent } = await kept([outcome('p', 0), { ...outcome('q', 0), unused: true }]);
    expect(verdicts('q', 'verify')).toEqual([]);
    expect(spent.calls).toBe(2);
    const nothing = await setOutcomes(store, 'evaluate/other/verdicts-0', []);
    expect([nothing.verdicts('p', 'verify'), nothing.spent.calls]).toEqual([[], 0]);
  });
});
