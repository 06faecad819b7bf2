import { amountsIn, amountsOf, ratiosOf, sumOf, type Amounts } from '../../shared/lap/amounts.ts';
import { ordersOf, reportedAs } from '../../shared/lap/phases.ts';
import type { LapPlan } from '../../shared/cost/plan.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { LedgerRow, StageTimes } from '../../shared/figures/work.ts';
import type { ExpertUse } from './expertFigures.ts';
import type { Measuring } from './notes.ts';
import type { Work } from './timeFigures.ts';

/** What was planned and what was used, phase by phase. */
export async function ledgerFigures(
  { store, manifest }: Measuring,
  work: readonly Work[],
  experts: readonly ExpertUse[],
  times: readonly StageTimes[],
): Promise<Pick<LapReport, 'ledger' | 'ledgerTotal'>> {
  const plan = await store.readJson<LapPlan>(manifest.plan.uri);
  const asked = experts.map(({ phase, verdicts, minutes }) => ({
    phase,
    counted: { verdicts, expertMinutes: minutes },
  }));
  const all = [...work, ...asked];
  const phases = [...new Set([...ordersOf(manifest), ...all].map(({ phase }) => phase))];
  const ledger = phases.map((name): LedgerRow => {
    const phase = reportedAs(manifest, name);
    // sets of a phase overlap
    const inferenceHours = (times.find((stage) => stage.name === phase)?.inferenceSeconds ?? 0) / 3600;
    const own = all.filter((piece) => piece.phase === name);
    const used = { ...sumOf(own.map(({ counted }) => amountsOf(counted, manifest.recipe))), inferenceHours };
    return { phase, ...compared(plan.phases.find((planned) => planned.phase === name)?.expected ?? null, used) };
  });
  return { ledger, ledgerTotal: compared(plan.total.expected, sumOf(ledger.map(({ used }) => used))) };
}

function compared(written: Amounts | null, used: Amounts): Omit<LedgerRow, 'phase'> {
  const planned = written && amountsIn(written);
  return { planned, used, ratio: planned && ratiosOf(planned, used) };
}
