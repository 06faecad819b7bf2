import type { MendedFigures } from '../../shared/figures/work.ts';
import { trainingsOf, type LapManifest } from '../../shared/lap/manifest.ts';
import { callsIn } from '../../shared/outcomes.ts';
import type { UsedTraining } from './trainingFigures.ts';

/** What a lap took over from those that it mends, of all that it is made of. */
export function mendedFigures(
  manifest: LapManifest,
  laps: readonly string[],
  trainings: readonly UsedTraining[],
): MendedFigures {
  const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
  const { sets, reviews } = manifest;
  const named = (kind: 'result' | 'state' | undefined) =>
    trainingsOf(manifest).flatMap(({ name, taken }) => (taken?.kind === kind ? [name] : []));
  return {
    laps,
    calls: {
      taken: sum([...sets.map(({ taken }) => taken?.calls ?? 0), ...trainings.map(({ takenCalls }) => takenCalls)]),
      of: sum([...sets.map(({ counts }) => callsIn(counts)), ...trainings.map(({ whole }) => whole.calls)]),
    },
    verdicts: { taken: sum(reviews.map(({ taken = 0 }) => taken)), of: sum(reviews.map(({ verdicts }) => verdicts)) },
    trainings: { taken: named('result'), resumed: named('state'), repeated: named(undefined) },
  };
}
