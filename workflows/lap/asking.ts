import type { OpenedLap } from '../../activities/laps/open.ts';
import type { Asking } from '../sets/sampler.ts';
import { placeOf } from '../../shared/ids.ts';
import type { LapPart } from '../../shared/ids.ts';

/** How a phase of a lap asks: with the lap's prompts, seed, sampling and engine. */
export function askingOf({ lap, recipe, prompts, seed }: OpenedLap, phase: LapPart): Asking {
  return { place: placeOf(lap, phase), phase, prompts, seed, sampling: recipe.sampling, engine: recipe.inference };
}
