import type { OpenedLap } from '../../activities/laps/open.ts';
import type { Asking } from '../sets/sampler.ts';

/** How a phase of a lap asks: with the lap's prompts, seed, sampling and engine. */
export function askingOf({ lap, recipe, prompts, seed }: OpenedLap, phase: string, folder: string): Asking {
  return { place: `${lap}/${folder}`, phase, prompts, seed, sampling: recipe.sampling, engine: recipe.inference };
}
