import { lapCurves } from '../../../reports/pages/lapCurves.ts';
import { lapsTable } from '../../../reports/pages/lapsTable.ts';
import { measureLap } from '../../../reports/figures/measureLap.ts';
import { scoredBy, worthOf, writeJudgedLap } from '../figures/judgedFixture.ts';
import { newStore, outcome, problem, provedText, selfVerifiedText, toyChecker } from '../figures/lapFixture.ts';

/** A lap whose final generator's twelve answers are worth 1, and its base's nothing. */
async function judgedReport(isJudged: boolean) {
  const store = await newStore();
  const problems = Array.from({ length: 12 }, (_, index) => problem(index));
  const manifest = await writeJudgedLap(
    store,
    {
      heldOut: problems,
      sets: {
        'generator base sampled': problems.map(({ id }) => outcome(id, 'prove', provedText(0))),
        'selfVerification selfVerification sampled': problems.map(({ id }) =>
          outcome(id, 'selfVerify', selfVerifiedText(1, 1)),
        ),
      },
    },
    { verdicts: (row) => [worthOf(row) > 0 ? 0.5 : 0], people: (row) => scoredBy(worthOf(row)) },
  );
  const { judged: _, ...plain } = manifest.evaluation;
  return measureLap(isJudged ? manifest : { ...manifest, evaluation: plain }, store, () => toyChecker);
}

const curvesOf = async (isJudged: boolean) =>
  new Map(lapCurves([await judgedReport(isJudged)]).map(({ name, runs }) => [name, runs[0]?.points]));

test("without a checker the curves are people's and each lap's verifier's, each under its name", async () => {
  const curves = await curvesOf(true);
  expect(curves.has("generator's true score")).toBe(false);
  expect(curves.get("generator's score by a blind sample")?.map(({ turn, figure }) => [turn, figure?.value])).toEqual([
    [1, 1],
  ]);
  const eyes = curves.get("generator's score in each lap's verifier's own eyes");
  expect(eyes?.map(({ turn, figure }) => [turn, figure?.value])).toEqual([
    [0, 0],
    [1, 0.5],
  ]);
});

test('what nobody was asked to judge has no curve, and no column in the table of laps', async () => {
  expect([...(await curvesOf(false)).keys()].filter((name) => name.includes('score'))).toEqual([]);
  expect(lapsTable([await judgedReport(true)], [])).toContain('own eyes');
  expect(lapsTable([await judgedReport(false)], [])).not.toContain('own eyes');
});
