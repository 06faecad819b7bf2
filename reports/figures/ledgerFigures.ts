import { ratiosOf, sumOf } from '../../shared/lap/amounts.ts';
import type { Amounts } from '../../shared/lap/amounts.ts';
import { knownRates } from '../../shared/cost/knownRates.ts';
import { sizesOf } from '../../shared/lap/sizes.ts';
import { lapWork } from '../../shared/cost/lapWork.ts';
import { phasesOf } from '../../shared/lap/laterLap.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import { amountsOf } from '../../shared/cost/pieces.ts';
import type { Piece } from '../../shared/cost/pieces.ts';
import type { LapPlan } from '../../shared/cost/plan.ts';
import type { LapReport, LedgerRow, StageTimes } from '../../shared/figures/report.ts';
import type { ArtifactStore } from '../../activities/store/files.ts';
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
    const used = {
      ...amountsOf(
        pieces.filter((piece) => piece.phase === phase),
        recipe,
      ),
      inferenceHours,
    };
    return { phase, ...compared(plan?.phases.find((planned) => planned.phase === phase)?.expected ?? null, used) };
  });
  return { ledger, ledgerTotal: compared(plan?.total.expected ?? null, sumOf(ledger.map(({ used }) => used))) };
}

function compared(planned: Amounts | null, used: Amounts): Omit<LedgerRow, 'phase'> {
  return { planned, used, ratio: planned && ratiosOf(planned, used) };
}

/** Everything that the manifest lists, and the quick steps that every lap has. */
function usedPieces(manifest: LapManifest, { trainings, experts }: LapUse): Piece[] {
  const { recipe, turn, stages, consolidation } = manifest;
  const done = [
    ...stages.map(({ name, jobKey, trainingSeconds, datasets }) => ({
      phase: name as string,
      jobKey,
      seconds: trainingSeconds,
      sources: datasets.length,
    })),
    ...(consolidation
      ? [{ phase: 'consolidation', jobKey: consolidation.jobKey, seconds: consolidation.trainingSeconds, sources: 1 }]
      : []),
  ];
  return [
    ...done.map(({ jobKey, ...training }): Piece => ({
      kind: 'training',
      ...training,
      ...(trainings.get(jobKey) ?? NO_USE),
    })),
    ...setsOf(manifest).map(({ phase, counts, usage, wallSeconds: seconds, shards, inferenceSeconds }): Piece => {
      const calls = Object.values(counts).reduce((sum, count) => sum + count, 0);
      return {
        kind: 'calls',
        phase,
        calls,
        ...usage,
        seconds,
        shards,
        shardSeconds: shards === 0 ? 0 : inferenceSeconds / shards,
      };
    }),
    ...experts.map((review): Piece => ({ kind: 'review', ...review })),
    ...lapWork(recipe, turn, sizesOf(recipe), knownRates(recipe).rates).filter(({ kind }) => kind === 'steps'),
  ];
}

/** The manifest's sets, the labels' among them. */
export function setsOf({ sets, labels }: LapManifest): LapManifest['sets'] {
  if (sets.some(({ setId }) => setId === labels.set.setId)) return sets;
  return [...sets, { ...labels.set, phase: 'scaleVerification', wallSeconds: labels.set.inferenceSeconds }];
}
