import { measureLap } from '../../../reports/figures/measureLap.ts';
import { lapTable } from '../../../reports/pages/lapTable.ts';
import { lossSection } from '../../../reports/pages/lossSection.ts';
import type { Outcome } from '../../../shared/outcomes.ts';
import { judgeSeed } from '../../../shared/reward/rewards.ts';
import type { Score } from '../../../shared/scores.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import { analysisText, labelRow, newStore, outcome, proofRow, toyChecker, writeLap } from './lapFixture.ts';

const LABEL_JUDGE = '0'.repeat(64);
const verdict = (proof: number, sample: number, score: Score): Outcome =>
  outcome(`proof-${proof}`, 'verify', analysisText(score), { sample, score, model: LABEL_JUDGE });
const lost = (of: Outcome): Outcome => ({ ...of, key: `${of.key}-lost`, kind: 'truncated', score: undefined });
const again = (of: Outcome): Outcome => ({ ...of, attempt: 1 });

const n = { ...rehearsal.labelling, analysesPerProof: 2, metaAnalysesPerAnalysis: 0, minValidAnalyses: 1 };
const recipe = {
  ...rehearsal,
  metaVerification: false,
  labelling: n,
  rewards: { ...rehearsal.rewards, maxLossShare: 0.1 },
};

/** Two proofs labelled by two analyses each, one of them lost at first; and a generator rewarded by a judge. */
async function report() {
  const store = await newStore();
  const manifest = await writeLap(store, {
    recipe,
    labelled: [0, 1].map((index) => ({ proof: proofRow(index, 1), row: labelRow({ kind: 'labelled', score: 1 }) })),
    verdicts: [verdict(0, 0, 1), verdict(0, 1, 1), verdict(1, 0, 1), lost(verdict(1, 1, 1)), again(verdict(1, 1, 1))],
    rewards: { generator: [0.5] },
  });
  const { jobKey } = manifest.stages[0] as (typeof manifest.stages)[0];
  const spec = { seed: 7, useMetaReward: false, proofWeight: 0.76, selfAnalysisWeight: 0.24 };
  await store.writeJson(`rewards/${jobKey}/spec.json`, spec);
  const samples = Array.from({ length: 20 }, (_, index) => ({ itemId: `prove/${index}`, sha: `sha of ${index}` }));
  const called = samples.flatMap(({ itemId, sha }, index): Outcome[] => {
    const first = outcome(itemId, 'verify', analysisText(1), {
      key: sha,
      score: 1,
      seed: judgeSeed(spec, sha, 'verify', 0, 0),
    });
    const second = { ...again(first), key: `${sha} again`, seed: judgeSeed(spec, sha, 'verify', 0, 1) };
    return index < 12 ? [lost(first), second] : [first];
  });
  await store.writeJsonl(`ledger/${jobKey}/judge.jsonl`, called);
  await store.writeJsonl(
    `rewards/${jobKey}/rewards.jsonl`,
    samples.map(({ itemId, sha }) => ({
      task: 'prove',
      responseSha256: sha,
      answer: { itemId, status: 'scored', reward: 1, components: { format: 1, proof: 1 }, imitatesVerdict: false },
      verdicts: { proof: [1] },
      judge: { calls: 1, promptTokens: 1, completionTokens: 1 },
    })),
  );
  return measureLap(manifest, store, () => toyChecker);
}

test('lost verdicts are counted by judge, role and set, and bound means, rewards and labels', async () => {
  const { losses } = await report();
  expect(losses.maxLossShare).toBe(0.1);
  expect(losses.verdicts).toMatchObject([
    {
      place: 'main/lap-0001/label/verdicts',
      task: 'verify',
      judge: 'base',
      asked: 4,
      truncated: 1,
      unparseable: 0,
      refused: 0,
      share: 0.25,
      mean: { value: 1, low: 0.75, high: 1 },
    },
    {
      place: 'main/lap-0001/generator',
      judge: 'parent',
      asked: 20,
      truncated: 12,
      mean: { value: 1, low: 0.4, high: 1 },
    },
  ]);
  expect(losses.rewards).toEqual([{ stage: 'generator', samples: 20, value: 1, low: 0.4, high: 1 }]);
  expect(losses.labels).toMatchObject({ proofs: 2, mayDiffer: 1, byLabel: { '1': { least: 1, most: 2 } } });
});

test('a judge that loses more than half of what is allowed is warned of, in the page and in the terminal', async () => {
  const lap = await report();
  expect(lap.losses.warnings).toEqual([
    {
      about: 'main/lap-0001/generator',
      text: 'parent, asked to verify, lost 60 % of 20 verdicts at the first attempt; 10 % are allowed',
    },
  ]);
  expect(lapTable(lap)).toContain('! main/lap-0001/generator: parent, asked to verify, lost 60 % of 20');
  const { markup } = lossSection(lap);
  expect(markup).toContain('13 of 24 verdicts were lost at the first attempt');
  expect(markup).toContain('<b>main/lap-0001/generator</b>: parent, asked to verify, lost 60 %');
  expect(markup.replaceAll(/\s+/g, ' ')).toContain('Of 2 labels of phase 4, 1 rest on verdicts that were asked again');
});
