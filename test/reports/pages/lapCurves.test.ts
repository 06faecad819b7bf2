import { measureLap } from '../../../reports/figures/measureLap.ts';
import { curveDrawing, curvePage } from '../../../reports/pages/curvePage.ts';
import { lapCurves } from '../../../reports/pages/lapCurves.ts';
import { curveTable, lapsTable } from '../../../reports/pages/lapsTable.ts';
import type { FileStore } from '../../../activities/store/files.ts';
import type { LapReport } from '../../../shared/figures/report.ts';
import type { Score } from '../../../shared/scores.ts';
import {
  at,
  newStore,
  outcome,
  problem,
  proofRow,
  provedText,
  selfVerifiedText,
  toyChecker,
  writeLap,
} from '../figures/lapFixture.ts';

/** A lap of a chain: its generator is worth `worth`, the base 0; a person scored `people` of the four rows of D_v. */
async function lapOf(store: FileStore, lap: string, turn: number, worth: Score, people: number): Promise<LapReport> {
  const manifest = await writeLap(store, {
    lap,
    heldOut: [problem(0, 2), problem(1, 8)],
    sets: {
      'generator base sampled': ['p0', 'p1'].map((row) => outcome(row, 'prove', provedText(0))),
      'selfVerification selfVerification sampled': ['p0', 'p1'].map((row) =>
        outcome(row, 'selfVerify', selfVerifiedText(worth, 1)),
      ),
    },
  });
  const rows = [0, 1, 2, 3].map((index) => ({
    ...proofRow(index, 1),
    score: 1,
    source: index < people ? 'expert' : 'auto',
    lap: index === 3 ? lap : 'elsewhere',
  }));
  const train = await store.writeJsonl(`datasets/${lap}/proof-scores.jsonl`, rows);
  return measureLap(
    { ...manifest, turn, startedAt: at(100 * turn), proofScores: { ...manifest.proofScores, train: [train] } },
    store,
    () => toyChecker,
  );
}

const chain = async (store: FileStore, run: string, worths: readonly Score[]) =>
  Promise.all(worths.map((worth, index) => lapOf(store, `${run}/lap-000${index + 1}`, index + 1, worth, 4 - index)));

test("a run's curve begins with the base, and goes lap by lap", async () => {
  const curves = lapCurves(await chain(await newStore(), 'main', [0.5, 1]));
  const [score] = curves;
  expect(score).toMatchObject({ name: "generator's true score", mean: [] });
  expect(score?.runs).toMatchObject([
    {
      run: 'main',
      points: [
        { turn: 0, figure: { value: 0 } },
        { turn: 1, figure: { value: 0.5 } },
        { turn: 2, figure: { value: 1 } },
      ],
    },
  ]);
  expect(curves.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'true score, difficulty 2',
      'true score, difficulty 8',
      "people's share of D_v",
    ]) as string[],
  );
  expect(curves.map(({ name }) => name)).not.toContain('precision of automatic labels'); // nobody measured it
});

test("people's share counts the scores that the lap learns from, and those that it added", async () => {
  const [first, second] = await chain(await newStore(), 'main', [0, 0]);
  expect(first?.proofScores).toEqual({
    used: { expert: 4, program: 0, auto: 0 },
    added: { expert: 1, program: 0, auto: 0 },
    peopleShare: 1,
    peopleShareOfAdded: 1,
  });
  expect(second?.proofScores).toMatchObject({ peopleShare: 0.75, peopleShareOfAdded: 0 });
});

test('over several runs the mean has an interval over runs', async () => {
  const store = await newStore();
  const reports = [...(await chain(store, 's1', [0.5, 1])), ...(await chain(store, 's2', [0, 1]))];
  const [score] = lapCurves(reports);
  expect(score?.mean).toMatchObject([
    { turn: 0 },
    { turn: 1, figure: { value: 0.25, n: 2 } },
    { turn: 2, figure: { value: 1, low: 1, high: 1 } },
  ]);
  expect(curveTable(reports)).toMatch(/run s1: .*\n[\s\S]*run s2: .*\n[\s\S]*mean over 2 runs/);
  const page = curvePage(reports);
  expect(page).toContain(`aria-label="generator's true score, by lap. s1: lap 0 0.00`);
  expect(page).not.toMatch(/NaN|undefined|<script|#0102[0-9a-f]{2}/);
  expect(curvePage(reports)).toBe(page);
  const drawing = curveDrawing(reports);
  expect(drawing.match(/<svg x="\d+" y="\d+" width="370" height="200"/g)).toHaveLength(lapCurves(reports).length);
  expect(drawing).not.toMatch(/NaN|undefined|<script|#0102[0-9a-f]{2}/);
});

test('the table of laps names the unfinished', async () => {
  const lines = lapsTable(await chain(await newStore(), 'main', [0.5]), ['main/lap-0002']).split('\n');
  expect(lines[2]).toMatch(/^main\/lap-0001\s+–\s+rehearsal\s+1\s+–\s+0\.50\s+0\.50\s+–\s+–\s+100 %\s+6 min 40 s$/);
  expect(lines.at(-1)).toBe('main/lap-0002  not finished');
  expect(lapsTable([], [])).toBe('No lap has finished yet.');
});
