import { withLateAudits } from '../../../activities/laps/lateAudits.ts';
import { parentLap } from '../../../activities/laps/parent.ts';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import type { LapManifest } from '../../../shared/lap/manifest.ts';
import type { ScoredProof } from '../../../shared/records.ts';
import type { ReviewResult } from '../../../shared/review/reviews.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import { newStore, proofRow, writeLap } from '../../reports/figures/lapFixture.ts';

const setId = 'main/lap-0001/label/audit';
const AT = '2026-01-05T00:00:00.000Z';
const GAVE_1: ReviewResult = { kind: 'scored', score: 1, source: 'expert', verdicts: 2, adjudicated: false };

/** A lap that labelled three proofs 0, and went on with two audits open, of which the first was answered since. */
async function taken(decides: boolean) {
  const store = await newStore();
  const recipe = { ...rehearsal, ...(decides && { audit: { minPrecision: 0.95 } }) };
  const made = await writeLap(store, { recipe });
  const rows = [0, 1, 2].map((index) => ({ ...proofRow(index, 0), score: 0, source: 'auto', lap: made.lap }));
  const grown = await store.writeJsonl('datasets/main/lap-0001/proof-scores/grown.jsonl', rows);
  const results = await store.writeJsonl(
    `reviews/${setId}.jsonl`,
    ['proof-0', 'proof-1'].map((id) => ({ id, result: { kind: 'open' } })),
  );
  await new ReviewLog(store).append(setId, 'proof-0', [{ kind: 'result', id: 'result', at: AT, result: GAVE_1 }]);
  const manifest: LapManifest = {
    ...made,
    proofScores: { ...made.proofScores, grown },
    reviews: [{ setId, results, scored: 0, flagged: 0, expired: 0, open: 2, verdicts: 0 }],
  };
  const whole = await parentLap(store, manifest, { uri: '', sha256: '' });
  const parent = await withLateAudits(store, 'main/lap-0002', manifest, whole);
  return { store, parent, grown };
}

test('an audit that comes after its lap has gone on replaces the label in the next D_v, with its date', async () => {
  const { store, parent } = await taken(true);
  const rows = await store.readRows<ScoredProof>(...parent.proofScores.train);
  expect(rows.map(({ id, score, source, scoredAt }) => [id, score, source, scoredAt])).toEqual([
    ['proof-0', 1, 'expert', AT],
    ['proof-1', 0, 'auto', undefined],
    ['proof-2', 0, 'auto', undefined],
  ]);
  expect(parent.labels.audited).toMatchObject([{ uri: 'datasets/main/lap-0002/late/audits.jsonl', rows: 1 }]);
});

test('where audits decide nothing, D_v stays as it is', async () => {
  const { parent, grown } = await taken(false);
  expect(parent.proofScores.train).toContainEqual(grown);
  expect(parent.labels.audited).toBeUndefined();
});
