import { measureLap } from '../../../reports/figures/measureLap.ts';
import { lapTable } from '../../../reports/pages/lapTable.ts';
import { reportPage } from '../../../reports/pages/page.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import { auditVerdict } from '../../../shared/label/audit.ts';
import type { LapManifest } from '../../../shared/lap/manifest.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import type { Score } from '../../../shared/scores.ts';
import { labelRow, newStore, proofRow, toyChecker, writeLap } from './lapFixture.ts';

const recipe: Recipe = {
  ...rehearsal,
  domain: { ...rehearsal.domain, checker: 'none', experts: 'people' },
  audit: { minPrecision: 0.95 },
};

/** Labels by their number, and of each how many people scored, and how many of those alike. */
interface Labelled {
  readonly label: Score | 'contested';
  readonly proofs: number;
  readonly audited?: number;
  readonly right?: number;
}

async function lapOf(
  store: Awaited<ReturnType<typeof newStore>>,
  lap: string,
  groups: readonly Labelled[],
): Promise<LapManifest> {
  const proofs = groups.flatMap(({ label, proofs: count, audited = 0, right = audited }) =>
    Array.from({ length: count }, (_, index) => ({ label, said: index < audited ? index < right : undefined })),
  );
  const labelled = proofs.map(({ label }, index) => ({
    proof: proofRow(index, 1),
    row: labelRow(
      (label === 'contested' ? { kind: 'contested', reason: 'split' } : { kind: 'labelled', score: label }) as never,
    ),
  }));
  const manifest = await writeLap(store, { lap, recipe, labelled });
  const setId = `${lap}/label/audit`;
  const rows = proofs.flatMap(({ label, said }, index) =>
    said === undefined || label === 'contested'
      ? []
      : [
          {
            id: `proof-${index}`,
            result: { kind: 'scored', score: said ? label : label === 1 ? 0 : 1, source: 'expert' },
          },
        ],
  );
  const results = await store.writeJsonl(`reviews/${setId}.jsonl`, rows);
  const review = { setId, results, scored: rows.length, flagged: 0, expired: 0, verdicts: 0 };
  const audits = groups.flatMap(({ label, proofs: labels, audited = 0, right = audited }) => {
    if (label === 'contested') return [];
    const value = right / audited;
    const precision = audited === 0 ? null : { value, low: value - 0.2, high: Math.min(1, value + 0.2), n: audited };
    return [
      { score: label, labels, by: 'people' as const, precision, goal: 0.95, verdict: auditVerdict(precision, 0.95) },
    ];
  });
  return { ...manifest, reviews: [review], labels: { ...manifest.labels, audits, corrected: 3 } };
}

test('of a sample that has as many of each label, a rare label counts for what it stands for', async () => {
  const store = await newStore();
  const manifest = await lapOf(store, 'main/lap-0001', [
    { label: 1, proofs: 90, audited: 10 },
    { label: 0, proofs: 10, audited: 10, right: 0 },
  ]);
  const report = await measureLap(manifest, store, () => toyChecker);
  expect(report.labels.auditedPrecision).toMatchObject({ value: expect.closeTo(0.9, 9) as number, n: 20 });
  expect(report.labels.precision).toEqual(report.labels.auditedPrecision);
  expect(report.labels.precisionByScore).toMatchObject({ '0': { value: 0, n: 10 }, '1': { value: 1, n: 10 } });
});

test('the report says of each label what the audit shows, and what a lead can do', async () => {
  const store = await newStore();
  const manifest = await lapOf(store, 'main/lap-0001', [
    { label: 1, proofs: 9, audited: 9 },
    { label: 0.5, proofs: 5 },
    { label: 0, proofs: 12, audited: 9, right: 3 },
  ]);
  const report = await measureLap(manifest, store, () => toyChecker);
  const page = reportPage({ report, manifest }).replaceAll(/\s+/g, ' ');
  for (const words of [
    'not yet shown; used',
    'not audited; used',
    'less than asked for; held back',
    '3 audited proofs have that score',
  ])
    expect(page).toContain(words);
  expect(lapTable(report)).toContain('`flywheel labels release main/lap-0001 --score 0 --by YOU`');
  expect(report.warnings).toContainEqual(expect.stringContaining('label 0: people gave 0.33'));
});

describe('where fewer proofs are contested than in the lap before', () => {
  const after = async (groups: readonly Labelled[]) => {
    const store = await newStore();
    const before = await lapOf(store, 'main/lap-0001', [
      { label: 'contested', proofs: 40 },
      { label: 1, proofs: 60, audited: 20 },
    ]);
    await store.writeJson('laps/main/lap-0001/manifest.json', before);
    const now = await lapOf(store, 'main/lap-0002', groups);
    const parent = { lap: 'main/lap-0001', manifest: await store.refOf('laps/main/lap-0001/manifest.json') };
    const report = await measureLap({ ...now, turn: 2, parent }, store, () => toyChecker);
    return { trend: report.contestedTrend, table: lapTable(report) };
  };
  const few = { label: 'contested', proofs: 5 } as const;

  test.each<[string, readonly Labelled[], string | undefined]>([
    ['audits that hold up are mastery', [few, { label: 1, proofs: 95, audited: 95 }], 'mastery'],
    [
      'proofs labelled 1 that people do not give 1 are saturation',
      [few, { label: 1, proofs: 95, audited: 40, right: 20 }],
      'saturation',
    ],
    ['without audits it is not known', [few, { label: 1, proofs: 95 }], 'notKnown'],
    [
      'as many contested as before say nothing',
      [
        { label: 'contested', proofs: 40 },
        { label: 1, proofs: 60 },
      ],
      undefined,
    ],
  ])('%s', async (_, groups, means) => {
    const { trend, table } = await after(groups);
    expect(trend?.means).toBe(means);
    expect(table.includes('Fewer proofs are contested than in the lap before')).toBe(means !== undefined);
  });
});
