import { chooseRewarded, rewardsInDoubt, watchByPeople } from '../../../activities/datasets/rewardAudit.ts';
import type { RewardSpec } from '../../../shared/reward/protocol.ts';
import type { Score } from '../../../shared/scores.ts';
import { newStore, problem, proofOf, provedText, selfVerifiedText } from '../../reports/figures/lapFixture.ts';

const jobKey = 'main/lap-0001/generator';
const RECIPE = { saturationWindow: 2, promptsPerStep: 4, groupSize: 4 };

interface Sample {
  readonly step: number;
  readonly reward: number;
  readonly text?: string;
  readonly imitates?: boolean;
}

/** A stage that was rewarded so, and people who score each proof that is asked about by what its text says. */
async function rewarded(samples: readonly Sample[], name: 'generator' | 'selfVerification' = 'generator') {
  const store = await newStore();
  const task = name === 'generator' ? 'prove' : 'selfVerify';
  const dataset = await store.writeJsonl(
    `datasets/${jobKey}/1-${task}.jsonl`,
    samples.map((_, index) => ({ itemId: `i${index}`, task, prompt: [], meta: { problem: problem(index) } })),
  );
  const spec: Partial<RewardSpec> = {
    useMetaReward: name === 'selfVerification',
    proofWeight: 0.76,
    selfAnalysisWeight: 0.24,
    maxRevisions: 2,
  };
  await store.writeJson(`rewards/${jobKey}/spec.json`, spec);
  await store.writeJsonl(
    `rewards/${jobKey}/rewards.jsonl`,
    samples.map(({ step, reward, text, imitates = false }, index) => ({
      task,
      step,
      responseSha256: `${index}`.padStart(64, '0').split('').toReversed().join(''),
      ...(text !== undefined && { response: text }),
      verdicts: name === 'selfVerification' ? { proof: [1], meta: [1] } : { proof: [1] },
      answer: {
        itemId: `i${index}`,
        status: 'scored',
        reward,
        components: { format: text === undefined || text.startsWith('##') ? 1 : 0 },
        imitatesVerdict: imitates,
      },
      judge: { calls: 1, promptTokens: 1, completionTokens: 1 },
    })),
  );
  const audited = { stage: { name, jobKey, datasets: [dataset] }, recipe: RECIPE };
  const about = { ...audited, lap: 'main/lap-0001', audit: { minPrecision: 0.95, rewardedProofs: 12 } };
  const subject = await chooseRewarded(store, { about, to: `datasets/${jobKey}/audit.jsonl`, seed: 1 });
  const rows = await store.readRows<{ id: string; proof: string }>(subject);
  const worth = (proof: string) => Number(/worth (\S+)/.exec(proof)?.[1]) as Score;
  const results = await store.writeJsonl(
    'reviews/audit.jsonl',
    rows.map(({ id, proof }) => ({
      id,
      result: { kind: 'scored', score: worth(proof), source: 'expert', verdicts: 2, adjudicated: false },
    })),
  );
  const { doubt } = await rewardsInDoubt(store, { about, results: [results] });
  return { rows, watch: await watchByPeople(store, { ...audited, results: [results] }), doubt };
}

const proofs = (count: number, step: number, reward: number, worth: Score): Sample[] =>
  Array.from({ length: count }, () => ({ step, reward, text: provedText(worth) }));

test('people are asked about proofs of the last steps alone, and see no reward', async () => {
  const { rows } = await rewarded([...proofs(8, 1, 1, 1), ...proofs(4, 9, 1, 1), ...proofs(4, 10, 0, 0)]);
  expect(rows).toHaveLength(8);
  expect(rows.every((row) => Object.keys(row).sort().join() === 'id,problem,proof')).toBe(true);
  expect(new Set(rows.map(({ proof }) => proof))).toEqual(new Set([proofOf(0), proofOf(1)]));
});

test('malformed answers and those without a text are nothing to ask about', async () => {
  const { rows } = await rewarded([
    { step: 1, reward: 0, text: 'no idea' },
    { step: 1, reward: 1 },
    ...proofs(1, 1, 1, 1),
  ]);
  expect(rows).toHaveLength(1);
});

test('as many are asked about of a rare reward as of a common one, and count for what they stand for', async () => {
  // 6 of the 12 asked got 0, which 6 of 60 did; people say that those with a reward are worth nothing.
  const { rows, watch, doubt } = await rewarded([...proofs(54, 5, 1, 0), ...proofs(6, 5, 0, 0)]);
  expect(rows).toHaveLength(12);
  expect(watch.rewards?.b.value).toBeCloseTo(0.9);
  expect(watch.rewards).toMatchObject({ b: { n: 60 }, a: { value: 0, n: 12 } });
  expect(doubt).toContain('generator: reward 0.90, by what people gave, blindly, 0.00');
});

test('a judge whom people agree with leaves no doubt', async () => {
  const { watch, doubt } = await rewarded([...proofs(8, 5, 1, 1), ...proofs(8, 5, 0, 0)]);
  expect(watch.rewards).toMatchObject({ value: 0 });
  expect([watch.claims, doubt]).toEqual([null, '']);
});

test("in phase 3 people's score takes the judge's place in the reward's formula, and claims are compared", async () => {
  const samples = Array.from({ length: 12 }, (): Sample => ({ step: 5, reward: 1, text: selfVerifiedText(0, 1) }));
  const { watch, doubt } = await rewarded(samples, 'selfVerification');
  // R = .76 · 0 + .24 · R_score(1, 0) · 1 = 0.
  expect(watch.rewards).toMatchObject({ a: { value: 0 }, b: { value: 1 } });
  expect(watch.claims).toMatchObject({ a: { value: 0 }, b: { value: 1 } });
  expect(doubt).toMatch(/reward 1\.00.*claim to be right/);
  const half = Array.from({ length: 12 }, (): Sample => ({ step: 5, reward: 0.5, text: selfVerifiedText(0.5, 1) }));
  expect((await rewarded(half, 'selfVerification')).watch.rewards?.a.value).toBeCloseTo(0.76 * 0.5 + 0.24 * 0.5);
});

test('answers that imitate verdicts, and longer ones, are counted at both ends', async () => {
  const early = Array.from({ length: 20 }, (): Sample => ({ step: 1, reward: 1, text: provedText(1) }));
  const late = Array.from({ length: 20 }, (_, index): Sample => ({
    step: 9,
    reward: 1,
    text: provedText(1) + ' and so on'.repeat(10),
    imitates: index < 10,
  }));
  const { watch, doubt } = await rewarded([...early, ...late]);
  expect(watch.imitations).toMatchObject({ first: { value: 0, n: 20 }, last: { value: 0.5, n: 20 } });
  expect([watch.lengths.first?.mean, watch.lengths.last?.mean]).toEqual([
    provedText(1).length,
    provedText(1).length + 100,
  ]);
  expect(doubt).toContain('imitate a verdict');
});
