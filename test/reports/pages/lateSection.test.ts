import { lateFigures } from '../../../reports/figures/lateFigures.ts';
import { lateLines, lateSection } from '../../../reports/pages/lateSection.ts';
import type { LapReport } from '../../../shared/figures/report.ts';
import type { LapManifest } from '../../../shared/lap/manifest.ts';

const ref = (rows: number) => ({ uri: 'datasets/x.jsonl', sha256: '0'.repeat(64), rows });
const review = {
  setId: 'main/lap-0002/label/experts',
  results: ref(9),
  scored: 4,
  flagged: 0,
  expired: 0,
  verdicts: 9,
};
const manifest = (more: object) => ({ reviews: [review], problems: {}, ...more }) as unknown as LapManifest;

test('a lap whose questions all came to a result has nothing to say of late answers', () => {
  expect(lateFigures(manifest({}))).toBeUndefined();
  expect(lateLines({} as LapReport)).toEqual([]);
  expect(lateSection({} as LapReport)).toBeNull();
});

test('late scores, what is open, half-answered and never asked, and faulty problems are counted and told', () => {
  const late = lateFigures(
    manifest({
      reviews: [{ ...review, open: 5, unasked: 2, halfAnswered: 1 }],
      late: { standing: ref(8), proofs: 3, analyses: 1, heldBack: 2, open: 4, halfAnswered: 2 },
      problems: { faulty: ref(1) },
    }),
  );
  expect(late).toEqual({ proofs: 3, analyses: 1, heldBack: 2, open: 9, unasked: 2, halfAnswered: 3, faulty: 1 });
  expect(lateLines({ lap: 'main/lap-0002', late } as LapReport)).toEqual([
    'late scores joined: 3 of proofs, 1 of analyses, 2 of problems held back',
    'questions still open: 9, of which nobody was asked 2, and somebody has answered 3',
    'faulty problems taken out: 1',
  ]);
  const section = lateSection({ lap: 'main/lap-0002', late } as LapReport);
  expect(section?.markup).toContain('found faulty: 1.');
});
