import { spendingOf, type Spending } from '../shared/lap/amounts.ts';
import type { Domains } from '../shared/domain.ts';
import type { LapManifest } from '../shared/lap/manifest.ts';
import type { ArtifactRef } from '../shared/records.ts';
import { writeEvaluation } from './products/evaluation.ts';
import { measureLap } from './figures/measureLap.ts';
import { checkerOf } from '../activities/datasets/truth.ts';
import { madeBy } from '../activities/store/made.ts';
import type { ArtifactStore } from '../activities/store/types.ts';
import { mendedText } from './pages/mended.ts';
import { reportPage } from './pages/page.ts';
import { analysisSample, contestedSample } from './pages/samples.ts';
import { writeLabelPage } from './products/writeLabelPage.ts';
import { writeSolvePage } from './products/writeSolvePage.ts';
import { uri } from '../shared/ids.ts';

interface WrittenReport extends ArtifactRef {
  /** What the lap took, as far as budgets ask. */
  readonly used: Spending;
  /** What came to nothing, and signs of reward hacking, in words. */
  readonly warnings: readonly string[];
  /** Of a lap that mends another: what it took over, in words. */
  readonly taken?: string;
}

/**
 * Measures a lap and writes `laps/<lap>/report.json` (all figures) and `laps/<lap>/report.html` (for people). Repeated,
 * it writes the same bytes.
 * @returns the page's reference, and what a person should look at.
 */
export async function writeReport(
  store: ArtifactStore,
  checkers: Domains['checkerOf'],
  { lap }: { readonly lap: string },
): Promise<WrittenReport> {
  const manifest = await store.readJson<LapManifest>(uri.manifest(lap));
  const report = await measureLap(manifest, store, checkers);
  const truth = checkerOf(manifest.recipe, checkers);
  const contested = await contestedSample(store, manifest, truth);
  const analysis = await analysisSample(store, manifest, truth);
  const made = madeBy('writeReport', { manifest: await store.refOf(uri.manifest(lap)) });
  await store.writeJson(uri.report(lap), report, made);
  const page = await store.write(uri.reportPage(lap), reportPage({ report, manifest, contested, analysis }), made);
  return {
    ...page,
    used: spendingOf(report.ledgerTotal.used),
    warnings: [...(report.warnings ?? []), ...report.watch.warnings.map(({ about, text }) => `${about}: ${text}`)],
    ...(report.mended && { taken: mendedText(report.mended) }),
  };
}

export function createReportActivities({
  store,
  checkers,
}: {
  readonly store: ArtifactStore;
  readonly checkers: Domains['checkerOf'];
}) {
  return {
    writeEvaluation: (input: Parameters<typeof writeEvaluation>[1]) => writeEvaluation(store, input),
    writeReport: (input: { readonly lap: string }): Promise<WrittenReport> => writeReport(store, checkers, input),
    writeSolvePage: (input: Parameters<typeof writeSolvePage>[1]) => writeSolvePage(store, input),
    writeLabelPage: (input: Parameters<typeof writeLabelPage>[1]) => writeLabelPage(store, input),
  };
}
export type ReportActivities = ReturnType<typeof createReportActivities>;
