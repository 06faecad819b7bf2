import { ReviewLog } from '../../../activities/reviews/log.ts';
import { measureLap } from '../../../reports/figures/measureLap.ts';
import { lapTable } from '../../../reports/pages/lapTable.ts';
import { reportPage } from '../../../reports/pages/page.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import type { ScoredAnalysis } from '../../../shared/records.ts';
import type { Score } from '../../../shared/scores.ts';
import { scoredBy, worthOf, writeJudgedLap, type Judges } from './judgedFixture.ts';
import {
  analysisText,
  malformed,
  newStore,
  outcome,
  problem,
  proofRow,
  provedText,
  selfVerifiedText,
  toyChecker,
  type LapParts,
} from './lapFixture.ts';

const measure = async (parts: LapParts, judges: Judges) => {
  const store = await newStore();
  const manifest = await writeJudgedLap(store, parts, judges);
  return { manifest, report: await measureLap(manifest, store, () => toyChecker) };
};

const problems = [0, 1, 2, 3].map((index) => ({ ...problem(index), topic: index < 2 ? 'algebra' : 'geometry' }));
/** Base: 0, 0.5, none, 0. Final: 1, 0.5 (claimed to be 1), 1, none. */
const parts: LapParts = {
  heldOut: problems,
  sets: {
    'generator base sampled': [
      outcome('p0', 'prove', provedText(0)),
      outcome('p1', 'prove', provedText(0.5)),
      malformed('p2', 'prove'),
      outcome('p3', 'prove', provedText(0)),
    ],
    'selfVerification selfVerification sampled': [
      outcome('p0', 'selfVerify', selfVerifiedText(1, 1)),
      outcome('p1', 'selfVerify', selfVerifiedText(0.5, 1)),
      outcome('p2', 'selfVerify', selfVerifiedText(1, 0.5)),
      malformed('p3', 'selfVerify'),
    ],
  },
};
/** A verifier to whom all that is not worthless is complete. */
const friendly = {
  verdicts: (row: Parameters<typeof worthOf>[0]) => Array(8).fill(worthOf(row) > 0 ? 1 : 0) as Score[],
};

describe("in the verifier's own eyes", () => {
  test('a generator is worth the mean of its answers, by topic too, whatever they are worth', async () => {
    const { report } = await measure(parts, friendly);
    const { verifier } = report.judged ?? {};
    expect(verifier).toMatchObject({ by: 'v2', verdictsPerProof: 8, proofs: 5, undecided: 0, lost: 0 });
    expect(verifier?.before).toMatchObject({ value: 0.25, n: 4 });
    expect(verifier?.after).toMatchObject({ value: 0.75, n: 4 });
    expect(verifier?.byTopic.map(({ topic, before, after }) => [topic, before?.value, after?.value])).toEqual([
      ['algebra', 0.5, 1],
      ['geometry', 0, 0.5],
    ]);
    expect(report.generator.trueScoreAfter).toBeNull();
    expect(report.notMeasured.find(({ figure }) => figure === 'generator.trueScoreBefore')?.reason).toMatch(
      /^no checker knows .*; what their judges say stands under `judged`$/,
    );
  });

  test('a proof without a majority counts by its mean, one with too few verdicts is no observation', async () => {
    const verdicts = ({ problem: { id } }: Parameters<typeof worthOf>[0]): (Score | undefined)[] =>
      id === 'p0' ? [1, 1, 0, 0] : id === 'p1' ? [1, undefined, undefined, undefined] : [1, 1, 1, 0];
    const { report } = await measure(parts, { verdicts });
    expect(report.judged?.verifier).toMatchObject({ undecided: 2, lost: 1 });
    expect(report.judged?.verifier?.after).toMatchObject({ value: (0.5 + 1 + 0) / 3, n: 3 });
  });

  test('self-scores stand against what the verifier says of the proofs', async () => {
    const { report } = await measure(parts, friendly);
    const claims = report.judged?.verifier?.claimsAfter;
    expect(claims?.claimShare).toMatchObject({ value: 0.5, n: 4 });
    expect(claims?.falseClaims).toMatchObject({ value: 0, n: 2 });
    expect(claims?.accuracy).toMatchObject({ value: 0.5, n: 4 });
    expect(claims?.calibration['0.5']).toMatchObject({ value: 1, n: 1 });
    expect(claims?.calibration['0']).toBeNull();
  });
});

describe("by people's blind sample", () => {
  /** Sixty answers of which 20 are worth 1, 20 0.5 and 20 0, all claimed to be 1, on 30 problems. */
  const sixty: LapParts = {
    heldOut: Array.from({ length: 30 }, (_, index) => problem(index)),
    sets: {
      'selfVerification selfVerification sampled': Array.from({ length: 60 }, (_, index) =>
        outcome(`p${index % 30}`, 'selfVerify', selfVerifiedText(([0, 0.5, 1] as const)[index % 3] ?? 0, 1), {
          sample: Math.floor(index / 30),
        }),
      ),
    },
  };
  /** Every second problem's proof is asked about. */
  const seen: Judges['people'] = (row) =>
    Number(row.problem.id.slice(1)) % 2 === 0 ? scoredBy(worthOf(row)) : undefined;

  test('the verifier is corrected, and how far it is off has an interval', async () => {
    const { report } = await measure(sixty, { ...friendly, people: seen });
    const { people, verifier } = report.judged ?? {};
    expect(verifier?.after?.value).toBeCloseTo(2 / 3);
    expect(people).toMatchObject({ by: 'people', asked: 15, scored: 15, flagged: 0 });
    expect(people?.score?.value).toBeCloseTo(0.5);
    expect(people?.score?.low).toBeLessThan(0.5);
    expect(people?.verifierOver?.value).toBeCloseTo(1 / 6);
    expect(people?.strata).toEqual([
      { verifier: '0', proofs: 10, asked: 5, scored: 5, mean: 0 },
      { verifier: '1', proofs: 20, asked: 10, scored: 10, mean: 0.75 },
    ]);
    expect(people?.claims?.falseClaims?.value).toBeCloseTo(2 / 3);
    expect(people?.claims?.accuracy?.value).toBeCloseTo(1 / 3);
  });

  test('what was flagged or left open says nothing, and a program in their place is named', async () => {
    const { report } = await measure(sixty, {
      ...friendly,
      people: (row) =>
        row.problem.id === 'p0'
          ? { kind: 'flagged', reason: 'no' }
          : row.problem.id === 'p2'
            ? { kind: 'open' }
            : scoredBy(worthOf(row), 'program'),
    });
    expect(report.judged?.people).toMatchObject({ by: 'program', asked: 30, scored: 28, flagged: 1 });
    expect(lapTable(report)).toContain("by a blind sample, a program in people's place");
  });

  test('too small a sample is no estimate, and the report says how many it takes', async () => {
    const { report } = await measure(sixty, {
      ...friendly,
      people: (row) => (['p0', 'p1', 'p2'].includes(row.problem.id) ? scoredBy(1) : undefined),
    });
    expect(report.judged?.people?.score).toBeNull();
    expect(report.notMeasured).toContainEqual({
      figure: 'judged.people.score',
      reason: 'people scored 3 of the 3 proofs that they were asked about, and 10 are needed for an estimate',
    });
  });

  test('a score that comes when the lap has gone on counts as soon as the lap is measured again', async () => {
    const store = await newStore();
    const late: Judges['people'] = (row) => seen(row) && (row.problem.id === 'p0' ? { kind: 'open' } : seen(row));
    const manifest = await writeJudgedLap(store, sixty, { ...friendly, people: late });
    const scoredNow = async () => (await measureLap(manifest, store, () => toyChecker)).judged?.people?.scored;
    expect(await scoredNow()).toBe(14);
    const [id = ''] = (await store.readRows<{ id: string }>(manifest.evaluation.judged!.people!))
      .map((row) => row.id)
      .filter((each) => each.startsWith('p0-'));
    const entry = { kind: 'result', result: scoredBy(1), id: 'result', at: '2026-02-01T00:00:00.000Z' } as const;
    await new ReviewLog(store).append(`${manifest.lap}/evaluation/people`, id, [entry]);
    expect(await scoredNow()).toBe(15);
  });

  test('it does without a verifier', async () => {
    const { report } = await measure(sixty, { people: seen });
    expect(report.judged?.verifier).toBeNull();
    expect(report.judged?.people?.score?.value).toBeCloseTo(0.5);
    expect(report.judged?.people?.verifierOver).toBeNull();
  });
});

describe("verifiers' analyses", () => {
  const compared: LapParts = {
    proofs: [proofRow(0, 0), proofRow(1, 0.5)],
    sets: {
      'verifier verifierV1 sampled': [
        outcome('proof-0', 'verify', analysisText(0, { quality: 0 })),
        outcome('proof-1', 'verify', analysisText(0, { quality: 0 }), { sample: 0 }),
      ],
      'verifier verifierV2 sampled': [
        outcome('proof-0', 'verify', analysisText(0, { quality: 1 }), { model: 'b'.repeat(64) }),
        malformed('proof-1', 'verify'),
      ],
    },
  };
  const quality: Judges['quality'] = ({ analysis }) => (analysis.includes('quality=1') ? 1 : 0.5);

  test("have the quality that the meta-verifier's eyes see, v1's and v2's by the same", async () => {
    const { report } = await measure(compared, { quality });
    expect(report.judged?.quality).toMatchObject({
      by: 'meta',
      before: { value: 0.5, n: 2 },
      after: { value: 1, n: 1 },
      peopleBefore: null,
      peopleAfter: null,
    });
  });

  test('have beside it what people said of analyses by the same models', async () => {
    const store = await newStore();
    const manifest = await writeJudgedLap(store, compared, { quality });
    const row = (id: string, model: string, of: Score): ScoredAnalysis => ({
      ...proofRow(0, 0),
      id,
      proofId: 'proof-0',
      analysis: 'text',
      analysisScore: 0,
      model,
      quality: of,
      source: 'expert',
      lap: manifest.lap,
    });
    const train = [
      await store.writeJsonl('datasets/mv.jsonl', [
        row('a', 'a'.repeat(64), 0),
        row('b', 'a'.repeat(64), 1),
        row('c', 'b'.repeat(64), 1),
        row('d', 'c'.repeat(64), 0),
      ]),
    ];
    const analysisScores = { train, validation: await store.writeJsonl('datasets/none.jsonl', []) };
    const report = await measureLap({ ...manifest, analysisScores }, store, () => toyChecker);
    expect(report.judged?.quality?.peopleBefore).toMatchObject({ value: 0.5, n: 2 });
    expect(report.judged?.quality?.peopleAfter).toMatchObject({ value: 1, n: 1 });
  });
});

describe('the page and the table', () => {
  test('name who judged, beside every figure', async () => {
    const { report, manifest } = await measure(parts, { ...friendly, people: (row) => scoredBy(worthOf(row)) });
    const table = lapTable(report);
    expect(table).toContain("generator's score, in the verifier's own eyes");
    const page = reportPage({ report, manifest });
    expect(page).toContain('Held-out answers, by who judged them');
    expect(page).toContain('no truth');
    expect(page).not.toMatch(/NaN|undefined/);
  });

  test("a checker's truth stands beside what the verifier thinks", async () => {
    const { report, manifest } = await measure({ ...parts, recipe: rehearsal }, friendly);
    expect(report.generator.trueScoreAfter?.value).toBeCloseTo(2.5 / 4);
    expect(reportPage({ report, manifest })).toContain('truth, by toy checker');
  });

  test('say nothing of judges where the recipe asks for none', async () => {
    const { report, manifest } = await measure(parts, {});
    const { judged: _, ...evaluation } = manifest.evaluation;
    const without = { ...manifest, evaluation };
    const { judged: __, ...plain } = report;
    expect(reportPage({ report: plain, manifest: without })).not.toContain('by who judged them');
  });
});
