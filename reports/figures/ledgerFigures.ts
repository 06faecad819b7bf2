import { amountsOf, ratiosOf, sumOf } from '../../shared/lap/amounts.ts';
import type { Amounts, Counted } from '../../shared/lap/amounts.ts';
import { phasesOf } from '../../shared/lap/laterLap.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { LapPlan } from '../../shared/cost/plan.ts';
import type { LapReport, LedgerRow, StageTimes } from '../../shared/figures/report.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import type { ExpertUse } from './expertFigures.ts';
import type { Notes } from './notes.ts';
import { NO_USE } from './trainingFigures.ts';
import type { TrainingUse } from './trainingFigures.ts';

export interface LapUse {
  readonly trainings: ReadonlyMap<string, TrainingUse>;
  readonly experts: readonly ExpertUse[];
  readonly times: readonly StageTimes[];
}

/** What was planned and what was used, phase by phase. */
export async function ledgerFigures(
  store: ArtifactStore,
  manifest: LapManifest,
  use: LapUse,
  notes: Notes,
): Promise<Pick<LapReport, 'ledger' | 'ledgerTotal'>> {
  const { recipe, turn } = manifest;
  const plan =
    manifest.plan === undefined
      ? notes.absent('ledger.planned', 'the lap was started without a plan')
      : await store.readJson<LapPlan>(manifest.plan.uri);
  const pieces = usedPieces(manifest, use);
  const phases = [...new Set([...phasesOf(recipe, turn), ...pieces.map(({ phase }) => phase)])];
  const ledger = phases.map((phase): LedgerRow => {
    // sets of a phase overlap
    const inferenceHours = (use.times.find(({ name }) => name === phase)?.inferenceSeconds ?? 0) / 3600;
    const own = pieces.filter((piece) => piece.phase === phase).map(({ counted }) => amountsOf(counted, recipe));
    const used = { ...sumOf(own), inferenceHours };
    return { phase, ...compared(plan?.phases.find((planned) => planned.phase === phase)?.expected ?? null, used) };
  });
  return { ledger, ledgerTotal: compared(plan?.total.expected ?? null, sumOf(ledger.map(({ used }) => used))) };
}

function compared(planned: Amounts | null, used: Amounts): Omit<LedgerRow, 'phase'> {
  return { planned, used, ratio: planned && ratiosOf(planned, used) };
}

/** Everything that the manifest lists. */
function usedPieces(
  manifest: LapManifest,
  { trainings, experts }: LapUse,
): { readonly phase: string; readonly counted: Counted }[] {
  const { stages, consolidation } = manifest;
  const done = [...stages, ...(consolidation ? [{ name: 'consolidation', ...consolidation }] : [])];
  return [
    ...done.map(({ name, jobKey, trainingSeconds }) => {
      const { tokens: _, ...use } = trainings.get(jobKey) ?? NO_USE;
      return { phase: name, counted: { ...use, trainingHours: trainingSeconds / 3600 } };
    }),
    ...setsOf(manifest).map(({ phase, counts, usage }) => ({
      phase,
      counted: { calls: Object.values(counts).reduce((sum, count) => sum + count, 0), ...usage },
    })),
    ...experts.map(({ phase, verdicts, minutes }) => ({ phase, counted: { verdicts, expertMinutes: minutes } })),
  ];
}

/** The manifest's sets, the labels' among them. */
export function setsOf({ sets, labels }: LapManifest): LapManifest['sets'] {
  if (sets.some(({ setId }) => setId === labels.set.setId)) return sets;
  return [...sets, { ...labels.set, phase: 'scaleVerification', wallSeconds: labels.set.inferenceSeconds }];
}
