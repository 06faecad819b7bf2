import { auditLabels, chooseForAudit } from '../../../activities/datasets/audit.ts';
import { growProofScores } from '../../../activities/datasets/proofs.ts';
import type { ScoredProof } from '../../../shared/records.ts';
import type { ReviewResult } from '../../../shared/review/reviews.ts';
import type { Score } from '../../../shared/scores.ts';
import { labelRow, newStore, proofRow } from '../../reports/figures/lapFixture.ts';

const lap = 'main/lap-0001';
const scored = (score: Score): ReviewResult => ({
  kind: 'scored',
  score,
  source: 'expert',
  verdicts: 2,
  adjudicated: false,
});

/** Proofs with these labels, and people's scores of some; the last proof is contested. */
async function labelled(labels: readonly Score[], audited: Readonly<Record<string, ReviewResult>> = {}) {
  const store = await newStore();
  const proofs = [...labels, 0.5 as const].map((_, index) => proofRow(index, 1));
  const decision = (index: number) =>
    index < labels.length
      ? { kind: 'labelled' as const, score: labels[index] as Score }
      : { kind: 'contested' as const, reason: 'disagreement' };
  const refs = {
    proofs: await store.writeJsonl('datasets/proofs.jsonl', proofs),
    decisions: await store.writeJsonl(
      'labels/decisions.jsonl',
      proofs.map(({ id }, index) => ({ proofId: id, ...labelRow(decision(index) as never) })),
    ),
    results: [
      await store.writeJsonl(
        'reviews/audit.jsonl',
        Object.entries(audited).map(([id, result]) => ({ id, result })),
      ),
    ],
  };
  return { store, ...refs };
}

describe('the blind sample', () => {
  const MOSTLY_0: readonly Score[] = [...Array.from({ length: 90 }, () => 0 as const), 0.5, 0.5, 0.5, 1, 1, 1, 1];
  const sample = async (byLabel?: true) => {
    const { store, results: _, ...refs } = await labelled(MOSTLY_0);
    const to = 'datasets/audit.jsonl';
    const chosen = await chooseForAudit(store, { ...refs, to, share: 0.12, seed: 1, ...(byLabel && { byLabel }) });
    const rows = await store.readRows<{ id: string; label?: unknown }>(chosen);
    expect(rows.every((row) => !('label' in row) && !('score' in row))).toBe(true);
    return rows.map(({ id }) => MOSTLY_0[Number(id.slice('proof-'.length))]);
  };
  const counts = (labels: readonly (Score | undefined)[]) =>
    [0, 0.5, 1].map((score) => labels.filter((s) => s === score).length);

  test('has as many of each label as there are, where it decides about labels', async () => {
    expect(counts(await sample(true))).toEqual([5, 3, 4]);
  });

  test('is random over all of them where it does not', async () => {
    const [zeros = 0, ...others] = counts(await sample());
    expect(zeros + others.reduce((sum, count) => sum + count)).toBe(12);
    expect(zeros).toBeGreaterThan(8);
  });
});

test('each label has its own precision; what nobody scored is no observation', async () => {
  const { store, ...refs } = await labelled([0, 0, 0, 1, 1, 0.5], {
    'proof-0': scored(0),
    'proof-1': scored(1),
    'proof-2': { kind: 'flagged', reason: 'n is not said' },
    'proof-3': scored(1),
    'proof-4': { kind: 'expired' },
  });
  const audits = await auditLabels(store, { lap, ...refs, audit: { minPrecision: 0.3 } });
  expect(audits.labels).toMatchObject([
    { score: 0, labels: 3, precision: { value: 0.5, n: 2 }, verdict: 'notYetShown' },
    { score: 0.5, labels: 1, precision: null, verdict: 'notAudited' },
    { score: 1, labels: 2, precision: { value: 1, n: 1 }, verdict: 'notYetShown' },
  ]);
});

describe('what D_v grows by', () => {
  const LABELS: readonly Score[] = [0, 0, 0, 1];
  const grow = async (decides: boolean, use?: boolean) => {
    const { store, results, ...refs } = await labelled(LABELS, { 'proof-0': scored(0), 'proof-1': scored(1) });
    const interval = { value: 0.5, low: 0.1, high: 0.9, n: 2 };
    const word = await store.writeJson(`laps/${lap}/words/1.json`, {});
    const said = use !== undefined && { said: { ...word, use } };
    const labels = [
      {
        score: 0 as const,
        labels: 3,
        by: 'people' as const,
        precision: interval,
        goal: 0.95,
        verdict: 'below' as const,
        ...said,
      },
      {
        score: 1 as const,
        labels: 1,
        by: 'people' as const,
        precision: null,
        goal: 0.95,
        verdict: 'notAudited' as const,
      },
    ];
    const input = { lap, ...refs, experts: [], carry: false };
    const { grown, held, corrected } = await growProofScores(store, {
      ...input,
      ...(decides && { audit: { results, labels } }),
    });
    const rows = (await store.readRows<ScoredProof>(grown)).map(({ id, score, source }) => [id, score, source]);
    const made = await store.readMade(grown.uri);
    return { rows, held, corrected, store, made };
  };

  test('is all labels as they are, where audits decide nothing', async () => {
    const { rows, held, corrected, made } = await grow(false);
    expect(rows).toEqual(LABELS.map((score, index) => [`proof-${index}`, score, 'auto']));
    expect([held, corrected]).toEqual([undefined, undefined]);
    expect(made?.from.map(({ as }) => as)).toEqual(['proofs', 'decisions']);
  });

  test('has people’s score where they audited, and nothing else of a label that is held back', async () => {
    const { rows, held, corrected, store } = await grow(true);
    expect(rows).toEqual([
      ['proof-0', 0, 'expert'],
      ['proof-1', 1, 'expert'],
      ['proof-3', 1, 'auto'],
    ]);
    expect(corrected).toBe(1);
    expect(held).toMatchObject([{ score: 0, rows: { uri: `datasets/${lap}/proof-scores/held-0.jsonl`, rows: 1 } }]);
    expect(await store.readRows<ScoredProof>(...(held ?? []).map(({ rows: ref }) => ref))).toMatchObject([
      { id: 'proof-2', score: 0, source: 'auto', lap },
    ]);
  });

  test('has the whole label where a lead uses it, and says by whose word', async () => {
    const { rows, held, made } = await grow(true, true);
    expect([rows.length, held]).toEqual([4, undefined]);
    expect(made?.from.map(({ as }) => as)).toContain("lead's word");
  });
});
