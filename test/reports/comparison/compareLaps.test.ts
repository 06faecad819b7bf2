import { compareLaps } from '../../../reports/comparison/compareLaps.ts';
import { comparisonPage } from '../../../reports/comparison/comparisonPage.ts';
import { comparisonTable } from '../../../reports/comparison/comparisonTable.ts';
import type { FileStore } from '../../../activities/store/files.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import type { LapManifest } from '../../../shared/lap/manifest.ts';
import type { Score } from '../../../shared/scores.ts';
import { scoredBy, worthOf, writeJudgedLap } from '../figures/judgedFixture.ts';
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

describe('without a checker', () => {
  /** The generator's answers are worth these, and the verifier of that digest adds what it likes. */
  const judgedLap = (
    store: FileStore,
    lap: string,
    worths: readonly Score[],
    { verifier, people = true, parent }: { verifier: string; people?: boolean; parent?: readonly Score[] },
  ) => {
    const answers = (of: readonly Score[]) =>
      of.map((worth, index) => outcome(`p${index % 12}`, 'selfVerify', selfVerifiedText(worth, 1), { sample: index }));
    return writeJudgedLap(
      store,
      {
        lap,
        heldOut: Array.from({ length: 12 }, (_, index) => problem(index)),
        sets: {
          'selfVerification selfVerification sampled': answers(worths),
          ...(parent && { 'selfVerification parent sampled': answers(parent) }),
        },
      },
      {
        verifier,
        verdicts: (row) => [verifier === 'mild' ? 1 : worthOf(row)],
        people: (row) => (people ? scoredBy(worthOf(row)) : undefined),
      },
    );
  };
  const half = Array.from({ length: 12 }, (_, index): Score => (index % 2 === 0 ? 1 : 0));
  const most = Array.from({ length: 12 }, (_, index): Score => (index % 4 === 0 ? 0 : 1));
  const EYES = "generator: score in the verifier's own eyes";
  const compare = async (a: LapManifest, b: LapManifest, store: FileStore) =>
    compareLaps(store, () => toyChecker, [a], [b]);

  test("laps are compared by people's samples, whatever their verifiers are", async () => {
    const store = await newStore();
    const a = await judgedLap(store, 'a/lap-0001', half, { verifier: 'mild' });
    const b = await judgedLap(store, 'b/lap-0001', most, { verifier: 'strict' });
    const compared = await compare(a, b, store);
    const figure = figureOf(compared, "generator: score by people's blind sample");
    expect(figure).toMatchObject({ a: { value: 0.5 }, b: { value: 0.75 }, value: 0.25, paired: false });
    expect(figure!.low).toBeLessThan(0);
    expect(figure!.high).toBeGreaterThan(0.4);
    expect(figureOf(compared, EYES)).toBeUndefined();
    expect(compared.notCompared).toContainEqual({
      figure: EYES,
      reason: 'no verifier judged both sides: neither is the parent of the other',
    });
    expect(comparisonPage(compared)).not.toMatch(/NaN|undefined/);
  });

  test('one verifier compares what it judged on both sides', async () => {
    const store = await newStore();
    const a = await judgedLap(store, 'a/lap-0001', half, { verifier: 'strict', people: false });
    const b = await judgedLap(store, 'b/lap-0001', most, { verifier: 'strict', people: false });
    const compared = await compare(a, b, store);
    expect(figureOf(compared, EYES)).toMatchObject({ a: { value: 0.5 }, b: { value: 0.75 }, paired: true });
    expect(compared.notCompared.map(({ figure }) => figure)).toContain("generator: score by people's blind sample");
  });

  test("a lap and its parent are compared in the lap's verifier's eyes, not in the parent's", async () => {
    const store = await newStore();
    const a = await judgedLap(store, 'a/lap-0001', half, { verifier: 'mild' });
    const child = await judgedLap(store, 'a/lap-0002', most, { verifier: 'strict', parent: half });
    const b = { ...child, parent: { lap: a.lap, manifest: { uri: '', sha256: '' } } };
    expect(figureOf(await compare(a, b, store), EYES)).toMatchObject({ a: { value: 0.5 }, b: { value: 0.75 } });
    expect(figureOf(await compare(b, a, store), EYES)).toMatchObject({ a: { value: 0.75 }, b: { value: 0.5 } });
  });
});
