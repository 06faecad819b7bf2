import type { Place } from '../../shared/ids.ts';
import type { OpenedProduct } from '../../shared/products/input.ts';
import { pricesOf, type AskedModel } from '../../shared/products/models.ts';
import { inTurn } from '../inTurn.ts';
import type { Asking } from '../sets/sampler.ts';

/** How a part of a product asks models; its caps are of the whole product. */
export function askingOf(
  { place: whole, prompts, seed, sampling, engine, caps, donors }: OpenedProduct,
  place: Place,
  models: readonly AskedModel[],
): Asking {
  return {
    place,
    phase: place,
    prompts,
    seed,
    sampling,
    engine,
    priority: inTurn(whole),
    ...(donors && { donors }),
    ...(caps && { caps: { ...caps, place: whole, prices: pricesOf(models) } }),
  };
}
