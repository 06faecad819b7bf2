import type { Place } from '../../shared/ids.ts';
import type { OpenedProduct } from '../../shared/products/input.ts';
import type { Asking } from '../sets/sampler.ts';

/** How a part of a product asks models. */
export function askingOf({ prompts, seed, sampling, engine }: OpenedProduct, place: Place): Asking {
  return { place, phase: place, prompts, seed, sampling, engine };
}
