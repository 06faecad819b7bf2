import { rightAnalyses, writeConsolidation } from '../../../activities/datasets/consolidation.ts';
import { promptSetNamed } from '../../../activities/store/promptSets.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import { labelPolicy } from '../../../shared/lap/phases.ts';
import type { TrainingRow } from '../../../shared/records.ts';
import type { Score } from '../../../shared/scores.ts';
import {
  analysisText,
  emptySet,
  labelRow,
  newStore,
  outcome,
  problem,
  proofRow,
  selfVerifiedText,
  writeSet,
} from '../../reports/figures/lapFixture.ts';

/** A parent lap's proof that passes and an analysis that is right, each thought over before. */
async function consolidated(
  thinking?: 'keep' | 'drop',
  worth: Score = 1,
  selfScore: Score = 1,
): Promise<TrainingRow[]> {
  const store = await newStore();
  const proof = { ...proofRow(1, worth), id: 'p1-lap1-0', problem: problem(1), selfScore };
  const label = { ...labelRow({ kind: 'labelled', score: worth }), proofId: proof.id };
  const proofs = await store.writeJsonl('datasets/proofs.jsonl', [proof]);
  const scored = await store.writeJsonl('datasets/scored.jsonl', [{ ...proof, score: worth }]);
  const decisions = await store.writeJsonl('labels/labels.jsonl', [label]);
  const written = selfVerifiedText(worth, selfScore);
  await writeSet(store, 'written', [outcome('p1', 'selfVerify', written, { thinking: 'Induction?' })]);
  await writeSet(store, 'analyses', [outcome(proof.id, 'verify', analysisText(1, {}), { thinking: 'Step 1 holds.' })]);
  const { dataset } = await writeConsolidation(store, {
    to: 'datasets/examples.jsonl',
    prompts: await promptSetNamed(store, 'paper'),
    labels: { proofs, writtenIn: 'written', set: { ...emptySet('labels'), decisions, labels: EMPTY }, expert: 0 },
    turn: 1,
    analyses: await rightAnalyses(store, { to: 'datasets/right.jsonl', setId: 'analyses', proofs: scored }),
    policy: labelPolicy(rehearsal),
    examplesPerSkill: 4,
    ...(thinking && { thinking }),
    seed: 1,
  });
  return store.readRows<TrainingRow>(dataset);
}
const EMPTY = { auto: 1, contested: 0, unresolved: 0, total: 1 };

test('a consolidation trains the thinking that was written, beside its answer and never within it', async () => {
  const rows = await consolidated();
  expect(rows.map(({ task, thinking }) => [task, thinking])).toEqual([
    ['prove', 'Induction?'],
    ['selfVerify', 'Induction?'],
    ['verify', 'Step 1 holds.'],
  ]);
  for (const { completion, thinking = '' } of rows) expect(completion).not.toContain(thinking);
});

test('a recipe may drop it', async () => {
  for (const row of await consolidated('drop')) expect(row).not.toHaveProperty('thinking');
});

test('what was thought is quoted to nobody', async () => {
  for (const { prompt } of await consolidated()) expect(JSON.stringify(prompt)).not.toMatch(/Induction\?|Step 1 holds/);
});

test.each([0, 0.5] as const)(
  'an issue admitted is learned of a proof labelled %s, and nothing of the proof or the thinking that led to it',
  async (worth) => {
    const [row, ...others] = (await consolidated('keep', worth, worth)).filter(({ task }) => task !== 'verify');
    expect(others).toEqual([]);
    expect(row).toMatchObject({ task: 'selfVerify', thinking: 'Induction?', meta: { score: worth } });
    expect(row?.given).toMatch(/^## Solution\n[^]*\n## Self Evaluation\n$/);
    expect(`${row?.given}${row?.completion}`).toBe(selfVerifiedText(worth, worth));
    expect(row?.completion).toBe(analysisText(worth, {}));
  },
);

test('of a sound proof that its generator doubts the proof alone is learned', async () => {
  const rows = (await consolidated('keep', 1, 0.5)).filter(({ task }) => task !== 'verify');
  expect(rows.map(({ task, given }) => [task, given])).toEqual([['prove', undefined]]);
});

test('where nothing passes, the consolidation says what was seen of each skill, and is not tried again', async () => {
  await expect(consolidated('keep', 0)).rejects.toMatchObject({
    type: 'NothingToLearn',
    nonRetryable: true,
    message: expect.stringContaining(
      "0 of 1 proofs are labelled 1, 0 of 1 self-analyses give their proof's label, 0 of 1 analyses give",
    ),
  });
});
