import type { Spending } from './amounts.ts';
import type { FlywheelSettings, Plateau } from './flywheelInput.ts';

/** One finished lap, as the flywheel remembers it. */
export interface LapOutcome {
  readonly lap: string;
  /**
   * The held-out curve: the generator's true score, or, where nobody knows it, the verifier's accuracy against experts.
   * Null where neither was measured.
   */
  readonly headline: number | null;
  readonly used: Spending;
}

/** The answer of a flywheel's `progress` query. */
export interface FlywheelProgress {
  readonly run: string;
  readonly laps: readonly LapOutcome[];
  /** Laps asked for. */
  readonly of: number;
  readonly state: 'running' | 'paused' | 'finishing';
}

/** Why no further lap begins; undefined when one does. */
export function reasonToStop(
  settings: FlywheelSettings,
  laps: readonly LapOutcome[],
  asked: { readonly finish: boolean },
): string | undefined {
  if (asked.finish) return 'finishAfterLap was asked for';
  if (laps.length >= settings.laps) return `${laps.length} of ${settings.laps} laps are done`;
  return (
    exceeded(settings.budget, laps) ?? (settings.plateau === undefined ? undefined : flattened(settings.plateau, laps))
  );
}

function exceeded(budget: FlywheelSettings['budget'], laps: readonly LapOutcome[]): string | undefined {
  for (const [name, limit] of Object.entries(budget) as [keyof Spending, number][]) {
    const used = laps.reduce((sum, lap) => sum + lap.used[name], 0);
    if (used >= limit) return `the budget of ${limit} ${name} is used up (${Math.round(used * 100) / 100})`;
  }
  return undefined;
}

function flattened({ laps: window, minGain }: Plateau, laps: readonly LapOutcome[]): string | undefined {
  const curve = laps.flatMap(({ headline }) => headline ?? []);
  if (curve.length <= window) return undefined;
  const gains = curve
    .slice(1)
    .map((value, index) => value - (curve[index] as number))
    .slice(-window);
  return gains.every((gain) => gain < minGain)
    ? `the held-out curve has flattened: the last ${window} laps gained ` +
        `${gains.map((gain) => gain.toFixed(3)).join(', ')}, each less than ${minGain}`
    : undefined;
}
