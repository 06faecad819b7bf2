import { labelledLines, labelLines } from '../../../cli/products/labelView.ts';
import { policyFrom, type PolicyOptions } from '../../../cli/products/policyOptions.ts';
import { NO_SETS } from '../../../cli/products/setsUnderWay.ts';
import type { Place } from '../../../shared/ids.ts';
import { LABELLING, policyOf } from '../../../shared/label/policies.ts';
import { labelCalls } from '../../../shared/products/estimate.ts';
import type { LabelProgress, LabelResult } from '../../../shared/products/labels.ts';
import { MemoryStore } from '../../activities/store/memoryStore.ts';

const TEAM = policyOf(LABELLING.team);

test.each<[PolicyOptions, object | undefined]>([
  [{}, undefined],
  [{ policy: 'paper' }, { like: 'paper' }],
  [
    { n: '32', k: '1/8' },
    { analysesPerProof: 32, minValidAnalyses: 1 / 8 },
  ],
  [{ k: ' 2 / 16 ' }, { minValidAnalyses: 1 / 8 }],
  [{ k: '0.25' }, { minValidAnalyses: 0.25 }],
  [
    { k: '3', m: '0', rule: 'lowest', confirming: '0.5' },
    { minValidAnalyses: 3, metaAnalysesPerAnalysis: 0, rule: 'lowest', confirmingMetaScore: 0.5 },
  ],
])('the rule that %j says', (options, choice) => {
  expect(policyFrom(options)).toEqual(choice);
});

test.each<[PolicyOptions, RegExp]>([
  [{ policy: 'constructor' }, /--policy to be one of paper, rehearsal, team, got "constructor"/],
  [{ n: '0' }, /--n to be a whole number of at least 1, got "0"/],
  [{ m: '-1' }, /--m to be a whole number of at least 0, got "-1"/],
  [{ k: '1/0' }, /--k to be a whole number of at least 1, or a share of n such as 1\/8, got "1\/0"/],
  [{ k: '8/8' }, /--k to be .*got "8\/8"/],
  [{ k: '' }, /--k to be .*got ""/],
  [{ k: '1.5' }, /--k to be .*got "1.5"/],
  [{ rule: 'mean' }, /--rule to be lowest or cumulative, got "mean"/],
  [{ confirming: '0' }, /--confirming to be 0.5 or 1, got "0"/],
])('what %j says is refused by name', (options, message) => {
  expect(() => policyFrom(options)).toThrow(message);
});

const progress = (more: Partial<LabelProgress>): LabelProgress => ({
  name: 'mine',
  step: 'labels',
  proofs: 40,
  capped: false,
  asked: 0,
  ...more,
});

test('a line says how many calls have come of those that may, then the labels, then what waits for people', () => {
  const line = labelLines(TEAM, { calls: 2000 });
  expect(line(progress({}), { ...NO_SETS, calls: 100 }, 0)).toBe('40 proofs · 100 of at most 2,000 calls');
  expect(line(progress({}), { ...NO_SETS, calls: 150 }, 10_000)).toBe(
    '40 proofs · 150 of at most 2,000 calls · 5.0 a second',
  );
  const labels = { auto: 30, contested: 8, unresolved: 2 };
  const waits = progress({ step: 'waits for people', labels, asked: 10 });
  const decided = '30 of 40 labelled, 8 contested, 2 unresolved';
  // The server lists questions a moment after they are asked.
  expect(line(waits, { ...NO_SETS, questions: 0 }, 20_000)).toContain(`${decided} · 10 questions are open`);
  expect(line(waits, { ...NO_SETS, questions: 10 }, 30_000)).toContain('10 questions are open');
  expect(line(waits, { ...NO_SETS, questions: 0 }, 40_000)).toContain('0 questions are open');
  expect(labelLines(TEAM)(progress({}), NO_SETS, 0)).toBe('40 proofs · 0 of at most 5,760 calls');
});

const REF = { sha256: '0'.repeat(64), rows: 0 };

async function told(more: Partial<LabelResult>, contested: readonly object[] = []) {
  const store = new MemoryStore();
  const result: LabelResult = {
    place: 'label/mine' as Place,
    labels: { ...REF, uri: 'products/label/mine/labels.jsonl', rows: 40 },
    parquet: { ...REF, uri: 'products/label/mine/labels.parquet' },
    evidence: { ...REF, uri: 'products/label/mine/evidence.jsonl' },
    contested: await store.writeJsonl('products/label/mine/contested.jsonl', contested),
    page: { ...REF, uri: 'products/label/mine/page.html' },
    byLabel: { '0': 10, '0.5': 5, '1': 15, none: 10 },
    labelledBy: { auto: 30, expert: 0, program: 0, nobody: 10 },
    decisions: { auto: 30, contested: 8, unresolved: 2, capped: 0 },
    people: { asked: 0, scored: 0, flagged: 0, open: 0, expired: 0 },
    spent: { calls: 1500, usage: { promptTokens: 1, completionTokens: 2 }, cost: null },
    ...more,
  };
  return (await labelledLines(store, result, 'mine')).lines.join('\n');
}

test('the end says the labels, why others have none, and what can be done about it', async () => {
  const row = (id: string, reason: string) => ({ id, reason });
  const text = await told({}, [
    row('a', 'an issue is confirmed'),
    row('b', 'verdicts are missing'),
    row('c', 'an issue is confirmed'),
  ]);
  expect(text).toMatch(/^label +proofs +share\n0 +10 +25 %\n0\.5 +5 +13 %\n1 +15 +38 %\nnone +10 +25 %$/m);
  expect(text).toContain('2 without a label, an issue is confirmed: a, c');
  expect(text).toContain('1 without a label, verdicts are missing: b');
  expect(text).toContain('the same command with --ask');
  expect(text).toContain('flywheel relabel label/mine');
});

test('the end says what the caps left, and which questions are open', async () => {
  const capped = await told({ decisions: { auto: 30, contested: 0, unresolved: 10, capped: 10 } });
  expect(capped).toContain('Caps reached: 10 proofs have no label for that; greater caps go on with them.');
  expect(capped).not.toContain('--ask');
  const open = await told({ people: { asked: 10, scored: 6, flagged: 0, open: 4, expired: 0 } });
  expect(open).toMatch(/4 questions are open: people answer with `flywheel review` while a stack runs/);
});

test('calls of a label are at least n of each proof, or what k confirmed zeros take, and at most all', () => {
  const span = (n: number, m: number, k: number, earlyStop = true) =>
    labelCalls({ ...TEAM, analysesPerProof: n, metaAnalysesPerAnalysis: m, minValidAnalyses: k }, 10, earlyStop).map(
      ({ task, calls }) => [task, calls.fewest, calls.most],
    );
  expect(span(16, 8, 3)).toEqual([
    ['verify', 160, 160],
    ['metaVerify', 0, 1280],
  ]);
  expect(span(64, 16, 4)).toEqual([
    ['verify', 40, 640],
    ['metaVerify', 360, 10_240],
  ]);
  expect(span(8, 0, 2)).toEqual([
    ['verify', 20, 80],
    ['metaVerify', 0, 0],
  ]);
  expect(span(64, 16, 4, false)[0]).toEqual(['verify', 640, 640]);
});
