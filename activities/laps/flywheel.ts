import type { Domains } from '../../shared/domain.ts';
import { spendingOf } from '../../shared/lap/amounts.ts';
import { mendedOf, parentOf, resolveRecipe } from '../../shared/lap/lapInput.ts';
import { resolveFlywheel, type FlywheelInput, type FlywheelSettings } from '../../shared/lap/flywheelInput.ts';
import type { LapOutcome } from '../../shared/lap/flywheel.ts';
import { uri } from '../../shared/ids.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { ArtifactStore } from '../store/types.ts';
import { isPassing } from './open.ts';
import { readFailed } from './mend.ts';
import { readManifest } from './parent.ts';
import { failure } from '../failure.ts';

/**
 * Reads a flywheel's input and, with it, its first lap's.
 * @throws `InvalidFlywheel`: the same input would be refused again.
 */
export async function openFlywheel(
  store: ArtifactStore,
  domains: Domains,
  input: FlywheelInput,
): Promise<{ run: string; settings: FlywheelSettings }> {
  try {
    const settings = resolveFlywheel(input);
    const first = { ...settings.lap, run: settings.run, from: settings.from };
    const [parent, mend] = [parentOf(first), mendedOf(first)];
    const ground = parent === undefined ? mend && (await readFailed(store, mend)) : await readManifest(store, parent);
    const { run } = resolveRecipe(domains, first, ground || undefined);
    return { run, settings };
  } catch (error) {
    if (isPassing(error)) throw error;
    throw failure('InvalidFlywheel', (error as Error).message);
  }
}

/** What the flywheel remembers of a finished lap, from its report. */
export async function lapOutcome(store: ArtifactStore, { lap }: { readonly lap: string }): Promise<LapOutcome> {
  const report = await store.readJson<LapReport>(uri.report(lap));
  return { lap, ...headlineOf(report), used: spendingOf(report.ledgerTotal.used) };
}

function headlineOf({ generator, judged, verifier }: LapReport): Omit<LapOutcome, 'lap' | 'used'> {
  const truth = generator.trueScoreAfter?.value;
  if (truth !== undefined) return { headline: truth };
  const people = judged?.people?.score?.value;
  if (people !== undefined) return { headline: people, by: 'people' };
  const { before, after } = judged?.verifier ?? {};
  if (after) return { headline: after.value, by: 'verifier', ...(before && { before: before.value }) };
  return { headline: (verifier.v2 ?? verifier.parent)?.scoreAccuracy?.value ?? null };
}
