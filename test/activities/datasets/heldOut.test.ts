import { createDatasetActivities } from '../../../activities/datasets/activities.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import type { AnalysisRow, ProofRow } from '../../../shared/records.ts';
import type { Score } from '../../../shared/scores.ts';
import {
  analysisText,
  malformed,
  newStore,
  outcome,
  problem,
  proofRow,
  provedText,
  toyChecker,
  writeSet,
} from '../../reports/figures/lapFixture.ts';

const lap = 'main/lap-0001';
const { domain } = rehearsal;

describe('the held-out proofs', () => {
  const problems = [2, 2, 5, 5, 8, 8].map((difficulty, index) => problem(index, difficulty));
  const draft = async (worths: readonly Score[]) => {
    const store = await newStore();
    const ref = await store.writeJsonl('datasets/held-out.jsonl', problems);
    const drafts = problems.flatMap(({ id }) =>
      worths.map((worth, sample) => outcome(id, 'prove', `${provedText(worth)} no. ${sample}`, { sample })),
    );
    await writeSet(store, 'drafts', [...drafts, malformed('p0', 'prove')]);
    const activities = createDatasetActivities({ store, checkers: () => toyChecker });
    return { store, activities, input: { lap, problems: ref, setId: 'drafts', proofsPerScore: 3, seed: 1, domain } };
  };

  test('are balanced by true score and spread over difficulties', async () => {
    const { store, activities, input } = await draft([0, 0, 0, 0.5, 1]);
    const { rows } = await activities.buildHeldOutProofs(input);
    const proofs = await store.readRows<ProofRow>(rows);
    for (const worth of [0, 0.5, 1]) {
      const ofThisWorth = proofs.filter((proof) => toyChecker.proofScore(proof.problem, proof.proof) === worth);
      expect(ofThisWorth.map((proof) => proof.problem.difficulty ?? 0).sort((a, b) => a - b)).toEqual([2, 5, 8]);
    }
    expect(new Set(proofs.map(({ id }) => id)).size).toBe(9);
  });

  test('are fewer where a score is short, and none is invented', async () => {
    const { store, activities, input } = await draft([0, 1]);
    const proofs = await store.readRows<ProofRow>((await activities.buildHeldOutProofs(input)).rows);
    const worths = proofs.map((proof) => toyChecker.proofScore(proof.problem, proof.proof));
    expect(worths).toEqual([0, 0, 0, 1, 1, 1]);
  });

  test('are the same whenever they are chosen', async () => {
    const { activities, input } = await draft([0, 0.5, 1, 1]);
    expect(await activities.buildHeldOutProofs(input)).toEqual(await activities.buildHeldOutProofs(input));
  });
});

test('the held-out analyses are distinct and balanced by true quality', async () => {
  const store = await newStore();
  const proofs = await store.writeJsonl(
    'datasets/proofs.jsonl',
    [0, 1, 2, 3].map((index) => proofRow(index, 0)),
  );
  const analyses = [0, 1, 2, 3].flatMap((index) =>
    [0, 0, 1].map((quality, sample) =>
      outcome(`proof-${index}`, 'verify', analysisText(0, { quality: quality as Score }), { sample }),
    ),
  );
  await writeSet(store, 'verdicts', analyses);
  const { buildHeldOutAnalyses } = createDatasetActivities({ store, checkers: () => toyChecker });
  const { rows } = await buildHeldOutAnalyses({
    lap,
    proofs,
    setIds: ['verdicts'],
    analysesPerQuality: 2,
    seed: 1,
    domain,
  });
  const chosen = await store.readRows<AnalysisRow>(rows);
  const quality = (row: AnalysisRow) => toyChecker.analysis(row.problem, row.proof, row.analysis).quality;
  expect(chosen.map(quality)).toEqual([0, 0, 1, 1]);
  expect(new Set(chosen.map(({ proofId, analysis }) => `${proofId} ${analysis}`)).size).toBe(4);
  expect(chosen[0]).toMatchObject({ analysisScore: 0, proofId: expect.stringMatching(/^proof-/) as string });
});

test("a row that asks for a proof bears its problem's id", async () => {
  const store = await newStore();
  const problems = await store.writeJsonl('datasets/problems.jsonl', [problem(7)]);
  const rows = await createDatasetActivities({ store, checkers: () => toyChecker }).buildProblemRows({ lap, problems });
  expect(await store.readRows(rows)).toEqual([{ id: 'p7', problem: problem(7) }]);
});
