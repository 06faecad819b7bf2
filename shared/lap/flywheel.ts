import type { Spending } from './amounts.ts';
import type { FlywheelSettings, Plateau } from './flywheelInput.ts';

/** One finished lap, as the flywheel remembers it. */
export interface LapOutcome {
  readonly lap: string;
  /**
   * The held-out curve: the generator's true score; where nobody knows it, what people's blind sample says of it, or
   * else the lap's verifier, or else the verifier's accuracy against experts. Null where none was measured.
   */
  readonly headline: number | null;
  /** Who says so, where it is people or the verifier: figures of two judges are never compared. */
  readonly by?: 'people' | 'verifier';
  /** Of a verifier's figure, what the same verifier says of the model that the lap began with. */
  readonly before?: number;
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

/** `0.531`, or `0.531 (people)`: a figure by itself is a checker's or experts'. */
export const headlineText = ({ headline, by }: Pick<LapOutcome, 'headline' | 'by'>): string =>
  (headline?.toFixed(3) ?? '–') + (by ? ` (${by === 'people' ? by : "verifier's own eyes"})` : '');

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

/** Whether no further lap begins because the budget is used up. */
export const isSpent = ({ laps: most, budget }: FlywheelSettings, laps: readonly LapOutcome[]): boolean =>
  laps.length < most && exceeded(budget, laps) !== undefined;

function exceeded(budget: FlywheelSettings['budget'], laps: readonly LapOutcome[]): string | undefined {
  for (const [name, limit] of Object.entries(budget) as [keyof Spending, number][]) {
    const used = laps.reduce((sum, lap) => sum + lap.used[name], 0);
    if (used >= limit) return `the budget of ${limit} ${name} is used up (${Math.round(used * 100) / 100})`;
  }
  return undefined;
}

function flattened({ laps: window, minGain }: Plateau, laps: readonly LapOutcome[]): string | undefined {
  const measured = laps.filter(({ headline }) => headline !== null);
  const gains = measured
    .slice(1)
    .map((lap, index) => gainOf(lap, measured[index] as LapOutcome))
    .slice(-window);
  if (gains.length < window || !gains.every((gain) => gain !== undefined)) return undefined;
  return gains.every((gain) => gain < minGain)
    ? `the held-out curve has flattened: the last ${window} laps gained ` +
        `${gains.map((gain) => gain.toFixed(3)).join(', ')}, each less than ${minGain}`
    : undefined;
}

/** Undefined where the two laps were judged by different judges. A verifier says both figures itself. */
function gainOf(lap: LapOutcome, previous: LapOutcome): number | undefined {
  const from = lap.by === 'verifier' ? lap.before : lap.by === previous.by ? previous.headline : null;
  return from === undefined || from === null || lap.headline === null ? undefined : lap.headline - from;
}
