import { compareLaps } from '../../../reports/comparison/compareLaps.ts';
import { comparisonPage } from '../../../reports/comparison/comparisonPage.ts';
import { comparisonTable } from '../../../reports/comparison/comparisonTable.ts';
import type { FileStore } from '../../../activities/store/files.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import type { Score } from '../../../shared/scores.ts';
import {
  analysisText,
  labelRow,
  newStore,
  outcome,
  problem,
  proofRow,
  selfVerifiedText,
  toyChecker,
  writeLap,
} from '../figures/lapFixture.ts';

const heldOut = [0, 1, 2, 3].map((index) => problem(index, 2 + index));

/** A lap whose generator wrote proofs worth these, and whose verifier gave proof 0 (of true score 0) this score. */
const lapOf = (
  store: FileStore,
  lap: string,
  worths: readonly Score[],
  over: { seed?: number; gives?: Score; heldOut?: typeof heldOut } = {},
) =>
  writeLap(store, {
    lap,
    recipe: { ...rehearsal, seed: over.seed ?? 1 },
    heldOut: over.heldOut ?? heldOut,
    proofs: [proofRow(0, 0)],
    sets: {
      'selfVerification selfVerification sampled': worths.map((worth, index) =>
        outcome(`p${index}`, 'selfVerify', selfVerifiedText(worth, 1)),
      ),
      'verifier verifierV2 sampled': [
        outcome('proof-0', 'verify', analysisText(over.gives ?? 0, { quality: 1, claimed: 1 })),
      ],
    },
    labelled: [{ proof: proofRow(7, 1), row: labelRow({ kind: 'labelled', score: 1 }) }],
  });

const figureOf = ({ figures }: Awaited<ReturnType<typeof compareLaps>>, name: string) =>
  figures.find((figure) => figure.name === name);

test('two laps are compared problem by problem: b less a', async () => {
  const store = await newStore();
  const compared = await compareLaps(
    store,
    () => toyChecker,
    [await lapOf(store, 'main/lap-0001', [0, 0, 1, 1], { gives: 1 })],
    [await lapOf(store, 'main/lap-0002', [0.5, 1, 1, 1])],
  );
  expect(figureOf(compared, 'generator: true score')).toMatchObject({
    value: 0.375,
    paired: true,
    shared: 4,
    a: { value: 0.5 },
    b: { value: 0.875 },
    bySeed: [{ seed: 1, value: 0.375 }],
    overSeeds: null,
  });
  expect(figureOf(compared, 'true score, difficulty 2')?.value).toBe(0.5);
  expect(figureOf(compared, 'self-score accuracy')?.value).toBe(0.25);
  expect(figureOf(compared, 'verifier: score accuracy')?.value).toBe(1);
  expect(figureOf(compared, 'verifier: analysis quality')?.value).toBe(0);
  expect(figureOf(compared, 'label precision')).toMatchObject({ value: 0, paired: false });
});

test('seeds are pooled, and paired where both sides have the same', async () => {
  const store = await newStore();
  const before = [
    await lapOf(store, 's1/lap-0001', [0, 0, 0, 1], { seed: 1 }),
    await lapOf(store, 's2/lap-0001', [0, 0, 1, 1], { seed: 2 }),
  ];
  const after = [
    await lapOf(store, 's2/lap-0003', [0, 1, 1, 1], { seed: 2 }),
    await lapOf(store, 's1/lap-0003', [1, 1, 0, 1], { seed: 1 }),
  ];
  const compared = await compareLaps(store, () => toyChecker, before, after);
  expect(compared.seeds).toEqual([1, 2]);
  const figure = figureOf(compared, 'generator: true score');
  expect(figure).toMatchObject({
    value: 0.375,
    bySeed: [
      { seed: 1, value: 0.5 },
      { seed: 2, value: 0.25 },
    ],
    overSeeds: { value: 0.375, n: 2 },
  });
  expect(comparisonTable(compared)).toContain('paired by seed and by held-out problem');
  const page = comparisonPage(compared);
  expect(page).toContain('aria-label="Differences b − a');
  expect(page).not.toMatch(/NaN|undefined|<script/);

  const unpaired = await compareLaps(store, () => toyChecker, before, after.slice(0, 1));
  expect(unpaired.seeds).toEqual([]);
  expect(comparisonTable(unpaired)).toContain('not by seed: a has seeds 1, 2, b 2');
});

test('laps with different held-out problems are refused by name', async () => {
  const store = await newStore();
  const laps = [
    await lapOf(store, 'a/lap-0001', [0]),
    await lapOf(store, 'b/lap-0001', [0], { heldOut: [problem(0, 3)] }),
  ] as const;
  await expect(compareLaps(store, () => toyChecker, [laps[0]], [laps[1]])).rejects.toThrow(
    /^Expected laps measured on the same held-out problems, got a\/lap-0001 on .*held-out.jsonl .*4 problems\) and b/,
  );
});

test('verifiers that judged different proofs are not compared, and the rest is', async () => {
  const store = await newStore();
  const a = await lapOf(store, 'a/lap-0001', [0, 0, 0, 0]);
  const b = await lapOf(store, 'b/lap-0001', [1, 1, 1, 1]);
  const proofs = await store.writeJsonl('datasets/b/lap-0001/other.jsonl', [proofRow(0, 0), proofRow(1, 1)]);
  const compared = await compareLaps(store, () => toyChecker, [a], [{ ...b, evaluation: { ...b.evaluation, proofs } }]);
  expect(figureOf(compared, 'verifier: score accuracy')).toBeUndefined();
  expect(compared.notCompared).toContainEqual({
    figure: 'verifier: score accuracy',
    reason: "the two sides' verifiers judged different held-out proofs",
  });
  expect(figureOf(compared, 'generator: true score')?.value).toBe(1);
});
