import type { LateFigures } from '../../shared/figures/work.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';

/** What people said late, and what they have not said; undefined where there is nothing of it. */
export function lateFigures({ late, reviews, problems }: LapManifest): LateFigures | undefined {
  const own = (name: 'open' | 'unasked' | 'halfAnswered') =>
    reviews.reduce((total, review) => total + (review[name] ?? 0), 0);
  const { proofs = 0, analyses = 0, heldBack = 0, open = 0, halfAnswered = 0 } = late ?? {};
  const figures = {
    proofs,
    analyses,
    heldBack,
    open: open + own('open'),
    unasked: own('unasked'),
    halfAnswered: halfAnswered + own('halfAnswered'),
    faulty: problems.faulty?.rows ?? 0,
  };
  return Object.values(figures).some((count) => count > 0) ? figures : undefined;
}
