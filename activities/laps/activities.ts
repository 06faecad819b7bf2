import type { FlywheelInput } from '../../shared/lap/flywheelInput.ts';
import type { LapInput } from '../../shared/lap/lapInput.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { ArtifactStore } from '../store/types.ts';
import { lapOutcome, openFlywheel } from './flywheel.ts';
import { openLap, type Installation } from './open.ts';
import { writeManifest } from './parent.ts';

/** How a lap, and a flywheel of laps, begins and ends. */
export function createLapActivities({ store, ...here }: { store: ArtifactStore } & Installation) {
  return {
    openLap: (input: LapInput, owner: string) => openLap(store, here, input, owner),
    openFlywheel: (input: FlywheelInput) => openFlywheel(store, here.domains, input),
    lapOutcome: (input: { readonly lap: string }) => lapOutcome(store, input),
    writeManifest: (manifest: LapManifest) => writeManifest(store, manifest),
  };
}

export type LapActivities = ReturnType<typeof createLapActivities>;
